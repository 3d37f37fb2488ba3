-- Put right the keys that have another type than theirs, and fill the indexes again from
-- what they lead to. ARGV: now, cursor of the scan, how many keys to look at about, then
-- pairs of the name of a key, up to where it varies, and its type. Answers {cursor to go
-- on with ('0': all were seen), keys that were put right}.
-- What stood in such a key is gone. Where something would be missing in silence a record
-- is put that nobody can read: its owner hears of that.
local now, cursor, most = clock(ARGV[1]), ARGV[2], ARGV[3]
local kinds, mended = {}, {}
for index = 4, #ARGV, 2 do kinds[ARGV[index]] = ARGV[index + 1] end

local PUT_IN_PLACE = {
  ['heartbeat:'] = function(key)
    redis.call('HSET', key, 'config', '', 'version', '', 'enabled', '1')
  end,
  ['open:'] = function(key) redis.call('SET', key, '') end,
  ['cursors:'] = function(key) redis.call('HSET', key, '*', whole(now)) end,
  tokens = function(key) redis.call('SET', key, '') end,
  versions = function(key) redis.call('SET', key, '') end,
}

local function put_right(name, key)
  local kind = redis.call('TYPE', key).ok
  if kind == 'none' or kind == kinds[name] then return end
  redis.call('DEL', key)
  if PUT_IN_PLACE[name] then PUT_IN_PLACE[name](key) end
  count('unreadable')
  mended[#mended + 1] = key
end

local function index_heartbeat(uid)
  local owner = owner_of(uid)
  put_right('owner:', owner_key(owner))
  redis.call('SADD', owner_key(owner), uid)
  local known = redis.call('HMGET', heartbeat_key(uid), 'plan', 'enabled', 'paused')
  if known[2] == '1' and not known[3] then
    local plan = read_plan(known[1])
    redis.call('ZADD', DUE, 'NX', plan and plan.slot or now, uid)
  end
end

local function index_open(uid)
  local open = load_open(uid)
  local is_leased = open and open.state == 'running' and is_number(open.leaseUntil)
  redis.call('ZADD', OPEN, 'NX', is_leased and open.leaseUntil or now, uid)
end

for name in pairs(kinds) do
  if not string.find(name, ':') then put_right(name, ROOT .. name) end
end
local found = redis.call('SCAN', cursor, 'MATCH', '{hb}:*', 'COUNT', most)
for _, key in ipairs(found[2]) do
  local name, rest_of_it = string.match(key, '^{hb}:([^:]+:)(.*)$')
  if kinds[name] then
    put_right(name, key)
    if name == 'heartbeat:' then index_heartbeat(rest_of_it) end
    if name == 'open:' then index_open(rest_of_it) end
  end
end
return { found[1], mended }
