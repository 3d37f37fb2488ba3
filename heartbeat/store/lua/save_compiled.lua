-- Keep the rules of a heartbeat's items; of one that was deleted while its run went on,
-- nothing. ARGV: uid, record, seconds. Answers 1, or 0 when the heartbeat is gone.
local uid, record, seconds = ARGV[1], ARGV[2], ARGV[3]
if redis.call('EXISTS', heartbeat_key(uid)) == 0 then return 0 end
redis.call('SET', compiled_key(uid), record, 'EX', seconds)
return 1
