-- Stands before the scripts that add an entry to a stream. `now` is in milliseconds, `last` the id before.
-- Returns the id of the entry.
local function add(stream, now, last, ...)
  local ms, seq = last:match('^(%d+)-(%d+)$')
  local behind = tonumber(ms) < now
  local id = behind and string.format('%.0f-0', now) or string.format('%s-%.0f', ms, seq + 1)
  local kept = redis.pcall('XADD', stream, id, ...)
  if type(kept) == 'string' then return kept end
  -- The stream had a later one, which is gone.
  return redis.call('XADD', stream, '*', ...)
end

