-- Registers a session again that a restart of the store has lost.
-- KEYS[1] session hash
-- ARGV[1] idle_ms, then field, value, field, value ...
-- Returns 1 if it was lost, else 0: what stands there is newer.
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
