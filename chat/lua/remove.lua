-- Takes a message back; a removal stands in the stream in its place.
-- KEYS[1] stream of the tile
-- ARGV[1] stream id of the message  [2] person  [3] public id  [4] life_ms
-- Returns {} where there is no such message of this person, else {id of the removal, id before}.
local found = redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1])
if not found[1] then return {} end
local fields = {}
for i = 1, #found[1][2], 2 do fields[found[1][2][i]] = found[1][2][i + 1] end
if fields.gone or fields.person ~= ARGV[2] then return {} end
redis.call('XDEL', KEYS[1], ARGV[1])
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
local id = redis.call('XADD', KEYS[1], '*', 'gone', ARGV[3], 'person', fields.person, 'ref', fields.ref)
redis.call('PEXPIRE', KEYS[1], tonumber(ARGV[4]) + 60000)
return { id, last[1] and last[1][1] or '0-0' }
