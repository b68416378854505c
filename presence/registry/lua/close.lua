-- Ends a session.
-- KEYS[1] session hash
-- Returns the whole hash as it was.
local found = redis.call('HGETALL', KEYS[1])
redis.call('DEL', KEYS[1])
return found
