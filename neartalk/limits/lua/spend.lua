-- Spends an act of every allowance, or of none. One atomic step.
-- KEYS the TAT of each
-- ARGV for each key its cost_ms, tolerance_ms and saved_ms
-- Returns the number of the key that makes one wait, and how many milliseconds; 0 and 0 if none.
local call = redis.call
local now = now_ms()

-- GCRA, as neartalk/limits/gcra.py: TAT is the theoretical arrival time. One further ahead
-- than a whole burst counts as a burst with one act left.
local starts, longest, by = {}, 0, 0
for each, key in ipairs(KEYS) do
  local cost, tolerance = tonumber(ARGV[3 * each - 2]), tonumber(ARGV[3 * each - 1])
  starts[each] = math.max(tonumber(call('GET', key) or now), now - ARGV[3 * each])
  if starts[each] > now + tolerance + cost then starts[each] = now + math.max(0, tolerance) end
  local wait = starts[each] - ARGV[3 * each - 1] - now
  if wait > longest then longest, by = wait, each end
end
if by > 0 then return { by, longest } end

for each, key in ipairs(KEYS) do
  local ahead = starts[each] + ARGV[3 * each - 2]
  call('SET', key, ahead, 'PX', math.max(1, ahead - now + ARGV[3 * each]))
end
return { 0, 0 }
