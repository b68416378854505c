-- Stands before each script that calls it: what time it is, in milliseconds. No script asks TIME itself.
-- The last of ARGV, as neartalk/redis/node_clock.py has them: ahead_ms, and what time it is at least by now.
local function now_ms()
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[#ARGV - 1]
  local least = tonumber(ARGV[#ARGV])
  -- A clock that was set back this moment is not believed.
  return now < least - 5000 and least or now
end

