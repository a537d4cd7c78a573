-- Strikes off who was wiped. KEYS: epoch, leaving, of the books of all. ARGV: the epoch after the wipe, who.
-- If another clearing has begun since, it may have handed them over again with what they got meanwhile.
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
return redis.call('ZREM', KEYS[2], unpack(ARGV, 2))
