//! Latency: quantiles and means.

use super::measure::{Measurement, SEED};
use crate::evidence::{Evidence, Selection};
use crate::stats::{batch_means, quantile as quantiles};

pub(super) fn quantile(selection: &Selection, evidence: &Evidence, q: f64, confidence: f64) -> Measurement {
    let slices = selection.latencies(evidence);
    let n = selection.n(evidence);
    Measurement::estimated(quantiles::interval(&slices, q, confidence, SEED), n)
}

pub(super) fn mean(selection: &Selection, evidence: &Evidence, confidence: f64) -> Measurement {
    let slices = selection.ratio(evidence, |cell| (cell.latency_us, cell.n));
    Measurement::estimated(batch_means::ratio(&slices, confidence), selection.n(evidence))
}
