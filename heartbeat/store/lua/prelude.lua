-- Put before every script: names of keys, the clock, and what several scripts do alike.
-- The keys and their contents are described in keys.py.
--
-- Redis does not undo a script that fails half-way, and a full server looks only at its
-- first write. So that one always adds something, and deletions come last: a full
-- server then refuses a script as a whole.

local ROOT = '{hb}:'
local DUE, OPEN, QUEUES = ROOT .. 'due', ROOT .. 'open', ROOT .. 'queues'
local VERSIONS, TOKENS = ROOT .. 'versions', ROOT .. 'tokens'
local STATISTICS, WAKE = ROOT .. 'statistics', ROOT .. 'wake'
local UNTOLD, TOGETHER = ROOT .. 'untold', ROOT .. 'together'
local GATES, UNREADABLE = ROOT .. 'gates', ROOT .. 'unreadable'

local KEPT_RUNS, KEPT_SECONDS = 200, 604800
local KEPT_ALERTS = 1000

local function heartbeat_key(uid) return ROOT .. 'heartbeat:' .. uid end
local function open_key(uid) return ROOT .. 'open:' .. uid end
local function runs_key(uid) return ROOT .. 'runs:' .. uid end
local function book_key(uid) return ROOT .. 'book:' .. uid end
local function compiled_key(uid) return ROOT .. 'compiled:' .. uid end
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

-- Reading records ----------------------------------------------------------------

-- A record as a table; nil for none, and for one that cannot be read: it must not keep
-- a script from the others.
local function decoded(text)
  local is_json, value = pcall(cjson.decode, text or '')
  return is_json and type(value) == 'table' and value or nil
end

-- Instants, lengths and counts; the largest is the end of the year 9999.
local function is_number(value)
  return type(value) == 'number' and value >= 0 and value < 253402300800000
end

-- The slot that was claimed last; 0 for none, and for one that cannot be read.
local function read_last(text)
  local last = tonumber(text)
  return is_number(last) and last or 0
end

-- A claimed slot further ahead of the clock shows that the clock was set back, in ms.
local SET_BACK = 60000

local function is_ahead(last_slot, now)
  return last_slot > now + SET_BACK
end

-- Whether a record can be written again: no number without end, nothing nested.
local function is_plain(record)
  for _, value in pairs(record) do
    local kind = type(value)
    if kind == 'table' or (kind == 'number' and not is_number(value)) then return false end
  end
  return true
end

local function has_numbers(record, ...)
  for _, name in ipairs({ ... }) do
    if not is_number(record[name]) then return false end
  end
  return true
end

local function is_slot(record)
  return type(record.runId) == 'string'
    and has_numbers(record, 'slot', 'startDeadline', 'runLimit')
    and (record.closes == nil or is_number(record.closes))
end

local function read_plan(text)
  local plan = decoded(text)
  if plan and is_slot(plan) and (plan.next == nil or is_number(plan.next)) then
    return plan
  end
end

