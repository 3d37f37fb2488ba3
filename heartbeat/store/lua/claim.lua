-- Take what must be acted on now. ARGV: now, most, claim lease ms, redispatch ms, then
-- pairs of queue and its length. Answers rows {kind, uid, slot, run id, version,
-- timing, queue, last slot, '1' if it was noted as unreadable}; kinds:
--   publish   send its message, then commit
--   manual    the same, for a slot off the grid
--   advance   the slot is settled; compute when the heartbeat is due next
--   late      slots have passed unclaimed; decide which runs and which are missed
--   ahead     what was claimed or planned last is from far ahead: the clock was set back;
--             decide the same
--   broken    what is kept of it cannot be read: it stays where it is
--   given_up  its open slot cannot be read, and ends as lost
-- Whatever is taken is leased: a claimer that dies loses it when the lease ends.
local PUT_OFF = 60000
local now, most = clock(ARGV[1]), tonumber(ARGV[2])
local lease, redispatch = tonumber(ARGV[3]), tonumber(ARGV[4])
local lease_ends = whole(now + lease)
local lengths = {}
for index = 5, #ARGV, 2 do lengths[ARGV[index]] = tonumber(ARGV[index + 1]) end

local rows = {}
local is_any_noted = redis.call('EXISTS', UNREADABLE) == 1

local function give(kind, uid, slot, run_id, facts)
  rows[#rows + 1] = { kind, uid, whole(slot), run_id,
    facts.version, facts.timing, facts.queue, whole(facts.last_slot),
    facts.is_noted and '1' or '' }
end

-- Slots that were claimed before the clock was set back count as claimed when they come.
local function pass_over(uid, facts, ahead)
  local slot, last, left = facts.plan and facts.plan.slot or 0, facts.last_slot, false
  for _, span in ipairs(ahead) do
    if slot >= span[1] and slot <= span[2] then facts.last_slot = span[2] end
    left = left or span[2] > last
  end
  if not left then redis.call('HDEL', heartbeat_key(uid), 'ahead') end
end

local function facts_of(uid)
  local found = redis.call('HMGET', heartbeat_key(uid), 'version', 'timing', 'queue',
    'last_slot', 'plan', 'enabled', 'paused', 'ahead', 'planned')
  local facts = {
    version = found[1] or '', timing = found[2] or '', queue = found[3] or '',
    last_slot = read_last(found[4]), plan = read_plan(found[5]),
    is_scheduled = (found[1] or found[2] or found[3] or found[6]) and not found[7]
      and found[6] ~= '0',
    is_enabled = found[6] == '1',
    is_noted = is_any_noted and redis.call('HEXISTS', UNREADABLE, uid) == 1,
  }
  facts.is_ahead = is_ahead(facts.last_slot, now) or is_ahead(read_last(found[9]), now)
  if found[8] then pass_over(uid, facts, read_spans(found[8])) end
  return facts
end

local function put_off(uid)
  count('unreadable')
  redis.call('ZADD', DUE, now + PUT_OFF, uid)
  give('broken', uid, 0, '', facts_of(uid))
end

local claimed = 0

local function publish(uid, open, facts)
  open.state = 'claimed'
  keep_open(uid, open, lease_ends)
  facts = facts or facts_of(uid)
  facts.version, facts.queue = whole(open.version), open.queue
  give(open.grid and 'publish' or 'manual', uid, open.slot, open.runId, facts)
  claimed = claimed + 1
end

-- The same, when the message that it had must be lost.
local function publish_again(uid, open, facts)
  publish(uid, open, facts)
  redis.call('SREM', waiting_key(open.queue), uid)
end

-- A backlog is not a loss: while the queue holds a message for each that waits for a
-- worker, sending again would only double it.
local function is_backlog(queue)
  local length = lengths[queue] or 0
  return length > 0 and length >= redis.call('SCARD', waiting_key(queue))
end

local function settle_published(uid, open)
  if is_expired(open, now) then
    close_expired(uid, open, 'no_worker')
  elseif is_backlog(open.queue) then
    redis.call('ZADD', OPEN, now + redispatch, uid)
  else
    count('redispatched')
    publish_again(uid, open)
  end
end

-- The lease of a run has ended: once more, while somebody may still want it.
local function settle_running(uid, open)
  if open.attempts < 2 and not is_expired(open, now) and not unwanted(uid, open) then
    count('recovered')
    publish_again(uid, open)
  else
    close_lost(uid, open)
  end
end

-- What became of the message of an earlier slot that nobody began: there is 'none', it was
-- 'lost', or it 'waits' on its queue still, and will do.
local function message_of(uid, queue)
  if redis.call('SISMEMBER', waiting_key(queue), uid) == 0 then return 'none' end
  return is_backlog(queue) and 'waits' or 'lost'
end

local function wait_for_message(uid, open)
  open.state = 'published'
  keep_open(uid, open, now + redispatch)
  claimed = claimed + 1
end

local ACT = { none = publish, lost = publish_again, waits = wait_for_message }

