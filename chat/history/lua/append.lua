-- Keeps a message: known ref, else allowances, else append. One atomic step.
-- KEYS[1] stream of the tile  [2] refs of the tile: 'person:ref' -> stream id, '' -> the last id given
-- KEYS[3]... the TAT of each allowance
-- ARGV[1] 'person:ref'  [2] life_ms, then cost_ms and tolerance_ms of each allowance, then the entry's
-- fields and values
-- Returns {'known', id} or {'wait', number of the allowance, milliseconds} or {'kept', id, id before,
-- entries due to leave}.
local call, stream, refs = redis.call, KEYS[1], KEYS[2]
local found, now = call('HMGET', refs, ARGV[1], ''), now_ms()
local known, last = found[1], found[2]
local oldest = now - ARGV[2]
if known and tonumber(known:match('^%d+')) > oldest then return { 'known', known } end

-- GCRA, as neartalk/limits/gcra.py: TAT is the theoretical arrival time. One further ahead
-- than a whole burst counts as a burst with one act left.
local starts, longest, by = {}, 0, 0
for each = 1, #KEYS - 2 do
  local cost, tolerance = tonumber(ARGV[2 * each + 1]), tonumber(ARGV[2 * each + 2])
  starts[each] = math.max(tonumber(call('GET', KEYS[each + 2]) or 0), now)
  if starts[each] > now + tolerance + cost then starts[each] = now + math.max(0, tolerance) end
  local wait = starts[each] - ARGV[2 * each + 2] - now
  if wait > longest then longest, by = wait, each end
end
if by > 0 then return { 'wait', by, longest } end
for each, start in ipairs(starts) do
  local ahead = start + ARGV[2 * each + 1]
  call('SET', KEYS[each + 2], ahead, 'PX', math.max(1, ahead - now))
end

if not last then
  local newest = call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
  last = newest and newest[1] or '0-0'
end
local id = add(stream, now, last, unpack(ARGV, 2 * #KEYS - 1, #ARGV - 2))
call('HSET', refs, ARGV[1], id, '', id)

-- The first message of a second renews the expiry of the keys, and says whether entries are due.
local due = 0
if math.floor(last:match('^%d+') / 1000) ~= math.floor(now / 1000) then
  due = #call('XRANGE', stream, '-', oldest, 'COUNT', 1)
  local keep = ARGV[2] + 60000
  call('PEXPIRE', stream, keep)
  call('PEXPIRE', refs, keep)
end
return { 'kept', id, last, due }
