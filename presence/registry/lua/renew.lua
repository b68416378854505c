-- Renews the lease of a process, and forgets those that ended long ago.
-- KEYS[1] leases: process -> when it ends, in ms
-- ARGV[1] process  [2] lease_ms
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
