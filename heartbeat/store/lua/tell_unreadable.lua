-- Tell owners that no worker could read their heartbeats for a while: the next run that
-- shows it may be days away. ARGV: now, patience ms, then rows of uid and message.
local now, patience = clock(ARGV[1]), tonumber(ARGV[2])
for index = 3, #ARGV, 2 do
  if redis.call('HEXISTS', UNREADABLE_CONFIG, ARGV[index]) == 1 then
    note_unreadable(UNREADABLE_CONFIG, ARGV[index], ARGV[index + 1], now, patience)
  end
end
return 'ok'
