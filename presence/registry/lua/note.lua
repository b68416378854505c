-- Keeps an error code for a person, unless they have left: half a session must not come into being.
-- KEYS[1] session hash
-- ARGV[1] error code, or '' to forget it
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], 'note', ARGV[1]) end
