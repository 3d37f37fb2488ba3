-- End a run whose heartbeat its worker cannot read: it is recorded, and noted to be told.
-- ARGV: now, uid, run id, token, record, patience ms, message. Answers 1, or 0 when the
-- right was lost: another may have begun it.
local now, uid, run_id, token = clock(ARGV[1]), ARGV[2], ARGV[3], tonumber(ARGV[4])
local open = load_held(uid, run_id, token)
if not open then
  return 0
end
push_run(uid, ARGV[5])
count('unreadable')
count('finished')
count('finished_unknown')
note_unreadable(UNREADABLE_CONFIG, uid, ARGV[7], now, tonumber(ARGV[6]))
close_open(uid)
return 1
