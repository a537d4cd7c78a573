//! What the client received between two readings of somebody else's counters.

use super::Counter;
use crate::evidence::{Evidence, Selection};
use crate::observe::Scrape;

/// Slices of time for certain, and perhaps, between two readings.
pub(super) struct Window {
    between: std::ops::RangeInclusive<u64>,
    surely: std::ops::Range<u64>,
    perhaps: std::ops::RangeInclusive<u64>,
}

impl Window {
    /// A response that ended at f after at most the longest latency L was counted between f − L
    /// and f; the readings took place at some moment before they ended.
    pub(super) fn new(evidence: &Evidence, first: &Scrape, last: &Scrape) -> Self {
        let slice = evidence.slice_us.max(1);
        let longest = longest(evidence);
        let began = |scrape: &Scrape| scrape.t_us.saturating_sub(scrape.took_us);
        Self {
            between: first.t_us / slice..=last.t_us / slice,
            surely: (first.t_us + longest).div_ceil(slice)..began(last) / slice,
            perhaps: began(first) / slice..=(last.t_us + longest) / slice,
        }
    }

    /// Between the readings; for certain; at most.
    pub(super) fn count(&self, counter: Counter, evidence: &Evidence) -> [u64; 3] {
        let mut n = [0; 3];
        for cell in &evidence.cells {
            let slice = u64::from(cell.slice);
            if counter.is(cell.source) {
                n[0] += if self.between.contains(&slice) { cell.n } else { 0 };
                n[1] += if self.surely.contains(&slice) { cell.n } else { 0 };
            }
            if counter.may_be(cell.source) && self.perhaps.contains(&slice) {
                n[2] += cell.n;
            }
        }
        n
    }
}

/// The longest that any response took, in microseconds.
fn longest(evidence: &Evidence) -> u64 {
    let everything = Selection {
        phases: evidence.phases.iter().map(|phase| phase.name.clone()).collect(),
        ..Selection::default()
    };
    everything
        .histograms(evidence)
        .filter_map(|part| part.counts.last().map(|(us, _)| *us))
        .max()
        .unwrap_or(0)
}
