-- Pause a heartbeat. ARGV: uid, the fact as JSON. Answers 1, or 0 when it was paused.
local uid, fact = ARGV[1], ARGV[2]
if redis.call('HSETNX', heartbeat_key(uid), 'paused', fact) == 0 then return 0 end
drop_unbegun(uid, 'paused')
set_plan(uid, '')
return 1
