-- Enters who is about to get an entry of a report. KEYS: the report's epoch, its people.
-- ARGV: person, the epoch the entry is of. Returns whether that is current.
if redis.call('GET', KEYS[1]) ~= ARGV[2] then return 0 end
redis.call('SADD', KEYS[2], ARGV[1])
return 1
