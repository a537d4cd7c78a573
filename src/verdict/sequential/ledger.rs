//! Batches of a line as responses come: what [`super::batches`] reads from evidence.

use super::{batches, part};
use crate::evidence::Watched;
use crate::observe::{Fault, Observation};
use crate::stats::sequential::Samples;
use crate::verdict::slo::{Metric, Slo};
use crate::verdict::{Gauge, Index};
use hdrhistogram::Histogram;

/// Latencies above an hour are recorded as an hour, as in evidence.
const MAX_US: u64 = 3_600_000_000;

/// What was seen of a line, batch by batch of one phase.
#[derive(Debug)]
pub struct Ledger {
    gauge: Gauge,
    watched: Watched,
    slice_us: u64,
    sums: Vec<(u64, u64)>,
    latencies: Vec<Histogram<u32>>,
}

impl Ledger {
    /// An empty one for a phase, by the names that observations use.
    pub fn new(slo: &Slo, index: Index<'_>, watched: Watched, slice_us: u64) -> Self {
        Self { gauge: Gauge::new(slo, index), watched, slice_us, sums: Vec::new(), latencies: Vec::new() }
    }

    /// Takes a response in.
    pub fn observe(&mut self, seen: &Observation) {
        let slo = &self.gauge.slo;
        if seen.phase != self.watched.phase || seen.fault == Some(Fault::Abandoned) || !self.gauge.takes(seen)
        {
            return;
        }
        let slice = u32::try_from(seen.finished_us / self.slice_us.max(1)).unwrap_or(u32::MAX);
        let latency = seen.latency_us();
        let (Some(at), Some((above, below))) =
            (self.watched.batch(slice), part(slo, seen.source, 1, latency))
        else {
            return;
        };
        if matches!(slo.metric, Metric::Latency { .. }) {
            while self.latencies.len() <= at {
                self.latencies.push(Histogram::new(3).expect("3 digits are a valid precision"));
            }
            // This kind grows with its values: it takes every one.
            let _ = self.latencies[at].record(latency.min(MAX_US));
        } else {
            if self.sums.len() <= at {
                self.sums.resize(at + 1, (0, 0));
            }
            self.sums[at].0 += above;
            self.sums[at].1 += below;
        }
    }

    /// The first so many batches.
    pub fn samples(&self, count: u32) -> Samples {
        let count = count as usize;
        if let Metric::Latency { quantile } = self.gauge.slo.metric {
            let counts = |histogram: &Histogram<u32>| {
                histogram
                    .iter_recorded()
                    .map(|value| (value.value_iterated_to(), value.count_at_value().into()))
                    .collect()
            };
            let mut batches: Vec<_> = self.latencies.iter().take(count).map(counts).collect();
            batches.resize(count, Vec::new());
            Samples::Quantile { batches, q: quantile }
        } else {
            let mut sums: Vec<(u64, u64)> = self.sums.iter().take(count).copied().collect();
            sums.resize(count, (0, 0));
            batches::ratio(&self.gauge.slo.metric, &sums)
        }
    }
}
