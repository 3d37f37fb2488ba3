-- Open one slot off the grid; beat publishes it at once. ARGV: now, uid, the open slot
-- as JSON. Answers 'ok', 'busy', 'paused', 'disabled' or 'gone'.
local now, uid, open = clock(ARGV[1]), ARGV[2], cjson.decode(ARGV[3])
local known = redis.call('HMGET', heartbeat_key(uid), 'version', 'paused', 'enabled')
if not known[1] then return 'gone' end
if known[2] then return 'paused' end
if known[3] ~= '1' then return 'disabled' end
local other = load_open(uid)
if other then return other.runId == open.runId and 'ok' or 'busy' end
open.version = tonumber(known[1])
keep_open(uid, open, now)
count('requested')
wake()
return 'ok'
