-- Notes on one of two sessions that a block stands between them.
-- KEYS[1] session hash
-- ARGV[1] 'blocked' or 'blocked_by'  [2] person_id of the other  [3] most of them, or 0 for any number
-- Returns 'unknown', 'spent', 'changed' (also the second time) or, where nobody sees the person,
-- 'unseen'; then the whole hash.
local key, field, other = KEYS[1], ARGV[1], ARGV[2]
local old = redis.call('HMGET', key, field, 'process', 'until_ms')
if not old[1] then return { 'unknown', {} } end
local count = select(2, old[1]:gsub('%x+:', ''))
local now = now_ms()
if not old[1]:find(other .. ':', 1, true) then
  if count >= tonumber(ARGV[3]) and ARGV[3] ~= '0' then return { 'spent', {} } end
  redis.call('HSET', key, field, string.format('%s%s:%.0f ', old[1], other, now))
  redis.call('HINCRBY', key, 'version', 1)
end
local unseen = old[2] == '' and tonumber(old[3]) <= now
return { unseen and 'unseen' or 'changed', redis.call('HGETALL', key) }
