-- A process lets go of a session whose last socket is gone; who is reachable by push is away from then on.
-- KEYS[1] session hash
-- ARGV[1] process  [2] idle_ms
-- Returns what time it is, in ms, and the whole hash; nothing where another process holds the session by now.
local key, now = KEYS[1], now_ms()
local old = redis.call('HMGET', key, 'process', 'reachable')
if old[1] ~= ARGV[1] then return {} end
local away = old[2] == '1'
redis.call('HSET', key, 'process', '', 'until_ms', away and string.format('%.0f', now + ARGV[2]) or '0')
redis.call('HINCRBY', key, 'version', 1)
if away then redis.call('PEXPIRE', key, ARGV[2]) end
return { now, redis.call('HGETALL', key) }
