-- Counts what happened lately to several subjects, and adds one to each if it may. One atomic step.
-- KEYS the times of each, sorted sets; one may come several times
-- ARGV what is added, or nothing; how long (ms) it is kept; for each key a period (ms) and how many
--   there may be in it before
-- Returns 1 if one was added to each, else 0; then for each key how many there were in its period,
--   and after how many milliseconds the oldest of them is no longer.
local call = redis.call
local now = now_ms()
local member, kept = ARGV[1], ARGV[2]

local found, may = { 0 }, member ~= ''
for each, key in ipairs(KEYS) do
  local period, most = tonumber(ARGV[2 * each + 1]), tonumber(ARGV[2 * each + 2])
  -- What is further ahead was added before the clock was set back: it is over.
  local from, to = '(' .. now - period, now + 60000
  local count = call('ZCOUNT', key, from, to)
  local oldest = call('ZRANGEBYSCORE', key, from, to, 'WITHSCORES', 'LIMIT', 0, 1)
  local left = oldest[2] and math.min(period, oldest[2] + period - now) or 0
  found[2 * each], found[2 * each + 1] = count, left
  may = may and count < most
end
if not may then return found end

found[1] = 1
for _, key in ipairs(KEYS) do
  call('ZREMRANGEBYSCORE', key, '-inf', now - kept)
  call('ZADD', key, now, member)
  call('PEXPIRE', key, kept)
end
return found
