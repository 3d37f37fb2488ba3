-- Note heartbeats that somebody could not read, and tell their owners once it lasts: a
-- process of another version, or on another host, may be able to. ARGV: now, patience
-- ms, then rows of uid and message. Whoever reads one again tells that it is over.
local now, patience = clock(ARGV[1]), tonumber(ARGV[2])
for index = 3, #ARGV, 2 do
  local uid = ARGV[index]
  local owner = string.match(uid, '^([^:]+):')
  local noted = redis.call('HGET', UNREADABLE, uid)
  local since = tonumber(noted)
  if owner and redis.call('EXISTS', heartbeat_key(uid)) == 1 then
    if noted ~= 'told' and not (is_number(since) and since <= now) then
      redis.call('HSET', UNREADABLE, uid, string.format('%.0f', now))
    elseif noted ~= 'told' and now - since >= patience then
      tell(owner, { ARGV[index + 1] }, now)
      redis.call('HSET', UNREADABLE, uid, 'told')
    end
  end
end
return 'ok'
