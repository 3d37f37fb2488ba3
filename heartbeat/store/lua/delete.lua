-- Forget a heartbeat. ARGV: now, uid, owner, revision of the book, messages…
-- Answers 'ok', 'conflict' (the book changed meanwhile) or 'gone'. A run that is going
-- on is recorded when it ends, and tells nobody. Records of runs go by their own age.
local now, uid, owner, revision = clock(ARGV[1]), ARGV[2], ARGV[3], tonumber(ARGV[4])

if redis.call('EXISTS', heartbeat_key(uid)) == 0 then return 'gone' end
if load_book(uid) ~= revision then return 'conflict' end
count('deleted')
tell(owner, rest(5), now)
drop_unbegun(uid, 'deleted', now)
local open = load_open(uid)
if open then
  open.deleted = true
  save_open(uid, open, redis.call('ZSCORE', OPEN, uid))
end
local queue = redis.call('HGET', heartbeat_key(uid), 'queue')
if queue then redis.call('SREM', waiting_key(queue), uid) end
redis.call('DEL', heartbeat_key(uid), book_key(uid), compiled_key(uid))
redis.call('ZREM', DUE, uid)
redis.call('SREM', owner_key(owner), uid)
redis.call('HDEL', UNTOLD, uid)
redis.call('HDEL', UNREADABLE, uid)
return 'ok'
