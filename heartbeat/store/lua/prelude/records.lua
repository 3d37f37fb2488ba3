-- What is stored, as it is read: records, instants, plans; and a clock that was set back.

-- A record as a table; nil for none, and for one that cannot be read: it must not keep
-- a script from the others.
local function decoded(text)
  if not text then return nil end
  local is_json, value = pcall(cjson.decode, text)
  return is_json and type(value) == 'table' and value or nil
end

-- Instants, lengths and counts; the largest is the end of the year 9999.
local function is_number(value)
  return type(value) == 'number' and value >= 0 and value < 253402300800000
end

-- A number as text; 0 for none, and for one that cannot be read.
local function read_number(text)
  local number = tonumber(text)
  return is_number(number) and number or 0
end

-- Beyond it a number is no longer the one that was written.
local LARGEST_EXACT = 9007199254740991

-- What is counted up here is written into records, which hold 14 digits.
local LARGEST_COUNT = 99999999999999

-- A number that was given at no other time, of versions or of tokens: larger than the one
-- before it, as text. Counting never gets as far as the clock in ms, so there a counter
-- goes on that cannot be read.
local function next_number(counter, before)
  local number = redis.pcall('INCR', counter)
  if type(number) == 'number' and number > 0 and number <= LARGEST_COUNT then
    return number
  end
  before = read_number(before)
  number = math.max(clock(''), before < LARGEST_COUNT and before + 1 or 0)
  redis.call('SET', counter, whole(number))
  return number
end

-- The slot that was claimed last.
local read_last = read_number

-- A claimed slot further ahead of the clock shows that the clock was set back, in ms.
local SET_BACK = 60000

local function is_ahead(last_slot, now)
  return last_slot > now + SET_BACK
end

-- Whether a record can be written again: no number without end, nothing nested.
local function is_plain(record)
  for _, value in pairs(record) do
    local kind = type(value)
    if kind == 'table' or (kind == 'number' and not is_number(value)) then return false end
  end
  return true
end

local function has_numbers(record, ...)
  for _, name in ipairs({ ... }) do
    if not is_number(record[name]) then return false end
  end
  return true
end

local function is_slot(record)
  return type(record.runId) == 'string'
    and is_number(record.slot) and is_number(record.startDeadline)
    and is_number(record.runLimit)
    and (record.closes == nil or is_number(record.closes))
end

local function read_plan(text)
  local plan = decoded(text)
  if plan and is_slot(plan) and (plan.next == nil or is_number(plan.next)) then
    return plan
  end
end

-- Slots from and to, in pairs.
local function read_spans(text)
  local spans = {}
  for _, span in ipairs(decoded(text) or {}) do
    if type(span) == 'table' and is_number(span[1]) and is_number(span[2]) then
      spans[#spans + 1] = span
    end
  end
  return spans
end

-- The config with its inline checklist, which is kept beside a record of version 2.
local function config_of(uid)
  local config, content = unpack(redis.call('HMGET', heartbeat_key(uid), 'config', 'content'))
  if not config or not content or string.sub(config, 1, 6) ~= '{"v":2' then return config end
  return string.sub(config, 1, -2) .. ',"content":' .. cjson.encode(content) .. '}'
end
