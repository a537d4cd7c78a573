-- Stores an entry if its epoch of the person is current. KEYS: the person's, the entry.
-- ARGV: type, epoch, member, bytes, TTL in ms, the person's cap, most entries to remove, the entry.
-- Returns whether it is stored, how many were evicted, the account: above the cap if there were too many.
local report_type, epoch, member, bytes = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
if redis.call('HGET', epochs, report_type) ~= epoch then return {0, 0, {}} end
sweep(tonumber(ARGV[7]))
strike(member)
local expires = whole(now_ms() + tonumber(ARGV[5]))
redis.call('SET', KEYS[6], ARGV[8], 'PXAT', expires)
redis.call('HSET', books, member, report_type .. ' ' .. bytes)
redis.call('HINCRBY', books, '#bytes', bytes)
redis.call('ZADD', expiry, expires, member)
redis.call('ZADD', arrival, whole(next_number()), member)
redis.call('ZADD', index, 0, report_type .. ' ' .. member)
-- The new one is the last to go, and fits alone.
local evicted = evict(tonumber(redis.call('HGET', books, '#bytes')) - tonumber(ARGV[6]), tonumber(ARGV[7]))
return {1, evicted, account()}
