-- Takes a block off one of the two sessions that it stands in.
-- KEYS[1] session hash
-- ARGV[1] 'blocked' or 'blocked_by'  [2] person_id of the other
-- Returns 'unknown', 'changed' (also where it did not stand there) or, where nobody sees the person,
-- 'unseen'; then the whole hash.
local key, field, other = KEYS[1], ARGV[1], ARGV[2]
local old = redis.call('HMGET', key, field, 'process', 'until_ms')
if not old[1] then return { 'unknown', {} } end
local left, count = old[1]:gsub(other .. ':%S* ', '')
if count > 0 then
  redis.call('HSET', key, field, left)
  redis.call('HINCRBY', key, 'version', 1)
end
local unseen = old[2] == '' and tonumber(old[3]) <= now_ms()
return { unseen and 'unseen' or 'changed', redis.call('HGETALL', key) }
