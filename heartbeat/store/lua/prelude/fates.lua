-- How slots end: the records of runs, and what the watcher is left to tell.

-- How long the records of a heartbeat are together; added up only where that is not known.
local function bytes_of_runs(uid)
  local known = tonumber(redis.call('GET', runs_bytes_key(uid)) or nil)
  if is_number(known) then return known end
  local bytes = 0
  for _, text in ipairs(redis.call('LRANGE', runs_key(uid), 0, -1)) do bytes = bytes + #text end
  return bytes
end

local function keep_runs(uid, bytes)
  redis.call('SET', runs_bytes_key(uid), whole(bytes), 'EX', KEPT_SECONDS)
  redis.call('EXPIRE', runs_key(uid), KEPT_SECONDS)
end

-- The newest always stays, however long it is.
local function push_run(uid, text)
  local runs, bytes = runs_key(uid), bytes_of_runs(uid) + #text
  local many = redis.call('LPUSH', runs, text)
  if many == 1 then bytes = #text end
  while many > KEPT_RUNS or (bytes > KEPT_RUN_BYTES and many > 1) do
    bytes, many = bytes - #redis.call('RPOP', runs), many - 1
  end
  keep_runs(uid, bytes)
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
  local before = redis.call('LINDEX', runs_key(uid), 0)
  local last = decoded(before)
  local run = {
    v = 1, runId = slots.runId, slotMs = slots.to, status = status, reason = reason,
    count = slots.count, fromMs = slots.from, toMs = slots.to,
  }
  if last and last.status == status and last.reason == reason
    and goes_on(uid, last, slots) then
    run.count, run.fromMs = last.count + slots.count, last.fromMs
    local text, bytes = cjson.encode(run), bytes_of_runs(uid)
    redis.call('LSET', runs_key(uid), 0, text)
    keep_runs(uid, bytes - #before + #text)
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
  if is_heard(uid, open) then
    leave_untold(uid, 'lost', one_slot(open))
  else
    note_unheard(uid, open)
  end
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
