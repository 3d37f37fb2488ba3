-- Find slots that should have a record by now and have none. ARGV: now, how many to look
-- at of those that are open and of those that are due, and where to begin with each.
-- Answers {rows, where to go on with the open, with the due ones}; 0: from the first. A
-- row is {uid, slot, state, ms of grace}; 'scheduled': no beat has claimed it.
-- Grace is the shorter of period and 5 minutes, and the run's limit after that. A run of
-- a heartbeat that is gone, paused or disabled ends unheard, whatever becomes of it.
local now, most = clock(ARGV[1]), tonumber(ARGV[2])
local LONGEST_WAIT = 300000
local rows = {}

local function look(uid, slot, state)
  local grace = math.min(slot.startDeadline - slot.slot, LONGEST_WAIT) + slot.runLimit
  if now > slot.slot + grace then
    rows[#rows + 1] = { uid, whole(slot.slot), state, whole(grace) }
  end
end

-- Those in question, and where the ones after them begin.
local function page(key, last, first)
  local uids = redis.call('ZRANGE', key, '-inf', last, 'BYSCORE', 'LIMIT', first, most)
  return uids, #uids == most and first + most or 0
end

local opens, next_open = page(OPEN, '+inf', tonumber(ARGV[3]))
for _, uid in ipairs(opens) do
  local open = load_open(uid)
  if open and is_heard(uid, open) then look(uid, open, open.state) end
end
local dues, next_due = page(DUE, now, tonumber(ARGV[4]))
for _, uid in ipairs(dues) do
  local plan = read_plan(redis.call('HGET', heartbeat_key(uid), 'plan'))
  if plan then look(uid, plan, 'scheduled') end
end
return { rows, next_open, next_due }
