-- Give a client's name to a connection, and say so to all gateways: of several connections
-- of a name, at whichever gateways, the one with the highest number has it.
-- KEYS: the owner's names, the gateways' channel. ARGV: owner, client, most names, seconds
-- kept. Answers the number, which is higher than any the owner was given before, also
-- where those were lost.
local time = redis.call('TIME')
local number = time[1] * 1000000 + time[2]
local top = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
if top and tonumber(top) and tonumber(top) >= number and tonumber(top) < LARGEST_EXACT then
  number = tonumber(top) + 1
end
local text = whole(number)
redis.call('ZADD', KEYS[1], text, ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[4])
redis.call('PUBLISH', KEYS[2], 'name ' .. text .. ' ' .. ARGV[1] .. ' ' .. ARGV[2])
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - ARGV[3])
return text
