//! Latency: quantiles and means.

use super::measure::{Measurement, SEED};
use crate::evidence::{Evidence, Selection};
use crate::observe::Source;
use crate::stats::{batch_means, quantile as quantiles};

pub(super) fn quantile(selection: &Selection, evidence: &Evidence, q: f64, confidence: f64) -> Measurement {
    let selection = &answered_reads(selection);
    let slices = selection.latencies(evidence);
    let n = selection.n(evidence);
    Measurement::estimated(quantiles::interval(&slices, q, confidence, SEED), n)
}

pub(super) fn mean(selection: &Selection, evidence: &Evidence, confidence: f64) -> Measurement {
    let selection = &answered_reads(selection);
    let slices = selection.ratio(evidence, |cell| (cell.latency_us, cell.n));
    Measurement::estimated(batch_means::ratio(&slices, confidence), selection.n(evidence))
}

/// Where no source is named, the reads that the server answered: a copy that the browser
/// showed took no request, a write is no read, and errors have a rate of their own.
fn answered_reads(selection: &Selection) -> Selection {
    let mut selection = selection.clone();
    if selection.sources.is_empty() {
        selection.sources = Source::ALL.into_iter().filter(|source| is_answered_read(*source)).collect();
    }
    selection
}

fn is_answered_read(source: Source) -> bool {
    match source {
        Source::Hit
        | Source::Coalesced
        | Source::Aggregate
        | Source::Stale
        | Source::Miss
        | Source::Bypass
        | Source::Unknown => true,
        Source::Browser | Source::Error | Source::Write => false,
    }
}
