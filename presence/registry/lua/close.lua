-- Ends a session.
-- KEYS[1] session hash
-- Returns what time it is, in ms, and the whole hash as it was.
local found = redis.call('HGETALL', KEYS[1])
redis.call('DEL', KEYS[1])
return { now_ms(), found }
