-- Pause a heartbeat. ARGV: now, uid, the fact as JSON, and of slots that nobody has
-- claimed: base, missed, dropped (as JSON or ''). Answers 'ok'; 'unchanged' when it was
-- paused or is gone; {'unclaimed', …}, {'passed', …} when slots are to be counted first.
local now, uid, fact = clock(ARGV[1]), ARGV[2], cjson.decode(ARGV[3])
local base, missed, dropped = ARGV[4], ARGV[5], ARGV[6]
local known = redis.call('HMGET', heartbeat_key(uid), 'version', 'paused')
if not known[1] or known[2] then return 'unchanged' end
local uncounted, is_counted = look_behind(uid, now, base)
if uncounted then return uncounted end

fact.atMs = now
redis.call('HSET', heartbeat_key(uid), 'paused', cjson.encode(fact))
drop_unbegun(uid, 'paused', now)
if is_counted then settle_unclaimed(uid, missed, dropped, 'paused') end
set_plan(uid, '', now)
return 'ok'
