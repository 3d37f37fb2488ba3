-- Set when heartbeats are due next, after slots were skipped or missed. ARGV: now, then
-- rows of uid, version, slot that the plan replaces, plan, missed slots as JSON or '',
-- where the clock was set back the new last slot and the slots ahead, as JSON or '', and
-- what its owner hears once it can be read again, or ''.
-- A heartbeat that changed meanwhile keeps what its change made of it. The plan '-' says
-- that none could be made: the heartbeat is looked at again in a minute.
local COLUMNS, PUT_OFF = 7, 60000
local now = clock(ARGV[1])

local function go_back(uid, back)
  redis.call('HSET', heartbeat_key(uid), 'last_slot', whole(back.last),
    'ahead', cjson.encode(back.ahead))
  count('set_back')
end

for index = 2, #ARGV, COLUMNS do
  local uid, version, slot = ARGV[index], ARGV[index + 1], tonumber(ARGV[index + 2])
  local plan, missed, back = ARGV[index + 3], ARGV[index + 4], ARGV[index + 5]
  -- What was due when it was claimed, and is far ahead now, was claimed by a clock that
  -- has been set back since: it stays as it was planned, and is found as ahead.
  local was_set_back = back == '' and ARGV[index + 6] == '' and is_ahead(slot, now)
  if was_set_back or not is_planned(uid, version, slot) then
    count('outdated')
  elseif plan == '-' then
    redis.call('ZADD', DUE, now + PUT_OFF, uid)
  else
    local over = ARGV[index + 6]
    if over ~= '' and redis.call('HGET', UNREADABLE, uid) == 'told' then
      tell(owner_of(uid), { over }, now)
    end
    if back ~= '' then go_back(uid, cjson.decode(back)) end
    if missed ~= '' then
      record_missed(uid, 'beat_away', cjson.decode(missed))
    end
    set_plan(uid, plan, now)
    if over ~= '' then redis.call('HDEL', UNREADABLE, uid) end
  end
end
return (#ARGV - 1) / COLUMNS
