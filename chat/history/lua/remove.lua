-- Removes a message; a retraction stands in the stream in its place.
-- KEYS[1] stream of the tile  [2] refs of the tile; '' -> the last id given, '@' and a stream id ->
--   the entry with the counts of its reactions  [3] whose it was  [4] choices of the message
-- ARGV[1] stream id of the message  [2] its public id  [3] life_ms
-- Returns {} where it is gone already, else {id of the retraction, id before}.
local found = redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1])
if not found[1] then return {} end
local fields = {}
for i = 1, #found[1][2], 2 do fields[found[1][2][i]] = found[1][2][i + 1] end
local last = redis.call('HGET', KEYS[2], '')
if not last then last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1][1] end
redis.call('XDEL', KEYS[1], ARGV[1])
local counts = redis.call('HGET', KEYS[2], '@' .. ARGV[1])
if counts then
  redis.call('XDEL', KEYS[1], counts)
  redis.call('HDEL', KEYS[2], '@' .. ARGV[1])
  redis.call('DEL', KEYS[4])
end
-- The ref expires with the retraction: until then a resend is answered.
local id = add(KEYS[1], now_ms(), last, 'gone', ARGV[2], 'cell', fields.cell,
  'radius_m', fields.radius_m, 'person', fields.person, 'ref', fields.ref)
redis.call('HSET', KEYS[2], '', id)
-- Whoever removes it again is answered, as long as it would have lived.
local left = ARGV[1]:match('^%d+') + ARGV[3] - id:match('^%d+')
redis.call('SET', KEYS[3], fields.person, 'PX', math.max(1, left))
local keep = ARGV[3] + 60000
redis.call('PEXPIRE', KEYS[1], keep)
redis.call('PEXPIRE', KEYS[2], keep)
return { id, last }
