-- Before each script of a person's slot. KEYS: epochs, books, expiry, arrival, index of that person;
-- the layout is described beside the names. Entries are named from these: same tag, same slot.
local epochs, books, expiry, arrival, index = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local base = string.sub(epochs, 1, -7)

local function whole(number)
  return string.format('%.0f', number)
end

local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Takes an entry off the books; the bytes it counted.
local function strike(member)
  redis.call('ZREM', expiry, member)
  redis.call('ZREM', arrival, member)
  local info = redis.call('HGET', books, member)
  if not info then return 0 end
  local report_type, bytes = string.match(info, '^(%S+) (%d+)$')
  redis.call('ZREM', index, report_type .. ' ' .. member)
  redis.call('HDEL', books, member)
  redis.call('HINCRBY', books, '#bytes', '-' .. bytes)
  return tonumber(bytes)
end

-- Strikes what Redis has expired; how many there were.
local function sweep(limit)
  local due = redis.call('ZRANGEBYSCORE', expiry, '-inf', '(' .. whole(now_ms()), 'LIMIT', 0, limit)
  for _, member in ipairs(due) do strike(member) end
  return #due
end

-- Removes the oldest until `bytes` are freed; how many there were, and the members.
local function evict(bytes, limit)
  local removed, members = 0, {}
  while bytes > 0 and #members < limit do
    local member = redis.call('ZRANGE', arrival, 0, 0)[1]
    if not member then break end
    removed = removed + redis.call('UNLINK', base .. member)
    bytes = bytes - strike(member)
    members[#members + 1] = member
  end
  return removed, members
end

-- The next number of this person's account: grows even if its memory was lost.
local function next_number()
  local time = redis.call('TIME')
  local number = time[1] * 1000000 + time[2]
  local last = tonumber(redis.call('HGET', epochs, '#number') or '0')
  if number <= last then number = last + 1 end
  if redis.call('EXISTS', epochs) == 1 then redis.call('HSET', epochs, '#number', whole(number)) end
  return number
end

-- What the person has now: number, bytes, entries, the moment the next one expires.
local function account()
  local entries = redis.call('ZCARD', arrival)
  if entries == 0 then redis.call('DEL', books, index) end
  local bytes = tonumber(redis.call('HGET', books, '#bytes') or '0')
  local first = redis.call('ZRANGE', expiry, 0, 0, 'WITHSCORES')
  return {next_number(), bytes, entries, tonumber(first[2] or '0')}
end
