-- The book of a heartbeat's troubles, and the feed in which its owner is told of them.

-- The revision is a text that the book has had at no other time; '0' before the first.
local function load_book(uid)
  local found = redis.call('HMGET', book_key(uid), 'revision', 'book')
  return found[1] or '0', found[2] or ''
end

local function save_book(uid, book)
  redis.call('HSET', book_key(uid), 'revision', redis.call('INCR', TOKENS), 'book', book)
end

local function server_identity()
  local info = redis.pcall('INFO', 'server')
  if type(info) ~= 'string' then return '' end
  return string.match(info, 'run_id:(%w+)') or ''
end

-- Append messages to an owner's feed and push them. Ids are `<epoch>-<n>`: n never
-- restarts while its counter lives; a new epoch begins when the counter is gone or
-- another server answers, so that an id is never given twice.
local function tell(owner, messages, now)
  if #messages == 0 then return end
  local head_key, feed = ROOT .. 'feed-head:' .. owner, ROOT .. 'feed:' .. owner
  local head = redis.call('HMGET', head_key, 'epoch', 'n', 'server', 'last')
  local epoch, n, last = tonumber(head[1] or 0), tonumber(head[2] or 0), head[4] or ''
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
  redis.call('HSET', head_key, 'epoch', string.format('%.0f', epoch),
    'n', string.format('%.0f', n), 'server', server, 'last', last)
  redis.call('EXPIRE', feed, KEPT_SECONDS)
  count('told', #messages)
end

local function rest(from)
  local values = {}
  for index = from, #ARGV do values[#values + 1] = ARGV[index] end
  return values
end
