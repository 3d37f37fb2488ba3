-- Note heartbeats that a beat could not read, and tell their owners once it lasts. ARGV:
-- now, patience ms, then rows of uid and message. Whichever beat reads one again tells
-- that it is over.
local now, patience = clock(ARGV[1]), tonumber(ARGV[2])
for index = 3, #ARGV, 2 do
  leave_to_beat(ARGV[index])
  note_unreadable(UNREADABLE, ARGV[index], ARGV[index + 1], now, patience)
end
return 'ok'
