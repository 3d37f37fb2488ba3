-- Become or stay the one who watches. KEYS: the watch. ARGV: holder, lease ms.
-- Answers 1 while the holder has it.
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
