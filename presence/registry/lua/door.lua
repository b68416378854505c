-- A process opens the door in voice of somebody who is held, or closes the one that it has.
-- KEYS[1] session hash; of whoever a process holds 'until_ms' is the number of their door
-- ARGV[1] the number of the process  [2] 1 to open, 0 to close
-- Returns 'changed' (also the second time: what followed may be lost) and the whole hash; '' and nothing
-- of whoever is not held, or where another process has the door that is to be closed.
local key, door, opens = KEYS[1], ARGV[1], ARGV[2] == '1'
local old = redis.call('HMGET', key, 'process', 'until_ms')
if not old[1] or old[1] == '' then return { '', {} } end
if (old[2] == door) ~= opens then
  redis.call('HSET', key, 'until_ms', opens and door or '0')
  redis.call('HINCRBY', key, 'version', 1)
elseif not opens and old[2] ~= '0' then
  return { '', {} }
end
return { 'changed', redis.call('HGETALL', key) }
