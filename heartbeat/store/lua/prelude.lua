-- Put before every script: names of keys, the clock, and what several scripts do alike.
-- The keys and their contents are described in keys.py.

local ROOT = '{hb}:'
local DUE, OPEN, QUEUES = ROOT .. 'due', ROOT .. 'open', ROOT .. 'queues'
local VERSIONS, TOKENS = ROOT .. 'versions', ROOT .. 'tokens'
local STATISTICS, UNTOLD, WAKE = ROOT .. 'statistics', ROOT .. 'untold', ROOT .. 'wake'

local KEPT_RUNS, KEPT_SECONDS = 200, 604800
local KEPT_ALERTS = 1000

local function heartbeat_key(uid) return ROOT .. 'heartbeat:' .. uid end
local function open_key(uid) return ROOT .. 'open:' .. uid end
local function runs_key(uid) return ROOT .. 'runs:' .. uid end
local function book_key(uid) return ROOT .. 'book:' .. uid end
local function finished_key(uid) return ROOT .. 'finished:' .. uid end
local function owner_key(owner) return ROOT .. 'owner:' .. owner end
local function waiting_key(queue) return ROOT .. 'waiting:' .. queue end

local function clock(given)
  if given ~= '' then return tonumber(given) end
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function count(name, by)
  redis.call('HINCRBY', STATISTICS, name, by or 1)
end

-- The open slot of a heartbeat ---------------------------------------------------

local function load_open(uid)
  local text = redis.call('GET', open_key(uid))
  return text and cjson.decode(text) or nil
end

-- Keep the slot, and when somebody must look at it again unless its holder moves on.
local function save_open(uid, open, deadline)
  redis.call('SET', open_key(uid), cjson.encode(open))
  redis.call('ZADD', OPEN, deadline, uid)
  local waiting = waiting_key(open.queue)
  if open.state == 'published' then
    redis.call('SADD', waiting, uid)
    redis.call('SADD', QUEUES, open.queue)
  else
    redis.call('SREM', waiting, uid)
  end
end

local function close_open(uid, open)
  redis.call('DEL', open_key(uid))
  redis.call('ZREM', OPEN, uid)
  redis.call('SREM', waiting_key(open.queue), uid)
end

-- Records of runs ----------------------------------------------------------------

local function push_run(uid, text)
  local runs = runs_key(uid)
  redis.call('LPUSH', runs, text)
  redis.call('LTRIM', runs, 0, KEPT_RUNS - 1)
  redis.call('EXPIRE', runs, KEPT_SECONDS)
end

-- Record slots that never ran. Equal fates in a row are one record with a count.
local function record_unrun(uid, status, reason, slots)
  local runs = runs_key(uid)
  local text = redis.call('LINDEX', runs, 0)
  local last = text and cjson.decode(text) or nil
  local run = {
    v = 1, runId = slots.runId, slotMs = slots.to, status = status, reason = reason,
    count = slots.count, fromMs = slots.from, toMs = slots.to,
  }
  count(status, slots.count)
  count(status .. '_' .. reason, slots.count)
  if last and last.status == status and last.reason == reason and last.count then
    run.count, run.fromMs = last.count + slots.count, last.fromMs
    redis.call('LSET', runs, 0, cjson.encode(run))
    redis.call('EXPIRE', runs, KEPT_SECONDS)
  else
    push_run(uid, cjson.encode(run))
  end
end

local function one_slot(open)
  return { runId = open.runId, count = 1, from = open.slot, to = open.slot }
end

-- Slots that were due and have no verdict: the watcher tells the owner.
local function leave_untold(uid, status, slots)
  local text = redis.call('HGET', UNTOLD, uid)
  local untold = text and cjson.decode(text) or {}
  local known = untold[status]
  if known then
    known.count, known.to = known.count + slots.count, slots.to
  else
    untold[status] = { count = slots.count, from = slots.from, to = slots.to }
  end
  redis.call('HSET', UNTOLD, uid, cjson.encode(untold))
end

local function record_missed(uid, reason, slots)
  record_unrun(uid, 'missed', reason, slots)
  leave_untold(uid, 'missed', slots)
end

local function close_unrun(uid, open, status, reason)
  close_open(uid, open)
  if status == 'skipped' then
    record_unrun(uid, status, reason, one_slot(open))
  else
    record_missed(uid, reason, one_slot(open))
  end
end

-- A run that began and died: not coalesced, since each was begun on its own.
local function close_lost(uid, open)
  close_open(uid, open)
  count('lost')
  push_run(uid, cjson.encode({
    v = 1, runId = open.runId, slotMs = open.slot, status = 'lost',
    reason = 'worker_died', startedMs = open.startedMs, host = open.host,
  }))
  leave_untold(uid, 'lost', one_slot(open))
end

-- Drop a slot that nobody has begun; a running one goes on.
local function drop_unbegun(uid, reason)
  local open = load_open(uid)
  if open and open.state ~= 'running' then
    close_unrun(uid, open, 'skipped', reason)
  end
end

-- The schedule -------------------------------------------------------------------

-- Set when a heartbeat is due next; an empty plan takes it off the schedule.
local function set_plan(uid, plan)
  local key = heartbeat_key(uid)
  if plan == '' then
    redis.call('HDEL', key, 'plan')
    redis.call('ZREM', DUE, uid)
  else
    redis.call('HSET', key, 'plan', plan)
    redis.call('ZADD', DUE, cjson.decode(plan).slot, uid)
  end
end

local function wake()
  redis.call('PUBLISH', WAKE, '1')
end

-- The book of troubles, and the owner's feed --------------------------------------

local function load_book(uid)
  local found = redis.call('HMGET', book_key(uid), 'revision', 'book')
  return tonumber(found[1] or 0), found[2] or ''
end

local function save_book(uid, book)
  redis.call('HINCRBY', book_key(uid), 'revision', 1)
  redis.call('HSET', book_key(uid), 'book', book)
end

local function server_identity()
  local info = redis.pcall('INFO', 'server')
  if type(info) ~= 'string' then return '' end
  return string.match(info, 'run_id:(%w+)') or ''
end

-- Append messages to an owner's feed and push them. Ids are `<epoch>-<n>`: n never
-- restarts while its counter lives; a new epoch begins when the counter is gone or
-- another server answers, so that an id is never given twice.
local function tell(owner, messages, now)
  if #messages == 0 then return end
  local head_key, feed = ROOT .. 'feed-head:' .. owner, ROOT .. 'feed:' .. owner
  local head = redis.call('HMGET', head_key, 'epoch', 'n', 'server', 'last')
  local epoch, n, last = tonumber(head[1] or 0), tonumber(head[2] or 0), head[4] or ''
  local server = server_identity()
  if last == '' or head[3] ~= server then
    epoch = math.max(now, epoch + 1)
  end
  for _, message in ipairs(messages) do
    n = n + 1
    local id = string.format('%.0f-%.0f', epoch, n)
    redis.call('XADD', feed, 'MAXLEN', KEPT_ALERTS, id, 'prev', last, 'payload', message)
    redis.call('PUBLISH', ROOT .. 'push:' .. owner, id .. ' ' .. last .. ' ' .. message)
    last = id
  end
  redis.call('HSET', head_key, 'epoch', string.format('%.0f', epoch),
    'n', string.format('%.0f', n), 'server', server, 'last', last)
  redis.call('EXPIRE', feed, KEPT_SECONDS)
  count('told', #messages)
end

local function rest(from)
  local values = {}
  for index = from, #ARGV do values[#values + 1] = ARGV[index] end
  return values
end