local function settle_claimed(uid, open)
  if is_expired(open, now) then
    close_expired(uid, open, open.wasBegun and 'no_worker' or 'beat_away')
  else
    ACT[message_of(uid, open.queue)](uid, open)
  end
end

local SETTLE = {
  claimed = settle_claimed, published = settle_published, running = settle_running,
}

-- A slot that cannot be read is given up; the next one opens as usual.
local function give_up(uid)
  if redis.call('EXISTS', open_key(uid)) == 1 then
    local facts = facts_of(uid)
    count('unreadable')
    give('given_up', uid, 0, '', facts)
    if facts.is_scheduled and is_number(facts.last_slot) then
      leave_untold(uid, 'lost', { count = 1, from = facts.last_slot, to = facts.last_slot })
    end
  end
  close_open(uid)
end

for _, uid in ipairs(redis.call('ZRANGE', OPEN, '-inf', now, 'BYSCORE', 'LIMIT', 0, most)) do
  local open = load_open(uid)
  if open then SETTLE[open.state](uid, open) else give_up(uid) end
end

local function hold(uid, slot)
  redis.call('HSET', heartbeat_key(uid), 'last_slot', whole(slot))
  redis.call('ZADD', DUE, lease_ends, uid)
end

local function is_past(plan)
  return (plan.next and now >= plan.next) or now >= plan.startDeadline
    or (plan.closes and now >= plan.closes)
end

-- The slot counts as claimed once nothing is left that could fail before it is open.
local function claim(uid, plan, facts)
  local message = message_of(uid, facts.queue)
  hold(uid, plan.slot)
  local open = {
    slot = plan.slot, runId = plan.runId, grid = true, version = tonumber(facts.version),
    startDeadline = plan.startDeadline, runLimit = plan.runLimit, closes = plan.closes,
    queue = facts.queue, attempts = 0,
  }
  ACT[message](uid, open, facts)
  if message == 'waits' then give('advance', uid, plan.slot, plan.runId, facts) end
end

local function skip(uid, plan, facts, reason)
  record_unrun(uid, 'skipped', reason, one_slot(plan))
  hold(uid, plan.slot)
  give('advance', uid, plan.slot, plan.runId, facts)
end

-- Whether an open slot that does not run still goes before the one that is due now. One
-- that was handed back late may begin until its run could have ended, but not instead of
-- the next.
local function goes_before(open)
  return not is_expired(open, now) and (open.attempts > 0 or now < open.startDeadline)
end

-- The heartbeat has an open slot already, so this one cannot be opened beside it. One
-- that is left of a heartbeat that was deleted gives way: nobody hears of it any more.
local function meet(uid, plan, facts, open)
  if open.deleted then
    close_unrun(uid, open, 'skipped', 'deleted')
    claim(uid, plan, facts)
  elseif open.state == 'running' then
    skip(uid, plan, facts, 'overlap')
  elseif goes_before(open) then
    skip(uid, plan, facts, 'backlog')
  else
    close_expired(uid, open, 'no_worker')
    claim(uid, plan, facts)
  end
end

local function look(uid)
  local facts = facts_of(uid)
  local plan = facts.plan
  if not facts.is_scheduled then redis.call('ZREM', DUE, uid) return end
  if not facts.is_enabled or not is_number(tonumber(facts.version)) or facts.queue == '' then
    return put_off(uid)
  end
  if not plan then
    if facts.last_slot == 0 then facts.last_slot = now end
    redis.call('ZADD', DUE, lease_ends, uid)
    return give('late', uid, facts.last_slot, '', facts)
  end
  local open = load_open(uid)
  if open and open.grid and open.slot == plan.slot and open.state == 'claimed' then
    redis.call('ZADD', OPEN, 'NX', now, uid)
    redis.call('ZADD', DUE, redis.call('ZSCORE', OPEN, uid), uid)
  elseif facts.is_ahead then
    redis.call('ZADD', DUE, lease_ends, uid)
    give('ahead', uid, plan.slot, plan.runId, facts)
  elseif plan.slot <= facts.last_slot or is_past(plan) or facts.is_noted then
    redis.call('ZADD', DUE, lease_ends, uid)
    give('late', uid, plan.slot, plan.runId, facts)
  elseif plan.slot > now then
    redis.call('ZADD', DUE, plan.slot, uid)
  elseif open then
    meet(uid, plan, facts, open)
  else
    claim(uid, plan, facts)
  end
end

local left = most - #rows
if left > 0 then
  for _, uid in ipairs(redis.call('ZRANGE', DUE, '-inf', now, 'BYSCORE', 'LIMIT', 0, left)) do
    look(uid)
  end
end
if claimed > 0 then count('claimed', claimed) end
-- A queue on which nobody's message waits is forgotten, until the next is sent to it: its
-- length matters to nobody, and labels that were used once would be asked for ever.
for queue in pairs(lengths) do
  if redis.call('EXISTS', waiting_key(queue)) == 0 then redis.call('SREM', QUEUES, queue) end
end
return rows
