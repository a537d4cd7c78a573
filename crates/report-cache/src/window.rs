//! Counts of the last while, in slices of wall time: bounded, however long the process runs.

use std::collections::VecDeque;
use std::time::Duration;

use crate::outcome::Verdict;

/// The longest window that can be asked for.
pub(crate) const LONGEST: Duration = Duration::from_secs(3_600);
const SLICE_SECS: u64 = 10;
/// As many slices as the longest window touches.
const SLICES: u64 = LONGEST.as_secs() / SLICE_SECS + 1;

/// Authorised cacheable requests; their sum is all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counts {
    pub(crate) hits: u64,
    pub(crate) misses: u64,
    pub(crate) bypasses: u64,
}

impl Counts {
    pub(crate) fn add(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Hit => self.hits += 1,
            Verdict::Miss => self.misses += 1,
            Verdict::Bypass => self.bypasses += 1,
        }
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            hits: self.hits + other.hits,
            misses: self.misses + other.misses,
            bypasses: self.bypasses + other.bypasses,
        }
    }
}

/// The counts of the last hour.
#[derive(Debug, Default)]
pub(crate) struct Window {
    /// Ascending by number; those without requests are left out.
    slices: VecDeque<Slice>,
}

#[derive(Debug)]
struct Slice {
    /// Whole slices since the clock began.
    number: u64,
    counts: Counts,
}

impl Window {
    /// Counts a request that ended at `now` (wall time since some fixed moment).
    pub(crate) fn record(&mut self, verdict: Verdict, now: Duration) {
        let number = now.as_secs() / SLICE_SECS;
        // From the back: a thread that read the clock before another may come a slice late.
        let after = self.slices.iter().rposition(|slice| slice.number <= number);
        match after.and_then(|at| self.slices.get_mut(at)).filter(|slice| slice.number == number) {
            Some(slice) => slice.counts.add(verdict),
            None => {
                let mut counts = Counts::default();
                counts.add(verdict);
                self.slices.insert(after.map_or(0, |at| at + 1), Slice { number, counts });
            }
        }
        while self.slices.front().is_some_and(|oldest| oldest.number + SLICES <= number) {
            self.slices.pop_front();
        }
    }

    /// The counts of the `over` before `now`, in whole slices: those of up to ten seconds before count
    /// as well.
    pub(crate) fn counts(&self, over: Duration, now: Duration) -> Counts {
        let first = now.saturating_sub(over.min(LONGEST)).as_secs() / SLICE_SECS;
        let within = self.slices.iter().rev().take_while(|slice| slice.number >= first);
        within.fold(Counts::default(), |sum, slice| sum.plus(slice.counts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[test]
    fn a_window_counts_what_happened_in_it() {
        let mut window = Window::default();
        window.record(Verdict::Miss, secs(5));
        window.record(Verdict::Hit, secs(100));
        window.record(Verdict::Bypass, secs(109));
        window.record(Verdict::Hit, secs(125));
        let hits = |over, now| window.counts(secs(over), secs(now)).hits;
        assert_eq!((hits(10, 125), hits(30, 125), hits(3_600, 125)), (1, 2, 2));
        assert_eq!((hits(10, 140), hits(60, 180), hits(60, 190)), (0, 1, 0));
        assert_eq!(window.counts(LONGEST, secs(125)), Counts { hits: 2, misses: 1, bypasses: 1 });
    }

    #[test]
    fn an_hour_is_kept_and_no_more() {
        let mut window = Window::default();
        for second in 0..20_000 {
            window.record(Verdict::Hit, secs(second));
        }
        assert_eq!(window.slices.len(), 361);
        assert_eq!(window.counts(LONGEST, secs(19_999)).hits, 3_610);
        assert_eq!(window.counts(Duration::MAX, secs(19_999)).hits, 3_610);
    }

    #[test]
    fn a_thread_that_comes_late_is_counted_where_it_belongs() {
        let mut window = Window::default();
        for second in [25, 11, 3, 12, 29] {
            window.record(Verdict::Hit, secs(second));
        }
        let numbers: Vec<_> = window.slices.iter().map(|slice| (slice.number, slice.counts.hits)).collect();
        assert_eq!(numbers, [(0, 1), (1, 2), (2, 2)]);
    }
}
