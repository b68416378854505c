-- Keeps a message: known ref, else allowance, else append. One atomic step.
-- KEYS[1] stream of the tile  [2] refs of the tile: 'person:ref' -> stream id  [3] the person's TAT
-- ARGV[1] 'person:ref'  [2] life_ms  [3] interval_ms  [4] tolerance_ms, then the entry's fields and values
-- Returns {'known', id} or {'wait', milliseconds} or {'kept', id, id before}.
local known = redis.call('HGET', KEYS[2], ARGV[1])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local oldest = string.format('%.0f', now - tonumber(ARGV[2]))
if known and tonumber(known:match('^%d+')) > tonumber(oldest) then return { 'known', known } end

-- GCRA, as neartalk/limits.py: TAT is the theoretical arrival time.
local tat = tonumber(redis.call('GET', KEYS[3]) or 0)
local start = math.max(tat, now)
local wait = start - tonumber(ARGV[4]) - now
if wait > 0 then return { 'wait', wait } end
local ahead = start + tonumber(ARGV[3])
redis.call('SET', KEYS[3], string.format('%.0f', ahead), 'PX', math.max(1, ahead - now))

-- Refs leave with their message; a few each time keep pace with one append each time.
for _, entry in ipairs(redis.call('XRANGE', KEYS[1], '-', oldest, 'COUNT', 16)) do
  local fields = {}
  for i = 1, #entry[2], 2 do fields[entry[2][i]] = entry[2][i + 1] end
  redis.call('HDEL', KEYS[2], fields.person .. ':' .. fields.ref)
  redis.call('XDEL', KEYS[1], entry[1])
end

local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
local id = redis.call('XADD', KEYS[1], '*', unpack(ARGV, 5))
redis.call('HSET', KEYS[2], ARGV[1], id)
local keep = tonumber(ARGV[2]) + 60000
redis.call('PEXPIRE', KEYS[1], keep)
redis.call('PEXPIRE', KEYS[2], keep)
return { 'kept', id, last[1] and last[1][1] or '0-0' }
