-- Open one slot off the grid; beat publishes it at once. ARGV: now, uid, the open slot
-- as JSON. Answers 'ok', 'busy', 'paused', 'disabled' or 'gone'. One that was opened is
-- remembered for longer than the retries of a call take: asking again after a lost reply
-- gets 'ok' and opens nothing, also when its run has ended by then.
local REMEMBERED_SECONDS = 60
local now, uid, open = clock(ARGV[1]), ARGV[2], cjson.decode(ARGV[3])
local requested = ROOT .. 'requested:' .. open.runId
if redis.call('EXISTS', requested) == 1 then return 'ok' end
local known = redis.call('HMGET', heartbeat_key(uid), 'version', 'paused', 'enabled')
if not known[1] then return 'gone' end
if known[2] then return 'paused' end
if known[3] ~= '1' then return 'disabled' end
local other = load_open(uid)
if other and not other.deleted then return 'busy' end
if other then close_unrun(uid, other, 'skipped', 'deleted') end
open.version = tonumber(known[1])
redis.call('SET', requested, '1', 'EX', REMEMBERED_SECONDS)
keep_open(uid, open, now)
count('requested')
wake()
return 'ok'
