-- Keep the right to run. ARGV: now, uid, run id, token, lease ms. Answers 1, or 0 when
-- the right is lost: the run must stop, since another may have begun.
local now, uid, run_id = clock(ARGV[1]), ARGV[2], ARGV[3]
local token, lease = tonumber(ARGV[4]), tonumber(ARGV[5])
local open = load_held(uid, run_id, token)
if not open then
  count('lease_lost')
  return 0
end
open.leaseUntil = now + lease
save_open(uid, open, open.leaseUntil)
return 1
