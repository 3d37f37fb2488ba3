-- Give a begun slot back, to be sent again at once if it is still wanted: its worker
-- shuts down. ARGV: now, uid, run id, token. Answers 1, or 0 when the right was lost.
local now, uid, run_id, token = clock(ARGV[1]), ARGV[2], ARGV[3], tonumber(ARGV[4])
local open = load_held(uid, run_id, token)
if not open then
  return 0
end
count('handed_back')
local reason = unwanted(uid, open)
if reason then
  close_unrun(uid, open, 'skipped', reason)
else
  open.state, open.attempts = 'claimed', open.attempts - 1
  open.wasBegun = true
  save_open(uid, open, now)
  wake()
end
return 1
