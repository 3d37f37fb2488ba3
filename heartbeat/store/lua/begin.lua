-- Ask for the right to run the open slot of a heartbeat. ARGV: now, uid, run id that the
-- message was sent for, lease ms, host, nonce of the asker, queue that the message came
-- from ('': not known). Answers {'go', token, now,
-- open slot, config, revision, book}, or why not: 'gone' (settled or unknown), 'running'
-- (another has it), 'skipped', 'missed', 'lost'. The same nonce asking again gets the
-- same answer: a reply may have been lost.
-- A message is a hint that its heartbeat is due, and begins the slot that is open: a
-- backlog may have outlived the one it was sent for, and then no other is sent. But one
-- from a queue that the heartbeat has left would begin it on the wrong host.
local now, uid, run_id = clock(ARGV[1]), ARGV[2], ARGV[3]
local lease, host, nonce, from = tonumber(ARGV[4]), ARGV[5], ARGV[6], ARGV[7]

count('taken')
local open = load_open(uid)
local queue = open and open.queue or redis.call('HGET', heartbeat_key(uid), 'queue')
local is_elsewhere = open and open.state ~= 'running' and from ~= '' and from ~= queue
if from ~= '' then queue = from end
if queue then take_message(uid, queue) end
if not open or is_elsewhere then count('begin_gone') return { 'gone' } end

local function go()
  local revision, book = load_book(uid)
  return { 'go', whole(open.token), whole(now), cjson.encode(open), config_of(uid),
    revision, book }
end

if open.state == 'running' then
  if open.nonce == nonce then return go() end
  count('begin_running')
  return { 'running' }
end

local function refuse(status, reason)
  close_unrun(uid, open, status, reason)
  return { status }
end
local reason = unwanted(uid, open)
if reason then return refuse('skipped', reason) end

if open.attempts > 0 and is_expired(open, now) then
  close_lost(uid, open)
  return { 'lost' }
end
if is_expired(open, now) then return refuse('missed', 'no_worker') end

open.state, open.attempts = 'running', open.attempts + 1
open.token, open.nonce, open.host = next_number(TOKENS, open.token), nonce, host
open.startedMs, open.leaseUntil = now, now + lease
save_open(uid, open, open.leaseUntil)
count('begun')
if open.runId ~= run_id then count('begun_by_earlier') end
return go()
