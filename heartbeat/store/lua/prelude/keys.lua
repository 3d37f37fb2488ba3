-- Names of keys, the clock, the counters. The keys and their contents are described in
-- keys.py. All of this folder is put before every script.
--
-- Redis does not undo a script that fails half-way, and a full server looks only at its
-- first write. So that one always adds something, and deletions come last: a full
-- server then refuses a script as a whole.

local ROOT = '{hb}:'
local DUE, OPEN, QUEUES = ROOT .. 'due', ROOT .. 'open', ROOT .. 'queues'
local VERSIONS, TOKENS = ROOT .. 'versions', ROOT .. 'tokens'
local STATISTICS, WAKE = ROOT .. 'statistics', ROOT .. 'wake'
local UNTOLD, TOGETHER = ROOT .. 'untold', ROOT .. 'together'
local UNBEGUN = ROOT .. 'unbegun'
local GATES, UNREADABLE = ROOT .. 'gates', ROOT .. 'unreadable'
local UNREADABLE_CONFIG = ROOT .. 'unreadable-config'

local KEPT_RUNS, KEPT_RUN_BYTES, KEPT_SECONDS = 200, 524288, 604800
local KEPT_ALERTS = 1000

-- A uid is `<owner>:<scheduleId>`.
local function owner_of(uid) return string.match(uid, '^[^:]*') end

local function heartbeat_key(uid) return ROOT .. 'heartbeat:' .. uid end
local function open_key(uid) return ROOT .. 'open:' .. uid end
local function runs_key(uid) return ROOT .. 'runs:' .. uid end
local function runs_bytes_key(uid) return ROOT .. 'runs-bytes:' .. uid end
local function book_key(uid) return ROOT .. 'book:' .. uid end
local function compiled_key(uid) return ROOT .. 'compiled:' .. uid end
local function finished_key(uid) return ROOT .. 'finished:' .. uid end
local function owner_key(owner) return ROOT .. 'owner:' .. owner end
local function waiting_key(queue) return ROOT .. 'waiting:' .. queue end

-- A number without a fraction as text. `tostring` would round instants, and '%.0f' takes
-- more than twice as long.
local function whole(number) return string.format('%d', number) end

local function clock(given)
  if given ~= '' then return tonumber(given) end
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- A counter that cannot be read begins anew: it must not keep anything from happening.
local function count(name, by)
  local answer = redis.pcall('HINCRBY', STATISTICS, name, by or 1)
  if type(answer) == 'number' then return end
  if string.find(tostring(answer.err), 'WRONGTYPE') then redis.call('DEL', STATISTICS) end
  redis.call('HSET', STATISTICS, name, by or 1)
end
