-- Renews the lease of a process, forgets those that ended long ago, and counts how often the clock was
-- set back.
-- KEYS[1] leases: process -> when it ends, in ms; ':clock' -> the latest time seen; ':turns' -> the count
-- ARGV[1] process  [2] lease_ms  [3] set_back_ms: what is less is no turn
local key = KEYS[1]
local now = now_ms()
local latest = tonumber(redis.call('ZSCORE', key, ':clock') or 0)
if now < latest - ARGV[3] then redis.call('ZINCRBY', key, 1, ':turns') end
if now > latest or now < latest - ARGV[3] then redis.call('ZADD', key, now, ':clock') end
redis.call('ZADD', key, now + ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYSCORE', key, 1e12, now - ARGV[2])
