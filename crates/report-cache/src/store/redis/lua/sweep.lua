-- Takes what has expired off a person's books. ARGV: most entries. Returns how many, and the account.
local seen = sweep(tonumber(ARGV[1]))
return {seen, account()}
