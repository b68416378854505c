-- Keeps by what a person is reached who is away, or forgets it.
-- KEYS[1] session hash
-- ARGV[1] the subscription, or '' to forget it  [2] the endpoint that it is to be then, or '' for any
-- Returns 'unknown', '' where nothing is to be published, 'changed', 'unseen' or, of whoever was away, 'left'; then
-- the whole hash; what time it is, in ms, and until when they would have been away.
local key, push, endpoint = KEYS[1], ARGV[1], ARGV[2]
local old = redis.call('HMGET', key, 'version', 'push', 'reachable', 'process', 'until_ms')
if not old[1] then return { 'unknown', {} } end
if push ~= '' then
  redis.call('HSET', key, 'push', push)
  if old[3] == '1' then return { '', {} } end
  redis.call('HSET', key, 'reachable', '1')
else
  if not old[2] or (endpoint ~= '' and cjson.decode(old[2])[1] ~= endpoint) then return { '', {} } end
  redis.call('HDEL', key, 'push')
  redis.call('HSET', key, 'reachable', '')
end
redis.call('HINCRBY', key, 'version', 1)
local said, now = 'changed', now_ms()
if push == '' and old[4] == '' then
  redis.call('HSET', key, 'until_ms', '0')
  said = 'left'
elseif old[4] == '' and tonumber(old[5]) <= now then said = 'unseen' end
return { said, redis.call('HGETALL', key), now, old[5] }