-- Slots from and to, in pairs.
local function read_spans(text)
  local spans = {}
  for _, span in ipairs(decoded(text) or {}) do
    if type(span) == 'table' and is_number(span[1]) and is_number(span[2]) then
      spans[#spans + 1] = span
    end
  end
  return spans
end

-- The open slot of a heartbeat ---------------------------------------------------

local STATES = { claimed = true, published = true, running = true }

local function load_open(uid)
  local open = decoded(redis.call('GET', open_key(uid)))
  if open and is_plain(open) and is_slot(open) and has_numbers(open, 'version', 'attempts')
    and type(open.queue) == 'string' and STATES[open.state]
    and (open.state ~= 'running' or is_number(open.token)) then
    return open
  end
end

-- Why nobody wants this slot any more; nil while somebody does.
local function unwanted(uid, open)
  local known = redis.call('HMGET', heartbeat_key(uid), 'version', 'enabled', 'paused')
  if not known[1] or open.deleted then return 'deleted' end
  if known[3] then return 'paused' end
  if known[2] ~= '1' then return 'disabled' end
  if tonumber(known[1]) ~= open.version then return 'reconfigured' end
end

-- Whether the owner still wants to hear of a run that had begun.
local function is_heard(uid, open)
  local reason = unwanted(uid, open)
  return not reason or reason == 'reconfigured'
end

-- Whether it is too late to begin a slot, open or planned. It is due inside its hours: one
-- that nobody began until they closed was missed, not left out. One that had begun once is
-- wanted until its run could have ended.
local function is_expired(open, now)
  if (open.attempts or 0) > 0 then return now >= open.startDeadline + open.runLimit end
  return now >= open.startDeadline or (open.closes ~= nil and now >= open.closes)
end

-- Keep the slot, and when somebody must look at it again unless its holder moves on.
-- `waiting` holds whose message is on a queue: also after its slot was closed unbegun.
local function save_open(uid, open, deadline)
  redis.call('SET', open_key(uid), cjson.encode(open))
  redis.call('ZADD', OPEN, deadline, uid)
  local waiting = waiting_key(open.queue)
  if open.state == 'published' then
    if redis.call('SADD', waiting, uid) == 1 then
      redis.call('SADD', QUEUES, open.queue)
    end
  else
    redis.call('SREM', waiting, uid)
  end
end

local function close_open(uid)
  redis.call('DEL', open_key(uid))
  redis.call('ZREM', OPEN, uid)
end

-- Records of runs ----------------------------------------------------------------

local function push_run(uid, text)
  local runs = runs_key(uid)
  redis.call('LPUSH', runs, text)
  redis.call('LTRIM', runs, 0, KEPT_RUNS - 1)
  redis.call('EXPIRE', runs, KEPT_SECONDS)
end

-- Whether slots go on where the newest record ends. A slot that was settled late, or is
-- still open, lies between others, which then are no row.
local function goes_on(uid, last, slots)
  if not has_numbers(last, 'count', 'fromMs', 'toMs') or slots.from <= last.toMs then
    return false
  end
  local before = decoded(redis.call('LINDEX', runs_key(uid), 1))
  if before and is_number(before.slotMs) and before.slotMs > last.fromMs then return false end
  local open = load_open(uid)
  return not (open and open.slot > last.toMs and open.slot < slots.from)
end

-- Record slots without a verdict. Equal fates in a row are one record with a count.
local function push_unjudged(uid, status, reason, slots)
  local runs = runs_key(uid)
  local last = decoded(redis.call('LINDEX', runs, 0))
  local run = {
    v = 1, runId = slots.runId, slotMs = slots.to, status = status, reason = reason,
    count = slots.count, fromMs = slots.from, toMs = slots.to,
  }
  if last and last.status == status and last.reason == reason
    and goes_on(uid, last, slots) then
    run.count, run.fromMs = last.count + slots.count, last.fromMs
    redis.call('LSET', runs, 0, cjson.encode(run))
    redis.call('EXPIRE', runs, KEPT_SECONDS)
  else
    push_run(uid, cjson.encode(run))
  end
end

-- Record slots that never ran.
local function record_unrun(uid, status, reason, slots)
  count(status, slots.count)
  count(status .. '_' .. reason, slots.count)
  push_unjudged(uid, status, reason, slots)
end

local function one_slot(open)
  return { runId = open.runId, count = 1, from = open.slot, to = open.slot }
end

-- Slots that were due and have no verdict: the watcher tells the owner.
local function leave_untold(uid, status, slots)
  local found, untold = decoded(redis.call('HGET', UNTOLD, uid)) or {}, {}
  for _, fate in ipairs({ 'missed', 'lost' }) do
    local known = found[fate]
    if type(known) == 'table' and has_numbers(known, 'count', 'from', 'to') then
      untold[fate] = { count = known.count, from = known.from, to = known.to }
    end
  end
  local known = untold[status]
  if known then
    -- A slot may get its record after a later one has: the range holds both.
    known.count = known.count + slots.count
    known.from, known.to = math.min(known.from, slots.from), math.max(known.to, slots.to)
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
  if status == 'skipped' then
    record_unrun(uid, status, reason, one_slot(open))
  else
    record_missed(uid, reason, one_slot(open))
  end
  close_open(uid)
end

-- A run that began and died: not coalesced, since each was begun on its own.
local function close_lost(uid, open)
  count('lost')
  push_run(uid, cjson.encode({
    v = 1, runId = open.runId, slotMs = open.slot, status = 'lost',
    reason = 'worker_died', startedMs = open.startedMs, host = open.host,
  }))
  if is_heard(uid, open) then leave_untold(uid, 'lost', one_slot(open)) end
  close_open(uid)
end

local function close_expired(uid, open, reason)
  if open.attempts > 0 then
    close_lost(uid, open)
  else
    close_unrun(uid, open, 'missed', reason)
  end
end

-- Drop a slot that nobody has begun; a running one goes on. What was too late or had
-- died before somebody changed the heartbeat is not the doing of that change.
local function drop_unbegun(uid, reason, now)
  local open = load_open(uid)
  if not open or open.state == 'running' then return end
  if open.attempts > 0 or is_expired(open, now) then
    close_expired(uid, open, open.state == 'claimed' and 'beat_away' or 'no_worker')
  else
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

-- Whether the plan in force is still the one of this slot, made under this version. One
-- that cannot be read may be replaced.
local function is_planned(uid, version, slot)
  local known = redis.call('HMGET', heartbeat_key(uid), 'version', 'enabled', 'paused',
    'plan')
  if known[1] ~= version or known[2] ~= '1' or known[3] then return false end
  local plan = read_plan(known[4])
  return not plan or plan.slot == slot
end

-- Whoever takes a schedule away must settle the slots that no beat has claimed until now.
-- Only the caller knows the cadence, so it is asked for them: the first answer is
-- {'unclaimed', base, timing, planned slot, last slot, now}. Once it has counted on that
-- base, and nothing has changed, the second answer is true.
local function look_behind(uid, now, counted_on)
  local known = redis.call('HMGET', heartbeat_key(uid), 'version', 'timing', 'plan',
    'last_slot', 'enabled', 'paused')
  if known[5] ~= '1' or known[6] then return nil, false end
  local plan, last = read_plan(known[3]), read_last(known[4])
  local planned = plan and plan.slot or last
  if plan then
    local first = planned > last and planned or plan.next
    if not first or first > now then return nil, false end
  end
  local base = string.format('%s %.0f %.0f', known[1], planned, last)
  if base == counted_on then return nil, true end
  return { 'unclaimed', base, known[2] or '', string.format('%.0f', planned),
    string.format('%.0f', last), string.format('%.0f', now) }, false
end

-- The newest of them may still be wanted, and is dropped like one that was claimed.
local function settle_unclaimed(uid, missed, dropped, reason)
  if missed ~= '' then record_missed(uid, 'beat_away', cjson.decode(missed)) end
  if dropped ~= '' then
    record_unrun(uid, 'skipped', reason, cjson.decode(dropped))
  end
end

local function wake()
  redis.call('PUBLISH', WAKE, '1')
end

-- The book of troubles, and the owner's feed --------------------------------------

-- The revision is a text that the book has had at no other time; '0' before the first.
local function load_book(uid)
  local found = redis.call('HMGET', book_key(uid), 'revision', 'book')
  return found[1] or '0', found[2] or ''
end

local function save_book(uid, book)
  redis.call('HSET', book_key(uid), 'revision', redis.call('INCR', TOKENS), 'book', book)
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
