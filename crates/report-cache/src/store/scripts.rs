//! What [`RedisStore`](super::RedisStore) runs on the server: each script is one atomic round trip.
//!
//! Beside the entries (`report:…`, with PEXPIRE) there are, all below the same prefix:
//!
//! | key | holds |
//! |---|---|
//! | `meta:epochs` | hash: epoch of `u:{user}:{type}` and `r:{report}`; no expiry |
//! | `meta:person:{user}:{type}`, `meta:report:{report}` | sets: the entries an invalidation removes |
//! | `meta:expiry` | sorted set: each entry by the moment it expires (ms) |
//! | `meta:sizes` | hash: `{type}:{bytes}` of each entry |
//! | `meta:people`, `meta:bytes` | bytes by person (sorted set), and in all |
//!
//! Entries are found by these, never by a scan. An entry that Redis expired is taken off them by the next
//! writes and before usage is read; it is not counted as removed, since UNLINK does not count it.

/// Shared by all that write: takes an entry off the books.
pub(super) const BOOKS: &str = r"
local prefix = ARGV[1]
local meta = prefix .. 'meta:'
local function strike(member)
  local info = redis.call('HGET', meta .. 'sizes', member)
  if not info then return end
  local report_type, bytes = string.match(info, '^([^:]+):(%d+)$')
  local report, user = string.match(member, '^report:(%d+):(%d+):')
  redis.call('HDEL', meta .. 'sizes', member)
  redis.call('ZREM', meta .. 'expiry', member)
  redis.call('SREM', meta .. 'person:' .. user .. ':' .. report_type, member)
  redis.call('SREM', meta .. 'report:' .. report, member)
  redis.call('DECRBY', meta .. 'bytes', bytes)
  if tonumber(redis.call('ZINCRBY', meta .. 'people', '-' .. bytes, user)) <= 0 then
    redis.call('ZREM', meta .. 'people', user)
  end
end
local function remove(members)
  local removed = 0
  for _, member in ipairs(members) do
    removed = removed + redis.call('UNLINK', prefix .. member)
    strike(member)
  end
  return removed
end
local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function sweep(limit)
  local gone = redis.call('ZRANGEBYSCORE', meta .. 'expiry', '-inf', now_ms(), 'LIMIT', 0, limit)
  for _, member in ipairs(gone) do strike(member) end
  return #gone
end
";

/// KEYS: epochs, entry. ARGV: person field, report field, two fresh epochs. Returns both epochs and the
/// entry's bytes or nil.
pub(super) const LOOKUP: &str = r"
local epochs = redis.call('HMGET', KEYS[1], ARGV[1], ARGV[2])
for i = 1, 2 do
  if not epochs[i] then
    epochs[i] = ARGV[i + 2]
    redis.call('HSET', KEYS[1], ARGV[i], epochs[i])
  end
end
return {epochs[1], epochs[2], redis.call('GET', KEYS[2])}
";

/// ARGV: prefix, person field, report field, their epochs, member, type, bytes, TTL in ms, the entry.
/// Returns 1 if stored, 0 if an epoch is no longer current.
pub(super) const PUT: &str = r"
local epochs = redis.call('HMGET', meta .. 'epochs', ARGV[2], ARGV[3])
if epochs[1] ~= ARGV[4] or epochs[2] ~= ARGV[5] then return 0 end
sweep(50)
local member, report_type, bytes, ttl = ARGV[6], ARGV[7], ARGV[8], ARGV[9]
local report, user = string.match(member, '^report:(%d+):(%d+):')
strike(member)
redis.call('SET', prefix .. member, ARGV[10], 'PX', ttl)
redis.call('HSET', meta .. 'sizes', member, report_type .. ':' .. bytes)
redis.call('ZADD', meta .. 'expiry', now_ms() + ttl, member)
redis.call('SADD', meta .. 'person:' .. user .. ':' .. report_type, member)
redis.call('SADD', meta .. 'report:' .. report, member)
redis.call('INCRBY', meta .. 'bytes', bytes)
redis.call('ZINCRBY', meta .. 'people', bytes, user)
return 1
";

/// ARGV: prefix, then `{user}:{type}` of each scope. Returns how many entries there were.
pub(super) const INVALIDATE: &str = r"
local removed = 0
for i = 2, #ARGV do
  redis.call('HDEL', meta .. 'epochs', 'u:' .. ARGV[i])
  removed = removed + remove(redis.call('SMEMBERS', meta .. 'person:' .. ARGV[i]))
end
return removed
";

/// ARGV: prefix, report id. Returns how many entries there were.
pub(super) const FORGET: &str = r"
redis.call('HDEL', meta .. 'epochs', 'r:' .. ARGV[2])
return remove(redis.call('SMEMBERS', meta .. 'report:' .. ARGV[2]))
";

/// ARGV: prefix, how many at most, whether to end all epochs. Returns how many were looked at and how
/// many of them there were.
pub(super) const CLEAR: &str = r"
if ARGV[3] == '1' then redis.call('UNLINK', meta .. 'epochs') end
local members = redis.call('ZRANGE', meta .. 'expiry', 0, ARGV[2] - 1)
local removed = remove(members)
if redis.call('ZCARD', meta .. 'expiry') == 0 then
  -- What an empty cache counts is nothing, so a service that ends leaves nothing behind.
  redis.call('UNLINK', meta .. 'bytes', meta .. 'people')
end
return {#members, removed}
";

/// ARGV: prefix. Returns entries, bytes, bytes of the person who has most.
pub(super) const USAGE: &str = r"
while sweep(1000) > 0 do end
local largest = redis.call('ZREVRANGE', meta .. 'people', 0, 0, 'WITHSCORES')
return {
  redis.call('ZCARD', meta .. 'expiry'),
  tonumber(redis.call('GET', meta .. 'bytes') or '0'),
  tonumber(largest[2] or '0'),
}
";
