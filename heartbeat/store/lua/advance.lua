-- Set when heartbeats are due next, after slots were skipped or missed. ARGV: rows of
-- uid, version, slot that the plan replaces, plan, missed slots as JSON or ''.
-- A heartbeat that changed meanwhile keeps what its change made of it.
for index = 1, #ARGV, 5 do
  local uid, version, slot = ARGV[index], ARGV[index + 1], tonumber(ARGV[index + 2])
  local plan, missed = ARGV[index + 3], ARGV[index + 4]
  local known = redis.call('HMGET', heartbeat_key(uid), 'version', 'plan')
  if known[1] == version and known[2] and cjson.decode(known[2]).slot == slot then
    if missed ~= '' then
      record_missed(uid, 'beat_away', cjson.decode(missed))
    end
    set_plan(uid, plan)
  end
end
return #ARGV / 5
