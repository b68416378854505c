-- Keeps a message: known ref, else allowances, else append. One atomic step.
-- KEYS[1] stream of the tile  [2] refs of the tile: 'person:ref' -> stream id, '' -> the last id given
-- [3] when the message has its turn, if it was refused before
-- KEYS[4]... the TAT of each allowance, then of each that with those who wait
-- ARGV[1] 'person:ref'  [2] life_ms  [3] QUEUE_MAX_MS  [4] LATE_MAX_MS  [5] KEPT_MS, then cost_ms and
-- tolerance_ms of each allowance, then the entry's fields and values
-- Returns {'known', id} or {'wait', number of the allowance, milliseconds, 1 if it came in its turn} or
-- {'kept', id, id before, entries due to leave}.
local call, stream, refs = redis.call, KEYS[1], KEYS[2]
local found, now = call('HMGET', refs, ARGV[1], ''), now_ms()
local known, last = found[1], found[2]
local oldest = now - ARGV[2]
if known and tonumber(known:match('^%d+')) > oldest then return { 'known', known } end

-- GCRA, as neartalk/limits/gcra.py: TAT is the theoretical arrival time. One further ahead
-- than a whole burst counts as a burst with one act left. Turns as chat/history/turns.py.
local count = (#KEYS - 3) / 2
local held = call('MGET', unpack(KEYS, 3, 3 + count))
local turn = tonumber(held[1] or 0)
local late = turn > 0 and math.min(math.max(0, now - turn), ARGV[4] + 0) or 0
local starts, longest, by = {}, 0, 0
for each = 1, count do
  local cost, tolerance = ARGV[4 + 2 * each] + 0, ARGV[5 + 2 * each] + 0
  local start = math.max(held[1 + each] or 0, now - late)
  if start > now + tolerance + cost then start = now + math.max(0, tolerance) end
  starts[each] = start
  if start - tolerance - now > longest then longest, by = start - tolerance - now, each end
end
if by > 0 and turn > now then return { 'wait', by, math.max(longest, turn - now), 0 } end
if by > 0 then
  -- Behind all that were refused before; one that comes again, only where its place is gone.
  for each = 1, count do
    local cost, tolerance = ARGV[4 + 2 * each] + 0, ARGV[5 + 2 * each] + 0
    if turn == 0 or starts[each] - tolerance > now then
      local key = KEYS[3 + count + each]
      local ahead = tonumber(call('GET', key) or 0)
      if ahead > now + tolerance + cost + ARGV[3] then ahead = 0 end
      local start = math.min(math.max(ahead, starts[each], now), now + tolerance + ARGV[3])
      call('SET', key, start + cost, 'PX', math.max(1, start + cost - now))
      longest = math.max(longest, start - tolerance - now)
    end
  end
  call('SET', KEYS[3], now + longest, 'PX', longest + ARGV[5])
  return { 'wait', by, longest, turn > 0 and 1 or 0 }
end
for each, start in ipairs(starts) do
  local ahead = start + ARGV[4 + 2 * each]
  call('SET', KEYS[3 + each], ahead, 'PX', math.max(1, ahead - now))
end
if turn > 0 then call('DEL', KEYS[3]) end

if not last then
  local newest = call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
  last = newest and newest[1] or '0-0'
end
local id = add(stream, now, last, unpack(ARGV, 6 + 2 * count, #ARGV - 2))
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
