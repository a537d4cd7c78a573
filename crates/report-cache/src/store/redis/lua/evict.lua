-- Removes a person's oldest entries. ARGV: bytes to free, most entries.
-- Returns how many there were, the members, the account.
local removed, members = evict(tonumber(ARGV[1]), tonumber(ARGV[2]))
return {removed, members, account()}
