-- Writes callers, unless one that was read for it has changed since. One atomic step.
-- KEYS[1..n] the callers that were read, then the set of a district for each move
-- ARGV[1] n  [2] keep_ms, then for each caller its version ('' for none) and what is kept of it now
-- ('' to leave it), then for each move the person and 'in' or 'out'
-- Returns 1, or 0 where another transaction was quicker: then nothing is written.
local call, count, keep = redis.call, tonumber(ARGV[1]), ARGV[2]
local found = call('MGET', unpack(KEYS, 1, count))
for each = 1, count do
  local version = found[each] and found[each]:match('^%d+') or ''
  if version ~= ARGV[1 + 2 * each] then return 0 end
end
for each = 1, count do
  local entry = ARGV[2 + 2 * each]
  if entry ~= '' then call('SET', KEYS[each], entry, 'PX', keep) end
end
for each = count + 1, #KEYS do
  local person, way = ARGV[1 + 2 * each], ARGV[2 + 2 * each]
  if way == 'in' then
    call('SADD', KEYS[each], person)
    call('PEXPIRE', KEYS[each], keep)
  else
    call('SREM', KEYS[each], person)
  end
end
return 1
