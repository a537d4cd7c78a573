-- Removes everything of a person, the epochs with the last entry. ARGV: most entries.
-- Returns how many were looked at, how many of them there were, the account.
local members = redis.call('ZRANGE', arrival, 0, tonumber(ARGV[1]) - 1)
local removed = 0
for _, member in ipairs(members) do
  removed = removed + redis.call('UNLINK', base .. member)
  strike(member)
end
local now = account()
if now[3] == 0 then redis.call('DEL', epochs, books, expiry, arrival, index) end
return {#members, removed, now}
