-- When a heartbeat is due next, and what is left of a schedule that is taken away.

-- The slot of a plan as it is always written, first; nil for any other text. Decoding all of
-- it would cost a batch much time.
local function slot_text(plan) return string.match(plan or '', '^{"slot":(%d+)[,}]') end

-- Set when a heartbeat is due next; an empty plan takes it off the schedule. When it was
-- planned shows later whether the clock was set back since.
local function set_plan(uid, plan, now)
  local key = heartbeat_key(uid)
  if plan == '' then
    redis.call('HDEL', key, 'plan')
    redis.call('ZREM', DUE, uid)
  else
    redis.call('HSET', key, 'plan', plan, 'planned', whole(now))
    redis.call('ZADD', DUE, slot_text(plan) or cjson.decode(plan).slot, uid)
  end
end

-- Whether the plan in force is still the one of this slot, made under this version. One
-- that cannot be read may be replaced.
local function is_planned(uid, version, slot)
  local known = redis.call('HMGET', heartbeat_key(uid), 'version', 'enabled', 'paused',
    'plan')
  if known[1] ~= version or known[2] ~= '1' or known[3] then return false end
  if tonumber(slot_text(known[4])) == slot then return true end
  local plan = read_plan(known[4])
  return not plan or plan.slot == slot
end

-- A heartbeat that is disabled has no plan. Its slots since its last change have passed,
-- and get their record before the next: the answer is {'passed', base, timing, since, until}.
-- With the base comes back when the slot after them is due: it may be by then.
local function look_over(known, now, counted_on)
  local since = read_last(known[7])
  if not known[1] or since == 0 or since >= now then return nil, false end
  local base = string.format('%s disabled %.0f', known[1], since)
  local counted, following = string.match(counted_on, '^(.+) (%d+)$')
  if counted == base and now < tonumber(following) then return nil, true end
  return { 'passed', base, known[2] or '', whole(since), whole(now) }, false
end

-- Whoever takes a schedule away must settle the slots that no beat has claimed until now.
-- Only the caller knows the cadence, so it is asked for them: the first answer is
-- {'unclaimed', base, timing, planned slot, last slot, now}. Once it has counted on that
-- base, and nothing has changed, the second answer is true. A pause has the slots in it
-- recorded at its end.
local function look_behind(uid, now, counted_on)
  local known = redis.call('HMGET', heartbeat_key(uid), 'version', 'timing', 'plan',
    'last_slot', 'enabled', 'paused', 'updated')
  if known[6] then return nil, false end
  if known[5] ~= '1' then return look_over(known, now, counted_on) end
  local plan, last = read_plan(known[3]), read_last(known[4])
  -- Of one that was never claimed, and whose plan cannot be read, nothing is known.
  if not plan and last == 0 then return nil, false end
  local planned = plan and plan.slot or last
  if plan then
    local first = planned > last and planned or plan.next
    if not first or first > now then return nil, false end
  end
  local base = string.format('%s %.0f %.0f', known[1], planned, last)
  if base == counted_on then return nil, true end
  return { 'unclaimed', base, known[2] or '', whole(planned),
    whole(last), whole(now) }, false
end

-- The newest of them may still be wanted, and is dropped like one that was claimed. Those
-- that have passed bring their own reason.
local function settle_unclaimed(uid, missed, dropped, reason)
  if missed ~= '' then record_missed(uid, 'beat_away', cjson.decode(missed)) end
  if dropped ~= '' then
    local slots = cjson.decode(dropped)
    record_unrun(uid, 'skipped', slots.reason or reason, slots)
  end
end

local function wake()
  redis.call('PUBLISH', WAKE, '1')
end
