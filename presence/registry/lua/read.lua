-- Reads a session and the time.
-- KEYS[1] session hash
-- Returns what time it is, in ms, and the whole hash.
return { now_ms(), redis.call('HGETALL', KEYS[1]) }
