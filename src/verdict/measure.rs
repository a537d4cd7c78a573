//! One SLO's measurement: an estimate, an exact value, or why there is neither.

use super::slo::{Metric, Slo};
use super::{hit_rate, latency, own_counters, reconcile, speedup};
use crate::evidence::Evidence;
use crate::observe::Source;
use crate::stats::batch_means::{self, Slice};
use crate::stats::{Estimate, Insufficient, Method, binomial};

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
        Metric::ErrorRate => error_rate(slo, evidence, confidence),
        Metric::Violations { oracle: Some(oracle) } if oracle == reconcile::ORACLE => {
            reconcile::measure(evidence)
        }
        Metric::Violations { .. } => Measurement::absent("not checked yet: this version has no oracles", 0),
    }
}

/// Errors over what was asked of the target: a copy that a browser showed asked nothing.
fn error_rate(slo: &Slo, evidence: &Evidence, confidence: f64) -> Measurement {
    let slices = slo.selection.ratio(evidence, |cell| {
        let asked = cell.source != Source::Browser;
        (if cell.source == Source::Error { cell.n } else { 0 }, if asked { cell.n } else { 0 })
    });
    let sum = |part: fn(&Slice) -> f64| slices.iter().map(part).sum::<f64>() as u64;
    let (errors, asked) = (sum(|slice| slice.numerator), sum(|slice| slice.denominator));
    let mut measurement = match batch_means::ratio(&slices, confidence) {
        Err(Insufficient::TooFewSamples { .. } | Insufficient::TooFewBatches { .. }) => {
            few(slo, errors, asked, confidence)
        }
        estimate => Measurement::estimated(estimate, asked),
    };
    let faults: Vec<String> = evidence.faults.iter().map(|(fault, n)| format!("{n} {fault}")).collect();
    measurement.note = (errors > 0).then(|| format!("faults in the whole run: {}", faults.join(", ")));
    measurement
}

/// A share of too few events, or of too few moments, for batch means: the exact binomial
/// interval.
///
/// It takes the events as independent, which errors are not: an outage fails all that comes
/// at once. It therefore stands in only where batch means cannot be formed, and with errors
/// among the events it is too narrow to acquit: those few are left undecided instead. It
/// may condemn, since the errors were seen; and without any error its upper end is the rule
/// of three, which asks for thousands of events before it is below 0.1 %.
fn few(slo: &Slo, errors: u64, asked: u64, confidence: f64) -> Measurement {
    let Some((lo, hi)) = binomial::clopper_pearson(errors, asked, confidence) else {
        return Measurement::estimated(Err(Insufficient::NoSamples), asked);
    };
    let value = errors as f64 / asked as f64;
    let estimate =
        Estimate { value, lo: lo.min(value), hi: hi.max(value), n: asked, method: Method::Binomial };
    let mut measurement = Measurement::estimated(Ok(estimate), asked);
    if errors > 0 && slo.op.holds(lo, slo.target) && slo.op.holds(hi, slo.target) {
        measurement.withheld = Some(format!(
            "{} requests in too few stretches of time to pass with errors among them: errors come together",
            crate::units::count(asked)
        ));
    }
    measurement
}
