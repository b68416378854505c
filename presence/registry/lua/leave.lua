-- Takes a person out of a tile.
-- KEYS[1] people of the tile: person_id -> JSON list that begins with the version; 'v' -> changes
-- ARGV[1] person_id  [2] version: an entry as new as this one stays
-- Returns the tile's count of changes, or 0 where nothing changed.
local old = redis.call('HGET', KEYS[1], ARGV[1])
if not old or cjson.decode(old)[1] >= tonumber(ARGV[2]) then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
return redis.call('HINCRBY', KEYS[1], 'v', 1)
