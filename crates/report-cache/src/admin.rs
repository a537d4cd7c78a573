//! What staff and scrapers are told: the answers of the management calls.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::window::Counts;

/// The answer of the stats call.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stats {
    /// Always `report-cache`.
    pub engine: &'static str,
    /// `memory` or `redis`.
    pub backend: &'static str,
    /// Seconds of scenario time by report type.
    pub ttl_map: BTreeMap<&'static str, u64>,
    /// The cap per person in bytes.
    pub max_size_per_user: u64,
    /// How the store is.
    pub status: Status,
    /// Entries in the store.
    pub entries: u64,
    /// Bytes of all entries.
    pub bytes: u64,
    /// Bytes of the person who has most.
    pub largest_user_bytes: u64,
    /// Requests answered from the store, coalesced ones included.
    pub hit: u64,
    /// Requests looked for in vain.
    pub miss: u64,
    /// Requests that went around the cache.
    pub bypass: u64,
    /// Hits that shared another request's computation.
    pub coalesced: u64,
    /// Entries that went to make room.
    pub evicted: u64,
    /// Entries stored.
    pub stored: u64,
}

/// How the store is, as far as readers notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Readers are served from it.
    Ok,
    /// It answered this call, but failed readers so often that they are not yet sent to it.
    Degraded,
}

/// The answer of the hit-rate call.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HitRate {
    /// Requests answered from the store, coalesced ones included.
    pub hits: u64,
    /// Requests looked for in vain.
    pub misses: u64,
    /// Percent; absent (`null`) before the first request.
    pub hit_rate: Option<f64>,
    /// Hits and misses; bypasses are not among them.
    pub total_requests: u64,
    /// When the counters were read: RFC 3339, UTC.
    pub last_updated: String,
    /// The window that was asked for, in seconds of wall time; absent when all requests count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window_seconds: Option<u64>,
    /// The same by role; the one role only, where one was asked for.
    pub roles: BTreeMap<&'static str, RoleHitRate>,
}

/// One role's share of a [`HitRate`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RoleHitRate {
    /// Requests answered from the store.
    pub hits: u64,
    /// Requests looked for in vain.
    pub misses: u64,
    /// Percent; absent before the first request.
    pub hit_rate: Option<f64>,
}

impl HitRate {
    pub(crate) fn of(
        by_role: &BTreeMap<&'static str, Counts>,
        last_updated: String,
        window: Option<Duration>,
    ) -> Self {
        let Counts { hits, misses, .. } = total(by_role);
        let role = |counts: &Counts| RoleHitRate {
            hits: counts.hits,
            misses: counts.misses,
            hit_rate: percent(counts.hits, counts.misses),
        };
        Self {
            hits,
            misses,
            hit_rate: percent(hits, misses),
            total_requests: hits + misses,
            last_updated,
            window_seconds: window.map(|window| window.as_secs()),
            roles: by_role.iter().map(|(&name, counts)| (name, role(counts))).collect(),
        }
    }
}

/// All roles together.
pub(crate) fn total(by_role: &BTreeMap<&'static str, Counts>) -> Counts {
    by_role.values().fold(Counts::default(), |sum, &counts| sum.plus(counts))
}

#[expect(clippy::cast_precision_loss, reason = "a count of requests stays far below 2^53")]
fn percent(hits: u64, misses: u64) -> Option<f64> {
    let total = hits + misses;
    (total > 0).then(|| hits as f64 * 100.0 / total as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hit_rate_leaves_bypasses_out_and_is_absent_without_requests() {
        let by_role = BTreeMap::from([
            ("parent", Counts { hits: 0, misses: 0, bypasses: 9 }),
            ("teacher", Counts { hits: 3, misses: 1, bypasses: 9 }),
        ]);
        let rate = HitRate::of(&by_role, String::new(), None);
        assert_eq!((rate.hits, rate.misses, rate.total_requests), (3, 1, 4));
        assert_eq!(rate.hit_rate, Some(75.0));
        assert_eq!(rate.roles["parent"].hit_rate, None);
    }
}
