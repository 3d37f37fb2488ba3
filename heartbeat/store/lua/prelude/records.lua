-- What is stored, as it is read: records, instants, plans; and a clock that was set back.

-- A record as a table; nil for none, and for one that cannot be read: it must not keep
-- a script from the others.
local function decoded(text)
  local is_json, value = pcall(cjson.decode, text or '')
  return is_json and type(value) == 'table' and value or nil
end

-- Instants, lengths and counts; the largest is the end of the year 9999.
local function is_number(value)
  return type(value) == 'number' and value >= 0 and value < 253402300800000
end

-- The slot that was claimed last; 0 for none, and for one that cannot be read.
local function read_last(text)
  local last = tonumber(text)
  return is_number(last) and last or 0
end

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
    and has_numbers(record, 'slot', 'startDeadline', 'runLimit')
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
