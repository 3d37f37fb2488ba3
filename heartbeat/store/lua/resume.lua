-- Let a paused heartbeat go on. ARGV: now, uid, version that the plan was made for, plan
-- ('' when it is not enabled), slots passed meanwhile as JSON or '', until when they were
-- counted.
-- Answers 1; 0 when it was not paused; -1 when the config changed meanwhile.
local now, uid, version, plan, passed = clock(ARGV[1]), ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local known = redis.call('HMGET', heartbeat_key(uid), 'paused', 'version')
if not known[1] then return 0 end
if known[2] ~= version then return -1 end
if passed ~= '' then record_unrun(uid, 'skipped', 'paused', cjson.decode(passed)) end
set_plan(uid, plan, now)
redis.call('HSET', heartbeat_key(uid), 'updated', ARGV[6])
redis.call('HDEL', heartbeat_key(uid), 'paused')
wake()
return 1
