-- Add to what was spent in a UTC day; return what it has come to: the fleet's, then of
-- each account its owner's and its own.
-- ARGV: day, most heartbeats of an owner kept apart, then of each account its owner,
-- scheduleId and usage. The last sum of an owner holds all of its accounts here.
local KEPT_USAGE_SECONDS = 35 * 86400
local day, most = ARGV[1], tonumber(ARGV[2])
local USAGE, TOTAL, OTHERS = ROOT .. 'usage:', '*', '?'

-- Sums as they are written; none of what is no line of them.
local function numbers(text)
  local found = {}
  if not string.find(text, '^[%d ]+$') then return found end
  for number in string.gmatch(text, '%d+') do
    if tonumber(number) > LARGEST_EXACT then return {} end
    found[#found + 1] = tonumber(number)
  end
  return found
end

local function spend(key, field, usage)
  local known = redis.call('HGET', key, field)
  local sums, added, texts, is_more = numbers(known or ''), numbers(usage), {}, false
  if #sums ~= #added then sums = {} end
  for index, number in ipairs(added) do
    is_more = is_more or number > 0
    texts[index] = whole((sums[index] or 0) + number)
  end
  local text = table.concat(texts, ' ')
  if is_more then
    redis.call('HSET', key, field, text)
    redis.call('EXPIRE', key, KEPT_USAGE_SECONDS)
  end
  return text
end

local function field_of(key, schedule_id)
  if redis.call('HEXISTS', key, schedule_id) == 1
    or redis.call('HLEN', key) <= most then return schedule_id end
  return OTHERS
end

local fleet_key = USAGE .. day
local answer = { redis.call('HGET', fleet_key, TOTAL) or '' }
for index = 3, #ARGV, 3 do
  local owner, schedule_id, usage = ARGV[index], ARGV[index + 1], ARGV[index + 2]
  local key = USAGE .. day .. ':' .. owner
  answer[1] = spend(fleet_key, TOTAL, usage)
  answer[#answer + 1] = spend(key, TOTAL, usage)
  answer[#answer + 1] = spend(key, field_of(key, schedule_id), usage)
end
return answer
