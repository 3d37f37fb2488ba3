-- The open slot of a heartbeat: one at most, from its claim to its end.

local STATES = { claimed = true, published = true, running = true }

local function load_open(uid)
  local open = decoded(redis.call('GET', open_key(uid)))
  if open and is_plain(open) and is_slot(open) and has_numbers(open, 'version', 'attempts')
    and type(open.queue) == 'string' and STATES[open.state]
    and (open.state ~= 'running' or is_number(open.token)) then
    return open
  end
end

-- The open slot while it runs under this token; nil once that right was lost.
local function load_held(uid, run_id, token)
  local open = load_open(uid)
  local is_held = open and open.state == 'running' and open.runId == run_id
    and open.token == token
  return is_held and open or nil
end

-- Why nobody wants this slot any more; nil while somebody does.
local function unwanted(uid, open)
  local known = redis.call('HMGET', heartbeat_key(uid), 'version', 'enabled', 'paused')
  if not known[1] or open.deleted then return 'deleted' end
  if known[3] then return 'paused' end
  if known[2] ~= '1' then return 'disabled' end
  if tonumber(known[1]) ~= open.version then return 'reconfigured' end
end

-- Whether the owner still wants to hear of a run that had begun.
local function is_heard(uid, open)
  local reason = unwanted(uid, open)
  return not reason or reason == 'reconfigured'
end

-- Keep in mind that a run found trouble of which nobody heard, since its heartbeat was
-- paused or disabled meanwhile: it is looked at again as soon as it goes on.
local function note_unheard(uid, open)
  local key = heartbeat_key(uid)
  if not open.deleted and redis.call('EXISTS', key) == 1 then
    redis.call('HSET', key, 'unheard', '1')
  end
end

-- Whether a worker has begun it once, also one that handed it back.
local function was_begun(open)
  return (open.attempts or 0) > 0 or open.wasBegun
end

-- Whether it is too late to begin a slot, open or planned. It is due inside its hours: one
-- that nobody began until they closed was missed, not left out. One that had begun once is
-- wanted until its run could have ended, also when its worker handed it back.
local function is_expired(open, now)
  if was_begun(open) then return now >= open.startDeadline + open.runLimit end
  return now >= open.startDeadline or (open.closes ~= nil and now >= open.closes)
end

-- Whether no worker has had this slot yet; not whether one has it now.
local function is_unbegun(open)
  return open.state ~= 'running' and not was_begun(open)
end

-- Keep the slot, and when somebody must look at it again unless its holder moves on.
local function keep_open(uid, open, deadline)
  redis.call('SET', open_key(uid), cjson.encode(open))
  redis.call('ZADD', OPEN, deadline, uid)
  if is_unbegun(open) then
    redis.call('ZADD', UNBEGUN, whole(open.slot), uid)
  else
    redis.call('ZREM', UNBEGUN, uid)
  end
end

-- Keep it, and whether its message is on the queue.
local function save_open(uid, open, deadline)
  keep_open(uid, open, deadline)
  if open.state == 'published' then
    note_message(uid, open.queue)
  else
    redis.call('SREM', waiting_key(open.queue), uid)
  end
end

-- Let the slot that is claimed under this run id and version be published; say whether it
-- is. Its text is changed as it stands, as `cjson` wrote it: to decode and to encode it again
-- takes several times as long, and this is done for every slot there is.
local function publish_claimed(uid, run_id, version, deadline)
  local text = redis.call('GET', open_key(uid)) or ''
  if string.match(text, '"version":(%d+)[,}]') ~= version
    or not string.find(text, '"runId":' .. cjson.encode(run_id), 1, true) then
    return false
  end
  local published, many = string.gsub(text, '"state":"claimed"', '"state":"published"', 1)
  if many == 0 then return false end
  redis.call('SET', open_key(uid), published)
  redis.call('ZADD', OPEN, deadline, uid)
  return true
end

local function close_open(uid)
  redis.call('DEL', open_key(uid))
  redis.call('ZREM', OPEN, uid)
  redis.call('ZREM', UNBEGUN, uid)
end
