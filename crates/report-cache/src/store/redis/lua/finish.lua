-- Ends a clearing: where nobody has read since it began, the books go too. KEYS: as the reset.
-- Accounts still to come are of an epoch that has ended then.
if redis.call('EXISTS', KEYS[3], KEYS[4]) > 0 or redis.call('ZCOUNT', KEYS[2], 0, 0) > 0 then return 0 end
return redis.call('UNLINK', KEYS[1], KEYS[2], KEYS[5], KEYS[6], KEYS[7])
