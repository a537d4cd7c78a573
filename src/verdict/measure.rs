//! One SLO's measurement: an estimate, an exact value, or why there is neither.

use super::over_time::{measurement, over_time};
use super::slo::{Metric, Slo};
use super::{concurrency, hit_rate, latency, own_counters, reconcile, response_time, slope, speedup, window};
use crate::evidence::{Cell, Evidence};
use crate::observe::Source;
use crate::scenario::Kind;
use crate::stats::{Estimate, Insufficient, Method, binomial};

/// What came of measuring.
#[derive(Clone, Debug)]
pub(super) struct Measurement {
    pub(super) value: Value,
    /// What explains the value.
    pub(super) note: Option<String>,
    /// Why it must not be decided, whatever the value.
    pub(super) withheld: Option<String>,
    /// How much was left out as warm-up, in seconds.
    pub(super) warm_up_cut_seconds: Option<f64>,
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
        /// What the method lacked, where that is why.
        lacks: Option<Insufficient>,
        /// The value by itself, where samples are enough and only its interval is out of reach.
        plain: Option<f64>,
    },
}

impl Measurement {
    pub(super) fn absent(why: impl Into<String>, n: u64) -> Self {
        Self::of(Value::Absent { why: why.into(), n, lacks: None, plain: None })
    }

    /// An estimate; or why there is none, with the plain value where samples are enough and only
    /// too few moments or people tell how far to trust it.
    pub(super) fn estimated(
        estimate: Result<Estimate, Insufficient>,
        n: u64,
        plain: impl FnOnce() -> Option<f64>,
    ) -> Self {
        match estimate {
            Ok(estimate) => Self::of(Value::Estimated(estimate)),
            Err(lacks) => {
                let plain = lacks.only_the_interval().then(plain).flatten();
                Self::of(Value::Absent { why: lacks.to_string(), n, lacks: Some(lacks), plain })
            }
        }
    }

    /// A value, with nothing to say of it yet.
    pub(super) fn of(value: Value) -> Self {
        Self { value, note: None, withheld: None, warm_up_cut_seconds: None }
    }

    /// Adds what explains the value to what is said already.
    pub(super) fn note(mut self, note: Option<String>) -> Self {
        self.note = match (self.note, note) {
            (Some(before), Some(note)) => Some(format!("{before}; {note}")),
            (before, note) => before.or(note),
        };
        self
    }
}

/// Seed of the bootstraps: fixed, so that the same evidence gives the same verdict.
pub(crate) const SEED: u64 = 0x5EED_CAC4E;

pub(super) fn measure(slo: &Slo, evidence: &Evidence, confidence: f64) -> Measurement {
    let selection = &slo.selection;
    if let Some(why) = unmeasurable(slo, evidence) {
        return Measurement::absent(why, 0);
    }
    if let Some(length) = slo.window {
        return window::measure(slo, length, evidence, confidence);
    }
    match &slo.metric {
        Metric::HitRate => hit_rate::server(slo, evidence, confidence),
        Metric::EffectiveHitRate => hit_rate::effective(slo, evidence, confidence),
        Metric::Speedup => speedup::speedup(selection, evidence, confidence),
        Metric::Latency { quantile } => latency::quantile(selection, evidence, *quantile, confidence),
        Metric::MeanLatency => latency::mean(selection, evidence, confidence),
        Metric::DbQueryReduction => own_counters::query_reduction(selection, evidence, confidence),
        Metric::MaxMemory { scope } => own_counters::memory(*scope, selection, evidence),
        Metric::MeanStoreOperation { op } => {
            own_counters::store_operation(op, selection, evidence, confidence)
        }
        Metric::ResponseTime { quantile } => {
            response_time::quantile(selection, evidence, *quantile, confidence)
        }
        Metric::MeanResponseTime => response_time::mean(selection, evidence, confidence),
        Metric::BurnRate { .. } => Measurement::absent("a burn rate needs a window, as in `over 1h`", 0),
        Metric::MemorySlope { scope } => slope::memory(slo, *scope, evidence, confidence),
        Metric::PeakConcurrency { of } => concurrency::peak(slo, *of, evidence),
        Metric::ErrorRate => error_rate(slo, evidence, confidence),
        Metric::Violations { oracle: Some(oracle) } if oracle == reconcile::ORACLE => {
            reconcile::measure(evidence)
        }
        Metric::Violations { .. } => Measurement::absent("not checked yet: this version has no oracles", 0),
    }
}

/// Why the phases that a line names say nothing, if they do not.
fn unmeasurable(slo: &Slo, evidence: &Evidence) -> Option<String> {
    for name in &slo.selection.phases {
        let Some(phase) = evidence.phases.iter().find(|phase| phase.name == *name) else {
            return Some(format!("the run did not reach phase {name}"));
        };
        // Cached and uncached arms in turn: their share of hits is what was asked for.
        if phase.kind == Kind::Pairs && matches!(slo.metric, Metric::HitRate | Metric::EffectiveHitRate) {
            return Some(format!(
                "the reads of {name} are made so as to hit and to miss: they are no traffic"
            ));
        }
    }
    None
}

/// Errors over what was asked of the target: a copy that a browser showed asked nothing.
fn error_rate(slo: &Slo, evidence: &Evidence, confidence: f64) -> Measurement {
    let part = |cell: &Cell| {
        let asked = cell.source != Source::Browser;
        (if cell.source == Source::Error { cell.n } else { 0 }, if asked { cell.n } else { 0 })
    };
    let (errors, asked) =
        slo.selection.cells(evidence).map(part).fold((0, 0), |sum, part| (sum.0 + part.0, sum.1 + part.1));
    let measured = match over_time(&slo.selection, evidence, confidence, part) {
        Err(
            Insufficient::TooFewSamples { .. }
            | Insufficient::TooFewBatches { .. }
            | Insufficient::Correlated { .. }
            | Insufficient::TooFewClusters { .. },
        ) => few(slo, errors, asked, confidence),
        checked => measurement(checked, errors, asked),
    };
    let faults: Vec<String> = evidence.faults.iter().map(|(fault, n)| format!("{n} {fault}")).collect();
    measured.note((errors > 0).then(|| format!("faults in the whole run: {}", faults.join(", "))))
}

/// A share of too few events, moments or people for batch means: the exact binomial
/// interval.
///
/// It takes the events as independent, which errors are not: an outage fails all that comes
/// at once. It therefore stands in only where batch means cannot be formed, and with errors
/// among the events it is too narrow to acquit: those few are left undecided instead. It
/// may condemn, since the errors were seen; and without any error its upper end is the rule
/// of three, which asks for thousands of events before it is below 0.1 %.
fn few(slo: &Slo, errors: u64, asked: u64, confidence: f64) -> Measurement {
    let Some((lo, hi)) = binomial::clopper_pearson(errors, asked, confidence) else {
        return Measurement::estimated(Err(Insufficient::NoSamples), asked, || None);
    };
    let value = errors as f64 / asked as f64;
    let estimate =
        Estimate { value, lo: lo.min(value), hi: hi.max(value), n: asked, method: Method::Binomial };
    let mut measurement = Measurement::of(Value::Estimated(estimate));
    if errors > 0 && slo.op.holds(lo, slo.target) && slo.op.holds(hi, slo.target) {
        measurement.withheld = Some(format!(
            "{} requests in too few stretches of time to pass with errors among them: errors come together",
            crate::units::count(asked)
        ));
    }
    measurement
}
