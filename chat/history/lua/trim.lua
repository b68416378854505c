-- Deletes the expired entries of one tile, their refs, and the counts of their reactions.
-- KEYS[1] stream of the tile  [2] refs of the tile, '' -> the last id given, '@' and a stream id ->
--   the entry with the counts of its reactions
-- ARGV[1] life_ms  [2] most entries at once
-- Returns in how many ms the next entry is due (at most 0: now), or nil where none is left.
local call, stream, refs = redis.call, KEYS[1], KEYS[2]
local oldest = now_ms() - ARGV[1]
for _, entry in ipairs(call('XRANGE', stream, '-', oldest, 'COUNT', ARGV[2])) do
  local fields = {}
  for i = 1, #entry[2], 2 do fields[entry[2][i]] = entry[2][i + 1] end
  -- The same ref may have been sent again since: then it stays with its new message.
  local ref = fields.person .. ':' .. fields.ref
  local id = call('HGET', refs, ref)
  if id and tonumber(id:match('^%d+')) <= oldest then call('HDEL', refs, ref) end
  local counts = call('HGET', refs, '@' .. entry[1])
  if counts then
    call('XDEL', stream, counts)
    call('HDEL', refs, '@' .. entry[1])
  end
  call('XDEL', stream, entry[1])
end
local first = call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
if first then return first[1]:match('^%d+') - oldest end
call('HDEL', refs, '')
return nil
