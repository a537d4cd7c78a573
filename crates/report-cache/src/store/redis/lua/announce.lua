-- Notes when a person's account is to be taken at the latest. KEYS: epoch, expiry, of the books of all.
-- ARGV: person, the moment in ms. After a clearing nobody is there to be noted.
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
return redis.call('ZADD', KEYS[2], 'LT', ARGV[2], ARGV[1])
