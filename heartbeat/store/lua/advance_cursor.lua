-- Move a named client's cursor, never backwards; return how many clients were forgotten.
-- KEYS: the owner's cursors. ARGV: now, client, epoch, n, most clients, seconds kept, and
-- the field that says when one was forgotten. The client unseen longest makes room.
local now, client, epoch, n = clock(ARGV[1]), ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local most, kept, forgotten = tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7]
local function read(text)
  local cursor = decoded(text)
  return cursor and has_numbers(cursor, 'epoch', 'n', 'seen') and cursor or nil
end

local cursor = read(redis.call('HGET', KEYS[1], client))
if cursor and (cursor.epoch > epoch or (cursor.epoch == epoch and cursor.n >= n)) then
  return 0
end
redis.call('HSET', KEYS[1], client, cjson.encode({ epoch = epoch, n = n, seen = now }))
redis.call('EXPIRE', KEYS[1], kept)
local clients = redis.call('HLEN', KEYS[1]) - redis.call('HEXISTS', KEYS[1], forgotten)
if clients <= most then return 0 end

local oldest, seen
local all = redis.call('HGETALL', KEYS[1])
for index = 1, #all, 2 do
  local name = all[index]
  if name ~= client and name ~= forgotten then
    local at = (read(all[index + 1]) or { seen = 0 }).seen
    if not seen or at < seen then oldest, seen = name, at end
  end
end
redis.call('HSET', KEYS[1], forgotten, now)
redis.call('HDEL', KEYS[1], oldest)
return 1
