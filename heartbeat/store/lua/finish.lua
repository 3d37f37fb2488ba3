-- Settle a run in one step: its record, the book of troubles, what the owner is told.
-- ARGV: now, uid, run id, token, status, record, version that was judged, revision,
-- book, messages… Answers {'ok'}; {'fenced'} when the right was lost: nothing changes;
-- {'conflict', version, config, revision, book} when book or config changed meanwhile:
-- decide again. A heartbeat that is gone, paused or disabled is recorded and tells
-- nobody; what it found is noted, for when it goes on. A finish whose reply was lost
-- answers 'ok' again. Runs in a row that found nothing to judge are one record.
local now, uid, run_id, token = clock(ARGV[1]), ARGV[2], ARGV[3], tonumber(ARGV[4])
local status, record, judged = ARGV[5], ARGV[6], ARGV[7]
local revision, book = ARGV[8], ARGV[9]

local mark = run_id .. '#' .. ARGV[4]
if redis.call('GET', finished_key(uid)) == mark then return { 'ok' } end
local open = load_held(uid, run_id, token)
if not open then
  count('fenced')
  return { 'fenced' }
end

-- Looked up before anything is written: Redis does not undo a script that fails then.
local is_noted = redis.call('HEXISTS', UNREADABLE_CONFIG, uid) == 1
if is_heard(uid, open) then
  local version = redis.call('HGET', heartbeat_key(uid), 'version')
  local current, text = load_book(uid)
  if current ~= revision or version ~= judged then
    return { 'conflict', version, config_of(uid), current, text }
  end
  tell(owner_of(uid), rest(10), now)
  if book ~= '' then save_book(uid, book) end
  redis.call('HDEL', heartbeat_key(uid), 'unheard')
elseif status == 'alert' or status == 'unknown' then
  note_unheard(uid, open)
end
local run = decoded(record)
if status == 'skipped' and not run.items then
  push_unjudged(uid, status, run.reason, one_slot(open))
else
  push_run(uid, record)
end
redis.call('SET', finished_key(uid), mark, 'EX', 86400)
redis.call('HSET', STATISTICS, 'last_finished_ms', whole(now))
count('finished')
count('finished_' .. status)
if is_noted then look_again(uid, now) end
close_open(uid)
return { 'ok' }
