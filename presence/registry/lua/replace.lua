-- Changes a session that is as it was when it was read.
-- KEYS[1] session hash
-- ARGV[1] the version that was read  [2] idle_ms, then field, value, field, value ...
-- Returns 1, or 0 where another act was quicker.
local key = KEYS[1]
if redis.call('HGET', key, 'version') ~= ARGV[1] then return 0 end
redis.call('HSET', key, unpack(ARGV, 3))
redis.call('PEXPIRE', key, ARGV[2])
return 1
