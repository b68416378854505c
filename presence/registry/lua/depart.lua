-- A process lets go of a session whose last socket is gone.
-- KEYS[1] session hash
-- ARGV[1] process
-- Returns what time it is, in ms, and the whole hash; nothing where another process holds the session by now.
local key = KEYS[1]
if redis.call('HGET', key, 'process') ~= ARGV[1] then return {} end
redis.call('HSET', key, 'process', '', 'until_ms', '0')
redis.call('HINCRBY', key, 'version', 1)
return { now_ms(), redis.call('HGETALL', key) }
