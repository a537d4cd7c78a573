-- Ends all generations at once, and hands those known over to be wiped.
-- KEYS: epoch, known, leaving, bytes, counts, total, expiry, all of the books of all. ARGV: the new epoch.
redis.call('SET', KEYS[1], ARGV[1])
redis.call('UNLINK', KEYS[4], KEYS[5], KEYS[6], KEYS[7])
if redis.call('EXISTS', KEYS[3]) == 0 then
  if redis.call('EXISTS', KEYS[2]) == 1 then redis.call('RENAME', KEYS[2], KEYS[3]) end
else
  -- What an earlier clearing did not finish leaves with these.
  redis.call('ZUNIONSTORE', KEYS[3], 2, KEYS[3], KEYS[2])
  redis.call('UNLINK', KEYS[2])
end
