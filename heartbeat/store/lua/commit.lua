-- Note that messages were sent. ARGV: now, redispatch ms, then rows of uid, run id,
-- version, slot, queue, next plan ('-' when the plan stays, '' when none follows). A row
-- whose slot was begun, dropped or taken over meanwhile changes nothing but its plan, and
-- that only under the version it was made for. A slot that a new version took over is sent
-- again: its message may be on the queue of the old one.
local now, redispatch = clock(ARGV[1]), tonumber(ARGV[2])
local again = whole(now + redispatch)
local published = 0
for index = 3, #ARGV, 6 do
  local uid, run_id, version = ARGV[index], ARGV[index + 1], ARGV[index + 2]
  local slot, queue, plan = tonumber(ARGV[index + 3]), ARGV[index + 4], ARGV[index + 5]
  if publish_claimed(uid, run_id, version, again) then
    note_message(uid, queue)
    published = published + 1
  end
  if plan ~= '-' and is_planned(uid, version, slot) then set_plan(uid, plan, now) end
end
if published > 0 then count('published', published) end
return (#ARGV - 2) / 6
