-- Moves a session: cell, radius, roughness, holder, version, trail of tiles left.
-- KEYS[1] session hash
-- ARGV[1] cell ("": it stays where it is)  [2] radius_m  [3] process ("" for none)  [4] idle_ms  [5] http_only_ms
-- ARGV[6] trail_ms  [7] most tiles in the trail  [8] who held it, if only then the holder changes; '-' for anybody
-- ARGV[9] roughness, with the cell
-- Returns the cell before, then the whole hash; nothing where the session is unknown.
local key = KEYS[1]
if redis.call('EXISTS', key) == 0 then return {} end
local now = now_ms()
local old = redis.call('HMGET', key, 'cell', 'radius_m', 'trail', 'process', 'until_ms', 'roughness')
local process = ARGV[3]
if ARGV[8] ~= '-' and old[4] ~= ARGV[8] then process = old[4] end
local before = old[1]
-- A session that the release before opened has none.
local was_rough = old[6] or 'block'
local cell, radius_m, roughness = ARGV[1], ARGV[2], ARGV[9]
if cell == '' then cell, radius_m, roughness = old[1], old[2], was_rough end
local stays = before == cell and was_rough == roughness
-- Whoever was listed nowhere comes anew.
local was_here = stays and (old[4] ~= '' or tonumber(old[5]) > now)
if not was_here then redis.call('HSET', key, 'cell_ms', string.format('%.0f', now)) end
if not stays or old[2] ~= radius_m then
  redis.call('HSET', key, 'cell', cell, 'radius_m', radius_m, 'roughness', roughness,
    'placed_ms', string.format('%.0f', now))
end
local trail, fresh = cjson.decode(old[3]), {}
for _, left in ipairs(trail) do
  if left[2] > now - tonumber(ARGV[6]) then fresh[#fresh + 1] = left end
end
if before ~= '' and before:sub(1, 6) ~= cell:sub(1, 6) then
  fresh[#fresh + 1] = { before:sub(1, 6), now }
end
while #fresh > tonumber(ARGV[7]) do table.remove(fresh, 1) end
local until_ms = 0
if process == '' then until_ms = now + tonumber(ARGV[5]) end
redis.call('HSET', key, 'process', process, 'until_ms', string.format('%.0f', until_ms),
  'trail', #fresh > 0 and cjson.encode(fresh) or '[]')
redis.call('HINCRBY', key, 'version', 1)
redis.call('PEXPIRE', key, ARGV[4])
return { before, redis.call('HGETALL', key) }
