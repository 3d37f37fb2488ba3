-- Settle what the watch found of an owner's heartbeats, and tell it, in one step: whoever
-- dies leaves all of it told, or none. ARGV: now, owner, how many heartbeats, for each uid,
-- revision, book, untold slots as they were read or '', how it is told ('together' with
-- others in one message, 'alone', or '' not at all); then messages…
-- Answers the uids of those that changed meanwhile; if there are any, nothing is done.
local COLUMNS, FIRST = 5, 4
local now, owner, many = clock(ARGV[1]), ARGV[2], tonumber(ARGV[3])
local messages = rest(FIRST + COLUMNS * many)

local function has_changed(uid, revision, untold)
  if redis.call('EXISTS', heartbeat_key(uid)) == 0 then
    redis.call('HDEL', UNTOLD, uid)
    return true
  end
  if load_book(uid) ~= revision then return true end
  return untold ~= '' and redis.call('HGET', UNTOLD, uid) ~= untold
end

local changed = {}
for index = FIRST, FIRST + COLUMNS * many - 1, COLUMNS do
  local uid = ARGV[index]
  if has_changed(uid, ARGV[index + 1], ARGV[index + 3]) then
    changed[#changed + 1] = uid
  end
end
if #changed > 0 then return changed end

tell(owner, messages, now)
for index = FIRST, FIRST + COLUMNS * many - 1, COLUMNS do
  local uid, how = ARGV[index], ARGV[index + 4]
  save_book(uid, ARGV[index + 2])
  if how == 'together' then redis.call('SADD', TOGETHER, uid) end
end
for index = FIRST, FIRST + COLUMNS * many - 1, COLUMNS do
  local uid, how = ARGV[index], ARGV[index + 4]
  if ARGV[index + 3] ~= '' then redis.call('HDEL', UNTOLD, uid) end
  if how == 'alone' then redis.call('SREM', TOGETHER, uid) end
end
return changed
