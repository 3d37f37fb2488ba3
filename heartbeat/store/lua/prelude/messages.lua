-- Messages that no worker has taken: who has one on a queue, and who left one behind there.

-- Queues that this script has listed already: a batch is mostly for one.
local is_listed = {}

-- `waiting` holds whose message is on a queue: also after its slot was closed unbegun, for
-- it will do for the next.
local function note_message(uid, queue)
  if redis.call('SADD', waiting_key(queue), uid) == 1 and not is_listed[queue] then
    redis.call('SADD', QUEUES, queue)
    is_listed[queue] = true
  end
end

local function left_key(uid) return ROOT .. 'left:' .. string.match(uid, '^[^:]*') end

-- A heartbeat that is deleted, or placed elsewhere, cannot take its message along: nobody
-- waits on that queue any more, but whoever comes back to it needs no second message.
local function leave_message(uid, queue)
  if redis.call('SREM', waiting_key(queue), uid) == 0 then return end
  redis.call('SADD', left_key(uid), queue .. ' ' .. uid)
  redis.call('EXPIRE', left_key(uid), KEPT_SECONDS)
end

local function find_message(uid, queue)
  if redis.call('SREM', left_key(uid), queue .. ' ' .. uid) == 1 then
    note_message(uid, queue)
  end
end

local function take_message(uid, queue)
  redis.call('SREM', waiting_key(queue), uid)
  redis.call('SREM', left_key(uid), queue .. ' ' .. uid)
end
