-- Counts which members a subject had lately, and adds or removes one before. One atomic step.
-- KEYS[1] the members, a sorted set by when each was added last
-- ARGV[1] 'add', 'remove' or 'count'  [2] the member, or ''  [3] period (ms): none is kept for longer
-- Returns how many were added within the period.
local call, key, now = redis.call, KEYS[1], now_ms()
local act, member, period = ARGV[1], ARGV[2], tonumber(ARGV[3])
if act == 'add' then
  call('ZREMRANGEBYSCORE', key, '-inf', now - period)
  call('ZADD', key, now, member)
  call('PEXPIRE', key, period)
elseif act == 'remove' then
  call('ZREM', key, member)
end
-- What is further ahead was added before the clock was set back: it is over.
return call('ZCOUNT', key, '(' .. now - period, now + 60000)
