//! One SLO's measurement: an estimate, an exact value, or why there is neither.

use super::slo::{Metric, Slo};
use super::{hit_rate, latency, own_counters, speedup};
use crate::evidence::{Evidence, Selection};
use crate::stats::{Estimate, Insufficient, batch_means};

/// What came of measuring.
#[derive(Clone, Debug)]
pub(super) struct Measurement {
    pub(super) value: Value,
    /// What explains the value.
    pub(super) note: Option<String>,
    /// Why it must not be decided, whatever the value.
    pub(super) withheld: Option<String>,
}

/// A measured value.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Estimated(Estimate),
    /// Read off, not estimated.
    Exact {
        value: f64,
        n: u64,
    },
    Absent {
        why: String,
        n: u64,
    },
}

impl Measurement {
    pub(super) fn absent(why: impl Into<String>, n: u64) -> Self {
        Self { value: Value::Absent { why: why.into(), n }, note: None, withheld: None }
    }

    pub(super) fn estimated(estimate: Result<Estimate, Insufficient>, n: u64) -> Self {
        match estimate {
            Ok(estimate) => Self { value: Value::Estimated(estimate), note: None, withheld: None },
            Err(why) => Self::absent(why.to_string(), n),
        }
    }

    pub(super) fn note(mut self, note: Option<String>) -> Self {
        self.note = note;
        self
    }
}

/// Seed of the bootstraps: fixed, so that the same evidence gives the same verdict.
pub(crate) const SEED: u64 = 0x5EED_CAC4E;

pub(super) fn measure(slo: &Slo, evidence: &Evidence, confidence: f64) -> Measurement {
    let selection = &slo.selection;
    match &slo.metric {
        Metric::HitRate => hit_rate::server(slo, evidence, confidence),
        Metric::EffectiveHitRate => hit_rate::effective(slo, evidence, confidence),
        Metric::Speedup => speedup::speedup(selection, evidence, confidence),
        Metric::Latency { quantile } => latency::quantile(selection, evidence, *quantile, confidence),
        Metric::MeanLatency => latency::mean(selection, evidence, confidence),
        Metric::DbQueryReduction => own_counters::query_reduction(selection, evidence, confidence),
        Metric::MaxMemory { scope } => own_counters::memory(*scope, evidence),
        Metric::MeanStoreOperation { op } => own_counters::store_operation(op, evidence, confidence),
        Metric::ErrorRate => error_rate(selection, evidence, confidence),
        Metric::Violations { .. } => Measurement::absent("not checked yet: this version has no oracles", 0),
    }
}

fn error_rate(selection: &Selection, evidence: &Evidence, confidence: f64) -> Measurement {
    use crate::observe::Source;
    let requests = |cell: &crate::evidence::Cell| {
        let asked = cell.source != Source::Browser;
        (if cell.source == Source::Error { cell.n } else { 0 }, if asked { cell.n } else { 0 })
    };
    let slices = selection.ratio(evidence, requests);
    let errors: f64 = slices.iter().map(|slice| slice.numerator).sum();
    let faults: Vec<String> = evidence.faults.iter().map(|(fault, n)| format!("{n} {fault}")).collect();
    Measurement::estimated(batch_means::ratio(&slices, confidence), selection.n(evidence))
        .note((errors > 0.0).then(|| format!("faults: {}", faults.join(", "))))
}
