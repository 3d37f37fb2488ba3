-- Forget a heartbeat. ARGV: now, uid, owner, revision of the book, of slots that nobody
-- has claimed: base, missed, dropped (as JSON or ''); messages… Answers 'ok', 'conflict'
-- (the book changed meanwhile), 'gone', or {'unclaimed', …}, {'passed', …} when slots are
-- to be counted first. What ends with it is recorded, a run that is going on when it ends; nobody is
-- told, apart from the messages. Records of runs go by their own age.
local now, uid, owner, revision = clock(ARGV[1]), ARGV[2], ARGV[3], ARGV[4]
local base, missed, dropped = ARGV[5], ARGV[6], ARGV[7]

if redis.call('EXISTS', heartbeat_key(uid)) == 0 then return 'gone' end
if load_book(uid) ~= revision then return 'conflict' end
local uncounted, is_counted = look_behind(uid, now, base)
if uncounted then return uncounted end

count('deleted')
tell(owner, rest(8), now)
drop_unbegun(uid, 'deleted', now)
if is_counted then settle_unclaimed(uid, missed, dropped, 'deleted') end
local open = load_open(uid)
if open then
  open.deleted = true
  save_open(uid, open, redis.call('ZSCORE', OPEN, uid) or now)
end
local queue = redis.call('HGET', heartbeat_key(uid), 'queue')
if queue then leave_message(uid, queue) end
redis.call('DEL', heartbeat_key(uid), book_key(uid), compiled_key(uid))
redis.call('ZREM', DUE, uid)
redis.call('SREM', owner_key(owner), uid)
redis.call('HDEL', UNTOLD, uid)
redis.call('HDEL', UNREADABLE, uid)
redis.call('HDEL', UNREADABLE_CONFIG, uid)
return 'ok'
