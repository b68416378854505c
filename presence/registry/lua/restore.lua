-- Registers a session again that the store has lost, or holds as it was before.
-- KEYS[1] session hash
-- ARGV[1] idle_ms  [2] the version it had  [3] opened_ms, then field, value, field, value ...
-- Returns 1 if it was lost, else 0: what stands there is as new, or was opened since.
local known = redis.call('HMGET', KEYS[1], 'version', 'opened_ms')
if known[1] and (tonumber(known[1]) >= tonumber(ARGV[2]) or known[2] ~= ARGV[3]) then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV, 4))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
