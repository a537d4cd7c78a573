-- Enters what people have now. KEYS: epoch, known, bytes, counts, total, expiry, all of the books of all.
-- ARGV: the epoch the accounts were taken in, the total cap, then person, number, bytes, entries and
-- first expiry of each. An account is absolute and numbered: one that comes late changes nothing.
-- Returns whether the epoch is still current, bytes above the cap, and to make room: people of whom
-- something has expired, or else the two who have most, with their bytes.
local function whole(number)
  return string.format('%.0f', number)
end
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {0, 0, {}, {}} end
for i = 3, #ARGV, 5 do
  local person, number = ARGV[i], tonumber(ARGV[i + 1])
  local bytes, entries, expires = tonumber(ARGV[i + 2]), tonumber(ARGV[i + 3]), ARGV[i + 4]
  local last = tonumber(redis.call('ZSCORE', KEYS[2], person) or '-1')
  if last < number then
    redis.call('ZADD', KEYS[2], ARGV[i + 1], person)
    local had_bytes = tonumber(redis.call('ZSCORE', KEYS[3], person) or '0')
    local had_entries = tonumber(redis.call('HGET', KEYS[4], person) or '0')
    redis.call('HINCRBY', KEYS[5], 'bytes', whole(bytes - had_bytes))
    redis.call('HINCRBY', KEYS[5], 'entries', whole(entries - had_entries))
    if entries > 0 then
      redis.call('ZADD', KEYS[3], whole(bytes), person)
      redis.call('HSET', KEYS[4], person, whole(entries))
      redis.call('ZADD', KEYS[6], expires, person)
    else
      redis.call('ZREM', KEYS[3], person)
      redis.call('HDEL', KEYS[4], person)
      redis.call('ZREM', KEYS[6], person)
    end
  end
end
local above = tonumber(redis.call('HGET', KEYS[5], 'bytes') or '0') - tonumber(ARGV[2])
if above <= 0 then return {1, 0, {}, {}} end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local due = redis.call('ZRANGEBYSCORE', KEYS[6], '-inf', '(' .. whole(now), 'LIMIT', 0, 100)
if #due > 0 then return {1, above, due, {}} end
return {1, above, {}, redis.call('ZREVRANGE', KEYS[3], 0, 1, 'WITHSCORES')}
