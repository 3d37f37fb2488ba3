-- Become or stay the one who watches. KEYS: the watch. ARGV: holder, lease ms.
-- Answers 1 while the holder has it.
-- A watch that no lease of its holder's ends is nobody's.
local holder, left = redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1])
local is_leased = left >= 0 and left <= tonumber(ARGV[2])
if holder and holder ~= ARGV[1] and is_leased then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
