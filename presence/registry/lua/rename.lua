-- Gives a session another name, while changes are left.
-- KEYS[1] session hash
-- ARGV[1] name  [2] idle_ms
-- Returns 'unknown', 'spent', 'same', 'changed' or, where nobody sees the person, 'unseen'; then the
-- whole hash.
local key = KEYS[1]
local old = redis.call('HMGET', key, 'name', 'renames_left', 'process', 'until_ms')
if not old[1] then return { 'unknown', {} } end
redis.call('PEXPIRE', key, ARGV[2])
local said = 'changed'
if old[1] == ARGV[1] then said = 'same'
elseif tonumber(old[2]) <= 0 then said = 'spent'
else
  redis.call('HSET', key, 'name', ARGV[1])
  redis.call('HINCRBY', key, 'renames_left', -1)
  redis.call('HINCRBY', key, 'version', 1)
  if old[3] == '' and tonumber(old[4]) <= now_ms() then said = 'unseen' end
end
return { said, redis.call('HGETALL', key) }
