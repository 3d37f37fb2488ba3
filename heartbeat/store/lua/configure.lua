-- Create or update a heartbeat. ARGV: now, uid, owner, config, timing, queue, enabled,
-- plan ('' when not enabled), most heartbeats of an owner, the only version to replace
-- ('': any), the inline checklist or '', the config with it in one as it was once stored,
-- and of slots that nobody has claimed: base, missed, dropped (as JSON or '').
-- Answers {outcome, version}; 'outdated' when another version holds, or none; 'limit' and
-- 'left' when its owner has too many heartbeats, or messages left on queues; 'behind'
-- with the last claimed slot when the plan is not after it: no slot fires again because
-- a config changed; 'unclaimed' or 'passed' when slots are to be counted first.
-- Only another timing takes slots away. A slot that is due already is the same slot
-- under a new name or a new model, and the next may be a week away.
local now, uid, owner = clock(ARGV[1]), ARGV[2], ARGV[3]
local config, timing, queue = ARGV[4], ARGV[5], ARGV[6]
local enabled, plan, most, only = ARGV[7], ARGV[8], tonumber(ARGV[9]), ARGV[10]
local content, in_one = ARGV[11], ARGV[12]
local base, missed, dropped = ARGV[13], ARGV[14], ARGV[15]

local key = heartbeat_key(uid)
local known = redis.call('HMGET', key, 'config', 'version', 'last_slot', 'paused', 'queue',
  'timing', 'enabled', 'plan', 'content')
if only ~= '' and known[2] ~= only then return { 'outdated', known[2] or '0' } end
local is_same = known[1] == config and (known[9] or '') == content
if is_same or (content ~= '' and known[1] == in_one) then
  return { 'unchanged', known[2] }
end
if not known[1] and redis.call('SCARD', owner_key(owner)) >= most then
  return { 'limit', '0' }
end
if only == '' and known[5] ~= queue and redis.call('SCARD', left_key(uid)) >= most then
  return { 'left', '0' }
end
local last_slot = read_last(known[3])
if plan ~= '' and cjson.decode(plan).slot <= last_slot then
  return { 'behind', whole(last_slot) }
end

local before = known[7] == '1' and not known[4] and read_plan(known[8]) or nil
local is_same_timing = enabled == '1' and known[6] == timing
local keeps_plan = before and is_same_timing
local uncounted, is_counted
if not keeps_plan then
  -- A heartbeat that is enabled again goes on with its plan; what is before it has passed.
  local is_enabled_again = known[7] ~= '1' and plan ~= ''
  local before_plan = is_enabled_again and cjson.decode(plan).slot - 1 or now
  uncounted, is_counted = look_behind(uid, math.min(now, before_plan), base)
  if uncounted then return uncounted end
end

local version = next_number(VERSIONS, known[2])
redis.call('HSET', key, 'config', config, 'timing', timing, 'queue', queue,
  'owner', owner, 'enabled', enabled, 'version', version, 'updated', now)
if content == '' then
  redis.call('HDEL', key, 'content')
else
  redis.call('HSET', key, 'content', content)
end
redis.call('SADD', owner_key(owner), uid)
if known[5] ~= queue then
  if known[5] then leave_message(uid, known[5]) end
  find_message(uid, queue)
end

-- The open slot goes on under the new version, its message on the new queue.
local function carry_over(open)
  local deadline = redis.call('ZSCORE', OPEN, uid) or now
  open.version = version
  if open.queue ~= queue then
    leave_message(uid, open.queue)
    open.queue = queue
    if open.state == 'published' then open.state, deadline = 'claimed', now end
  end
  keep_open(uid, open, deadline)
end

local reason = enabled == '1' and 'reconfigured' or 'disabled'
local open = load_open(uid)
local is_wanted = open and not open.deleted and enabled == '1'
if is_wanted and (is_same_timing or not open.grid) then
  carry_over(open)
else
  drop_unbegun(uid, reason, now)
end
if is_counted then settle_unclaimed(uid, missed, dropped, reason) end
if not keeps_plan then
  set_plan(uid, known[4] and '' or plan, now)
elseif before.slot > last_slot then
  redis.call('ZADD', DUE, before.slot, uid)
end
look_again(uid, now)
count('configured')
wake()
return { known[1] and 'updated' or 'created', whole(version) }
