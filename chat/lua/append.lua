-- Keeps a message: known ref, else allowance, else append. One atomic step.
-- KEYS[1] stream of the tile  [2] refs of the tile: 'person:ref' -> stream id, '' -> the last id given
-- KEYS[3] the person's TAT
-- ARGV[1] 'person:ref'  [2] life_ms  [3] interval_ms  [4] tolerance_ms, then the entry's fields and values
-- Returns {'known', id} or {'wait', milliseconds} or {'kept', id, id before, entries due to leave}.
local call, stream, refs = redis.call, KEYS[1], KEYS[2]
local found, time = call('HMGET', refs, ARGV[1], ''), call('TIME')
local known, last = found[1], found[2]
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local oldest = now - ARGV[2]
if known and tonumber(known:match('^%d+')) > oldest then return { 'known', known } end

-- GCRA, as neartalk/limits.py: TAT is the theoretical arrival time.
local start = math.max(tonumber(call('GET', KEYS[3]) or 0), now)
local wait = start - ARGV[4] - now
if wait > 0 then return { 'wait', wait } end
local ahead = start + ARGV[3]
call('SET', KEYS[3], ahead, 'PX', math.max(1, ahead - now))

if not last then
  local newest = call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
  last = newest and newest[1] or '0-0'
end
local id = call('XADD', stream, '*', unpack(ARGV, 5))
call('HSET', refs, ARGV[1], id, '', id)

-- The first message of a second looks after the tile for all that follow within it.
local due = 0
if math.floor(last:match('^%d+') / 1000) ~= math.floor(now / 1000) then
  due = #call('XRANGE', stream, '-', oldest, 'COUNT', 1)
  local keep = ARGV[2] + 60000
  call('PEXPIRE', stream, keep)
  call('PEXPIRE', refs, keep)
end
return { 'kept', id, last, due }
