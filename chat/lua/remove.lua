-- Takes a message back; a removal stands in the stream in its place.
-- KEYS[1] stream of the tile
-- ARGV[1] stream id of the message  [2] its public id  [3] life_ms
-- Returns {} where it is gone already, else {id of the removal, id before}.
local found = redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1])
if not found[1] then return {} end
local fields = {}
for i = 1, #found[1][2], 2 do fields[found[1][2][i]] = found[1][2][i + 1] end
redis.call('XDEL', KEYS[1], ARGV[1])
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
-- The ref leaves with the removal: until then a resend is answered.
local id = redis.call('XADD', KEYS[1], '*', 'gone', ARGV[2], 'cell', fields.cell,
  'radius_m', fields.radius_m, 'person', fields.person, 'ref', fields.ref)
redis.call('PEXPIRE', KEYS[1], tonumber(ARGV[3]) + 60000)
return { id, last[1] and last[1][1] or '0-0' }
