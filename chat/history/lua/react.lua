-- Sets, changes or takes back what a person chose of a message, counts anew, and appends that to the
-- stream in place of the entry that said so before. One atomic step.
-- KEYS[1] stream of the tile  [2] refs of the tile: '' -> the last id given, '@' and the stream id of
--   a message -> the entry that has its counts
-- [3] choices of the message: person -> choice, '#' and a word -> its count, '#' -> how often any changed
-- [4] the TAT of the person's allowance
-- ARGV[1] stream id of the message  [2] its author  [3] its ref  [4] its public id  [5] life_ms
-- [6] person  [7] word, or '' to take it back  [8] choice, whose first text is the word
-- [9] cost_ms  [10] tolerance_ms, then all words
-- Returns {'gone'}, {'same'}, {'wait', milliseconds}, or {'kept', id, id before, changes, counts}.
local call, stream, refs, choices = redis.call, KEYS[1], KEYS[2], KEYS[3]
local now, sent = now_ms(), tonumber(ARGV[1]:match('^%d+'))
local found = call('XRANGE', stream, ARGV[1], ARGV[1])[1]
if not found or sent <= now - ARGV[5] then return { 'gone' } end
local fields = {}
for i = 1, #found[2], 2 do fields[found[2][i]] = found[2][i + 1] end
if not fields.text or fields.person ~= ARGV[2] or fields.ref ~= ARGV[3] then return { 'gone' } end

local person, word = ARGV[6], ARGV[7]
local held = call('HGET', choices, person)
local before = held and held:match('^%["([^"]*)"') or ''
if before == word then return { 'same' } end

-- GCRA, as neartalk/limits/gcra.py.
local cost, tolerance = ARGV[9] + 0, ARGV[10] + 0
local start = math.max(tonumber(call('GET', KEYS[4]) or 0), now)
if start > now + tolerance + cost then start = now + math.max(0, tolerance) end
if start - tolerance > now then return { 'wait', start - tolerance - now } end
if cost > 0 then call('SET', KEYS[4], start + cost, 'PX', math.max(1, start + cost - now)) end

if before ~= '' then call('HINCRBY', choices, '#' .. before, -1) end
if word == '' then
  call('HDEL', choices, person)
else
  call('HSET', choices, person, ARGV[8])
  call('HINCRBY', choices, '#' .. word, 1)
end
local changes = call('HINCRBY', choices, '#', 1)
call('PEXPIRE', choices, sent + ARGV[5] - now)
local counts = {}
for each = 11, #ARGV do
  local count = tonumber(call('HGET', choices, '#' .. ARGV[each]) or 0)
  if count > 0 then counts[#counts + 1] = string.format('%s:%.0f', ARGV[each], count) end
end
counts = table.concat(counts, ' ')

local marked, last = '@' .. ARGV[1], call('HGET', refs, '')
if not last then last = call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1][1] end
local older = call('HGET', refs, marked)
if older then call('XDEL', stream, older) end
-- `ref` stands for those that trim: they look for one.
local id = add(stream, now, last, 'reacted', ARGV[4], 'counts', counts, 'changes', changes,
  'by', person, 'reaction', word, 'person', fields.person, 'ref', '',
  'cell', fields.cell, 'radius_m', fields.radius_m, 'roughness', fields.roughness or '')
call('HSET', refs, marked, id, '', id)
local keep = ARGV[5] + 60000
call('PEXPIRE', stream, keep)
call('PEXPIRE', refs, keep)
return { 'kept', id, last, changes, counts }
