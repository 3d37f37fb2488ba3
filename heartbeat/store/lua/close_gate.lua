-- Close a gate for a while; never shorten what another has asked for.
-- ARGV: name, record, milliseconds.
local key, ms = ROOT .. 'gate:' .. ARGV[1], tonumber(ARGV[3])
if redis.call('PTTL', key) < ms then redis.call('SET', key, ARGV[2], 'PX', ms) end
return 'ok'
