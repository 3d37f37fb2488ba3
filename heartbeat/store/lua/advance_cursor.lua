-- Move a named client's cursor, never backwards. KEYS: the owner's cursors. ARGV: now,
-- client, epoch, n, most clients, seconds kept. The client unseen longest makes room.
local now, client, epoch, n = clock(ARGV[1]), ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local most, kept = tonumber(ARGV[5]), tonumber(ARGV[6])
local function read(text)
  local cursor = decoded(text)
  return cursor and has_numbers(cursor, 'epoch', 'n', 'seen') and cursor or nil
end

local known = redis.call('HGET', KEYS[1], client)
local cursor = read(known)
if cursor then
  if cursor.epoch > epoch or (cursor.epoch == epoch and cursor.n >= n) then return 0 end
elseif not known and redis.call('HLEN', KEYS[1]) >= most then
  local oldest, seen
  local all = redis.call('HGETALL', KEYS[1])
  for index = 1, #all, 2 do
    local at = (read(all[index + 1]) or { seen = 0 }).seen
    if not seen or at < seen then oldest, seen = all[index], at end
  end
  redis.call('HDEL', KEYS[1], oldest)
end
redis.call('HSET', KEYS[1], client, cjson.encode({ epoch = epoch, n = n, seen = now }))
redis.call('EXPIRE', KEYS[1], kept)
return 1
