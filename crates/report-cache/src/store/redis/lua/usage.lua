-- What there is. KEYS: bytes, total, expiry, all of the books of all.
-- Returns entries, bytes, bytes of the person who has most, people of whom something has expired.
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
local largest = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')
return {
  tonumber(redis.call('HGET', KEYS[2], 'entries') or '0'),
  tonumber(redis.call('HGET', KEYS[2], 'bytes') or '0'),
  tonumber(largest[2] or '0'),
  redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', '(' .. now, 'LIMIT', 0, 100),
}
