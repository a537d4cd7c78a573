-- Ends epochs of a person and removes entries by the start of their place in the index.
-- ARGV: most entries, number of epochs, (type, new epoch) of each, starts.
-- An epoch that nobody has read since it ended stays as it is not there.
-- Returns how many were looked at, how many of them there were, the account if there were any.
local limit, ends = tonumber(ARGV[1]), 2 + 2 * tonumber(ARGV[2])
for i = 3, ends, 2 do
  if redis.call('HEXISTS', epochs, ARGV[i]) == 1 then redis.call('HSET', epochs, ARGV[i], ARGV[i + 1]) end
end
local seen, removed = 0, 0
for i = ends + 1, #ARGV do
  if seen < limit then
    local start = ARGV[i]
    local found = redis.call(
      'ZRANGEBYLEX', index, '[' .. start, '(' .. start .. '\255', 'LIMIT', 0, limit - seen)
    for _, place in ipairs(found) do
      local member = string.match(place, '^%S+ (.+)$')
      removed = removed + redis.call('UNLINK', base .. member)
      strike(member)
      redis.call('ZREM', index, place)
    end
    seen = seen + #found
  end
end
if seen == 0 then return {0, 0, {}} end
return {seen, removed, account()}
