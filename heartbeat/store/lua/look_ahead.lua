-- Find what waits for a time that is far ahead, because the clock was set back: after a
-- slot that was claimed there, by a plan that was made there, or for the end of a lease
-- that was given there, which is longer than any that can be set. ARGV: now,
-- first place (from the one that is due last), most, '1' to make it due at once.
-- Answers {places looked at, heartbeats found}. A claim decides how each goes on.
local LONGEST_LEASE, RENEWED_WITHIN = 360000, 120000
local now, first, most = clock(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local acts = ARGV[4] == '1'

local function waits_in_vain(uid, due)
  local known = redis.call('HMGET', heartbeat_key(uid), 'last_slot', 'plan', 'planned')
  local plan = read_plan(known[2])
  return is_ahead(read_last(known[1]), now) or is_ahead(read_last(known[3]), now)
    or not plan or plan.slot ~= due
end

local looked, found = 0, 0
local last = redis.call('ZRANGE', DUE, first, first + most - 1, 'REV', 'WITHSCORES')
for index = 1, #last, 2 do
  local uid, due = last[index], tonumber(last[index + 1])
  if due <= now + SET_BACK then break end
  looked = looked + 1
  if waits_in_vain(uid, due) then
    found = found + 1
    if acts then redis.call('ZADD', DUE, now, uid) end
  end
end
-- An open slot waits for nothing but the end of a lease. A worker that is alive renews.
for _, uid in ipairs(redis.call('ZRANGE', OPEN, now + LONGEST_LEASE, '+inf', 'BYSCORE',
  'LIMIT', 0, most)) do
  if acts then redis.call('ZADD', OPEN, now + RENEWED_WITHIN, uid) end
end
return { looked, found }
