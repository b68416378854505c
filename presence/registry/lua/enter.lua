-- Publishes a person in a tile.
-- KEYS[1] people of the tile: person_id -> JSON list that begins with the version; 'v' -> changes
-- ARGV[1] person_id  [2] version  [3] the JSON list  [4] keep_ms
-- Returns the tile's count of changes, or 0 where what stands there is as new.
local old = redis.call('HGET', KEYS[1], ARGV[1])
if old and cjson.decode(old)[1] >= tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return redis.call('HINCRBY', KEYS[1], 'v', 1)
