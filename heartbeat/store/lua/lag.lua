-- How far the fleet is behind. ARGV: now. Answers {scheduled, open, ms for which the
-- first due slot has waited for a beat, ms for which the oldest open one has waited for a
-- worker to begin it}.
local now = clock(ARGV[1])

-- A process of an earlier version keeps no such list. What it has begun or closed is taken
-- out here, some in one call.
local MOST_AT_ONCE = 100
local function oldest_unbegun()
  for _, uid in ipairs(redis.call('ZRANGE', UNBEGUN, 0, MOST_AT_ONCE - 1)) do
    local open = load_open(uid)
    if open and is_unbegun(open) then return open.slot end
    redis.call('ZREM', UNBEGUN, uid)
  end
  return now
end

local due = tonumber(redis.call('ZRANGE', DUE, 0, 0, 'WITHSCORES')[2])
if not is_number(due) then due = now end
return {
  redis.call('ZCARD', DUE), redis.call('ZCARD', OPEN),
  math.max(0, now - due), math.max(0, now - oldest_unbegun()),
}
