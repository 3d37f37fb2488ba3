-- Close a gate for a while; never shorten what another has asked for. The index of closed
-- gates lives as long as the last of them. ARGV: name, record, milliseconds.
local name, record, ms = ARGV[1], ARGV[2], tonumber(ARGV[3])
local key, now = ROOT .. 'gate:' .. name, clock('')
if redis.call('PTTL', key) < ms then
  redis.call('SET', key, record, 'PX', ms)
  redis.call('ZADD', GATES, now + ms, name)
  if redis.call('PTTL', GATES) < ms then redis.call('PEXPIRE', GATES, ms) end
  redis.call('ZREMRANGEBYSCORE', GATES, '-inf', now)
end
return 'ok'
