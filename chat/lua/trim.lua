-- Deletes what has lived its time in one tile, and its refs.
-- KEYS[1] stream of the tile  [2] refs of the tile
-- ARGV[1] life_ms  [2] most entries at once
-- Returns when the next entry is due in ms, or 0 where none is left.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local oldest = string.format('%.0f', now - tonumber(ARGV[1]))
for _, entry in ipairs(redis.call('XRANGE', KEYS[1], '-', oldest, 'COUNT', ARGV[2])) do
  local fields = {}
  for i = 1, #entry[2], 2 do fields[entry[2][i]] = entry[2][i + 1] end
  redis.call('HDEL', KEYS[2], fields.person .. ':' .. fields.ref)
  redis.call('XDEL', KEYS[1], entry[1])
end
local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)
if not first[1] then return 0 end
return tonumber(first[1][1]:match('^%d+')) + tonumber(ARGV[1])
