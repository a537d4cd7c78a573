//! Interval histograms as they grow: an open one for the slices that are on, counts of those
//! that are over. An open histogram takes tens of kilobytes, what it holds mostly a few
//! hundred bytes, and a day has many slices.

use crate::stats::quantile::{Counts, merge};
use hdrhistogram::Histogram;
use std::collections::HashMap;
use std::hash::Hash;

/// Latencies above an hour are recorded as an hour.
const MAX_US: u64 = 3_600_000_000;
/// A slice is over when one begins that is so many later. What comes later still is added to
/// what is there.
const OPEN: u32 = 4;

/// Histograms by slice of time and whatever else tells them apart.
#[derive(Debug)]
pub(super) struct Histograms<K> {
    open: HashMap<(u32, K), Histogram<u32>>,
    over: HashMap<(u32, K), Counts>,
    newest: u32,
}

impl<K> Default for Histograms<K> {
    fn default() -> Self {
        Self { open: HashMap::new(), over: HashMap::new(), newest: 0 }
    }
}

impl<K: Hash + Ord + Copy> Histograms<K> {
    /// Adds a time in microseconds.
    pub(super) fn record(&mut self, slice: u32, key: K, us: u64) {
        if slice > self.newest {
            self.newest = slice;
            self.close_before(slice.saturating_sub(OPEN));
        }
        self.open
            .entry((slice, key))
            // This kind grows with its values; one with a fixed maximum would clip them.
            .or_insert_with(|| Histogram::new(3).expect("3 digits are a valid precision"))
            .record(us.min(MAX_US))
            .expect("a histogram that grows takes every value");
    }

    fn close_before(&mut self, slice: u32) {
        for (key, histogram) in self.open.extract_if(|(at, _), _| *at < slice) {
            let counts = sparse(&histogram);
            let kept = self.over.entry(key).or_default();
            *kept = if kept.is_empty() { counts } else { merge(&[std::mem::take(kept), counts]) };
        }
    }

    /// All of them, in the order of their keys, then slices: it depends on nothing else.
    pub(super) fn finish(mut self) -> Vec<(u32, K, Counts)> {
        self.close_before(u32::MAX);
        // Whatever ended in the last slice that there can be.
        for (key, histogram) in std::mem::take(&mut self.open) {
            self.over.insert(key, sparse(&histogram));
        }
        let mut all: Vec<(u32, K, Counts)> =
            self.over.into_iter().map(|((slice, key), counts)| (slice, key, counts)).collect();
        all.sort_by_key(|(slice, key, _)| (*key, *slice));
        all
    }
}

fn sparse(histogram: &Histogram<u32>) -> Counts {
    let recorded = histogram.iter_recorded();
    recorded.map(|value| (value.value_iterated_to(), value.count_at_value().into())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_slices_that_are_on_are_held_open() {
        let mut histograms = Histograms::default();
        for slice in 0..1_000 {
            for key in 0..3_u8 {
                histograms.record(slice, key, 100 * u64::from(slice + 1));
            }
            assert!(histograms.open.len() <= 3 * (OPEN as usize + 1), "{}", histograms.open.len());
        }
        assert_eq!(histograms.finish().len(), 3_000);
    }

    #[test]
    fn what_comes_late_is_added_to_what_is_there() {
        let mut histograms = Histograms::default();
        for (slice, us) in [(1, 100), (90, 100), (1, 100), (1, 7_000), (91, 5), (u32::MAX, 9)] {
            histograms.record(slice, 'a', us);
        }
        let all = histograms.finish();
        let slices: Vec<u32> = all.iter().map(|(slice, _, _)| *slice).collect();
        assert_eq!(slices, [1, 90, 91, u32::MAX]);
        let late = &all[0].2;
        assert_eq!(late.iter().map(|(_, n)| n).sum::<u64>(), 3);
        assert_eq!(late[0], (100, 2));
    }
}
