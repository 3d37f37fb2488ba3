-- Find slots that should have a record by now and have none. ARGV: now, most.
-- Answers rows {uid, slot, state, ms of grace}; 'scheduled': no beat has claimed it.
-- Grace is the shorter of period and 5 minutes, and the run's limit after that.
local now, most = clock(ARGV[1]), tonumber(ARGV[2])
local LONGEST_WAIT = 300000
local rows = {}

local function look(uid, slot, state)
  local grace = math.min(slot.startDeadline - slot.slot, LONGEST_WAIT) + slot.runLimit
  if now > slot.slot + grace and #rows < most then
    rows[#rows + 1] = { uid, string.format('%.0f', slot.slot), state,
      string.format('%.0f', grace) }
  end
end

for _, uid in ipairs(redis.call('ZRANGE', OPEN, 0, -1)) do
  local open = load_open(uid)
  if open and not open.deleted then look(uid, open, open.state) end
end
for _, uid in ipairs(redis.call('ZRANGE', DUE, '-inf', now, 'BYSCORE', 'LIMIT', 0, most)) do
  local plan = read_plan(redis.call('HGET', heartbeat_key(uid), 'plan'))
  if plan then look(uid, plan, 'scheduled') end
end
return rows
