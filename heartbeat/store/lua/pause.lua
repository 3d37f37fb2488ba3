-- Pause a heartbeat. ARGV: uid, the fact as JSON. Answers 1, or 0 when it was paused or
-- is gone. The first slot that nobody has claimed is noted: it, too, will have passed.
local uid, fact = ARGV[1], cjson.decode(ARGV[2])
local known = redis.call('HMGET', heartbeat_key(uid), 'version', 'paused', 'plan', 'last_slot')
if not known[1] or known[2] then return 0 end
local plan = read_plan(known[3])
if plan and plan.slot > (tonumber(known[4]) or 0) then fact.fromMs = plan.slot end
redis.call('HSET', heartbeat_key(uid), 'paused', cjson.encode(fact))
drop_unbegun(uid, 'paused', fact.atMs)
set_plan(uid, '')
return 1
