//! When a hot entry is computed anew before it expires.
//!
//! XFetch: Vattani, Chierichetti and Lowenstein, "Optimal Probabilistic Cache Stampede Prevention",
//! PVLDB 8(8), 2015. Each reader looks a random stretch ahead, exponentially distributed with the cost of
//! the computation as its mean, and refreshes what would have expired by then. Keys that are read often
//! are nearly always refreshed in time, others hardly ever, and costly ones earlier than cheap ones.

use super::Policy;
use crate::clock::Clock;
use crate::entry::Entry;

impl Policy {
    /// Whether a reader who is served `entry` now should have it refreshed:
    /// age + took · beta · (−ln u) ≥ ttl, all in scenario time, where u = 1 − `dice` lies in `(0, 1]`.
    #[must_use]
    pub fn refreshes(&self, entry: &Entry, clock: &Clock, now_unix_ms: u64, dice: f64) -> bool {
        let Some(beta) = self.early_refresh else { return false };
        let ahead = entry.took.as_secs_f64() * clock.scale() * beta * -(1.0 - dice).ln();
        let age = clock.scenario(entry.stored_unix_ms, now_unix_ms).as_secs_f64();
        ahead > 0.0 && age + ahead >= entry.ttl.as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;

    use super::*;
    use crate::entry::Made;
    use crate::filters::Filters;
    use crate::key::{ReportFacts, ReportKey, ReportType};
    use crate::store::Generation;

    fn entry(took: Duration) -> Entry {
        let key = ReportKey::new(1, 2, &Filters::empty());
        let facts = ReportFacts { key, report_type: ReportType::StudentProgress, role: "student" };
        let made = Made { at_unix_ms: 0, took, ttl: Duration::from_secs(300) };
        Entry::json(&facts, Generation::fresh(), Bytes::from_static(b"{}"), made)
    }

    /// `dice` at which −ln u is 1.
    const MEAN: f64 = 1.0 - 0.367_879_441_171_442_33;

    #[test]
    fn a_reader_looks_as_far_ahead_as_the_computation_takes_on_average() {
        let policy = Policy { early_refresh: Some(1.0), ..Policy::default() };
        // 0.5 s of wall time are 30 s of the scenario.
        let (clock, _hand) = Clock::manual(60.0);
        let entry = entry(Duration::from_millis(500));
        let at = |wall_ms, dice| policy.refreshes(&entry, &clock, wall_ms, dice);
        assert!(!at(4_490, MEAN), "at 269.4 s of 300");
        assert!(at(4_510, MEAN), "at 270.6 s of 300");
        assert!(!at(4_990, 0.0), "who looks no further than now finds it current");
        assert!(at(0, 0.999_99), "and one in a hundred thousand looks far");
        let eager = Policy { early_refresh: Some(2.0), ..Policy::default() };
        assert!(eager.refreshes(&entry, &clock, 4_010, MEAN));
    }

    #[test]
    fn what_costs_nothing_and_what_nobody_asked_for_is_not_refreshed() {
        let (clock, _hand) = Clock::manual(1.0);
        let eager = Policy { early_refresh: Some(1e9), ..Policy::default() };
        assert!(!eager.refreshes(&entry(Duration::ZERO), &clock, 299_000, 0.9));
        assert!(!Policy::default().refreshes(&entry(Duration::from_secs(9)), &clock, 299_000, 0.9));
    }
}
