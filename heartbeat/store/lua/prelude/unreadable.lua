-- Notes of heartbeats that cannot be read: by beats, which schedule them (UNREADABLE), or
-- by workers, which are given their config (UNREADABLE_CONFIG).

-- Note one, and tell its owner once it lasts: a process of another version, or on another
-- host, may be able to read it. What beat has noted is told by beat alone.
local function note_unreadable(notes, uid, message, now, patience)
  local owner, noted = string.match(uid, '^([^:]+):'), redis.call('HGET', notes, uid)
  local since = tonumber(noted or '')
  if not owner or noted == 'told' then return end
  if redis.call('EXISTS', heartbeat_key(uid)) == 0 then return end
  if not is_number(since) or since > now then
    redis.call('HSET', notes, uid, whole(now))
  elseif now - since >= patience
    and (notes == UNREADABLE or redis.call('HEXISTS', UNREADABLE, uid) == 0) then
    tell(owner, { message }, now)
    redis.call('HSET', notes, uid, 'told')
  end
end

-- Leave what workers have noted to beat, which tells the end of its own notes.
local function leave_to_beat(uid)
  local since = redis.call('HGET', UNREADABLE_CONFIG, uid)
  if not since then return end
  if redis.call('HGET', UNREADABLE, uid) ~= 'told' then
    redis.call('HSET', UNREADABLE, uid, since)
  end
  redis.call('HDEL', UNREADABLE_CONFIG, uid)
end

-- What could not be read may be readable now: beat looks at once, and tells.
local function look_again(uid, now)
  leave_to_beat(uid)
  if redis.call('HEXISTS', UNREADABLE, uid) == 1 then
    redis.call('ZADD', DUE, 'XX', now, uid)
  end
end
