-- The book of a heartbeat's troubles, and the feed in which its owner is told of them.

-- The revision is a text that the book has had at no other time; '0' before the first,
-- '?' for one that may not come back as it was read.
local function load_book(uid)
  local found = redis.call('HMGET', book_key(uid), 'revision', 'book')
  local revision = found[1] or '0'
  if string.find(revision, '[\128-\255]') then revision = '?' end
  return revision, found[2] or ''
end

local function save_book(uid, book)
  local revision = next_number(TOKENS, load_book(uid))
  redis.call('HSET', book_key(uid), 'revision', revision, 'book', book)
end

local function server_identity()
  local info = redis.pcall('INFO', 'server')
  if type(info) ~= 'string' then return '' end
  return string.match(info, 'run_id:(%w+)') or ''
end

-- The two numbers of an id; nil for what is none.
local function read_id(id)
  local epoch, n = string.match(id or '', '^(%d+)%-(%d+)$')
  epoch, n = tonumber(epoch), tonumber(n)
  if is_number(epoch) and is_number(n) then return { epoch = epoch, n = n } end
end

-- The largest id that a stream has had, whatever is left in it: it takes none below.
local function newest_id(feed)
  local facts = redis.pcall('XINFO', 'STREAM', feed)
  for index = 1, #facts, 2 do
    if facts[index] == 'last-generated-id' then return facts[index + 1] end
  end
end

-- Where a feed ends: epoch and n to go on from, and its last id. That id says all; '' is
-- for none, and for one that cannot be read: what was told before it, nobody can say.
-- A stream that is further is right. One that no id can follow has to begin anew.
local function find_end(head, feed)
  local last, newest = head[4] or '', newest_id(feed)
  local place, top = read_id(last), read_id(newest)
  if newest and not top then redis.call('DEL', feed) end
  top = top or { epoch = 0, n = 0 }
  if not place then
    return math.max(read_number(head[1]), top.epoch), math.max(read_number(head[2]), top.n), ''
  end
  if top.epoch > place.epoch or (top.epoch == place.epoch and top.n > place.n) then
    return top.epoch, top.n, newest
  end
  return place.epoch, place.n, last
end

-- Append messages to an owner's feed and push them. Ids are `<epoch>-<n>`: n never
-- restarts while its counter lives; a new epoch begins when the counter is gone or
-- another server answers, so that an id is never given twice. Who stores what it has told
-- does so afterwards: a failure here must leave it to be told again.
local function tell(owner, messages, now)
  if #messages == 0 then return end
  local head_key, feed = ROOT .. 'feed-head:' .. owner, ROOT .. 'feed:' .. owner
  local head = redis.call('HMGET', head_key, 'epoch', 'n', 'server', 'last')
  local epoch, n, last = find_end(head, feed)
  local server = server_identity()
  if last == '' or head[3] ~= server then
    epoch = math.max(now, epoch + 1)
  end
  for _, message in ipairs(messages) do
    n = n + 1
    local id = string.format('%.0f-%.0f', epoch, n)
    redis.call('XADD', feed, 'MAXLEN', KEPT_ALERTS, id, 'prev', last, 'payload', message)
    redis.call('PUBLISH', ROOT .. 'push:' .. owner, id .. ' ' .. last .. ' ' .. message)
    last = id
  end
  redis.call('HSET', head_key, 'epoch', whole(epoch), 'n', whole(n),
    'server', server, 'last', last)
  redis.call('EXPIRE', feed, KEPT_SECONDS)
  count('told', #messages)
end

local function rest(from)
  local values = {}
  for index = from, #ARGV do values[#values + 1] = ARGV[index] end
  return values
end
