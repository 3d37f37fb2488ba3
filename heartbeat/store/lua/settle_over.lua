-- Tell in one message that heartbeats which were told of together are overdue no more.
-- ARGV: now, owner, message, uids… Answers 'ok', or 'conflict' when another gateway has
-- told it of one of them: then nothing is done.
local now, owner, message, uids = clock(ARGV[1]), ARGV[2], ARGV[3], rest(4)
for _, uid in ipairs(uids) do
  if redis.call('SISMEMBER', TOGETHER, uid) == 0 then return 'conflict' end
end
tell(owner, { message }, now)
for _, uid in ipairs(uids) do redis.call('SREM', TOGETHER, uid) end
return 'ok'
