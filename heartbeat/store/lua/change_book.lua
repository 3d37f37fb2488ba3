-- Change what is remembered of a heartbeat's troubles. ARGV: now, uid, revision, book,
-- messages… Answers 'ok', 'conflict' or 'gone'.
local now, uid, revision, book = clock(ARGV[1]), ARGV[2], ARGV[3], ARGV[4]
if redis.call('EXISTS', heartbeat_key(uid)) == 0 then return 'gone' end
if load_book(uid) ~= revision then return 'conflict' end
tell(owner_of(uid), rest(5), now)
save_book(uid, book)
return 'ok'
