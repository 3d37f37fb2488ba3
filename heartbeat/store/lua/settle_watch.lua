-- Settle what the watch found of a heartbeat. ARGV: now, uid, revision, book, untold
-- slots as they were read or '', messages… Answers 'ok', 'conflict' or 'gone'.
local now, uid, revision, book = clock(ARGV[1]), ARGV[2], tonumber(ARGV[3]), ARGV[4]
local untold = ARGV[5]
local owner = redis.call('HGET', heartbeat_key(uid), 'owner')
if not owner then
  redis.call('HDEL', UNTOLD, uid)
  return 'gone'
end
if load_book(uid) ~= revision then return 'conflict' end
if untold ~= '' and redis.call('HGET', UNTOLD, uid) ~= untold then return 'conflict' end
save_book(uid, book)
tell(owner, rest(6), now)
if untold ~= '' then redis.call('HDEL', UNTOLD, uid) end
return 'ok'
