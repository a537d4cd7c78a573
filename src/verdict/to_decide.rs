//! What an open line would take to be decided: so many more samples, so much more time.

use super::Slo;
use super::slo::Metric;
use crate::evidence::Evidence;
use crate::scenario::Kind;
use crate::stats::{Estimate, Insufficient, Method};
use crate::units::{Unit, count, duration};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What more of the same would decide a line.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ToDecide {
    /// Further samples, beyond those there are.
    pub samples: u64,
    /// How long they take at this run's pace, in seconds; absent where that is not known.
    pub seconds: Option<f64>,
}

/// A reason, and what would remove it.
pub(super) type Open = (String, Option<ToDecide>);

/// An interval of a ratio that is wider than half of all a ratio can be: a number of samples
/// worked out from it would be as much of a guess.
const WIDE: f64 = 0.5;
/// A run that many times as long is no advice.
const TOO_LONG: f64 = 50.0;

/// Why an interval that holds the target decides nothing, and what would.
pub(super) fn straddles(slo: &Slo, evidence: &Evidence, estimate: &Estimate, confidence: f64) -> Open {
    let unit = slo.metric.unit();
    let Estimate { value, lo, hi, .. } = *estimate;
    if !by_more_of_the_same(slo) {
        return (format!("the interval holds {} as well", unit.show_target(slo.target)), None);
    }
    if unit == Unit::Ratio && hi - lo > WIDE {
        let (lo, hi) = (unit.show(lo), unit.show(hi));
        return (format!("the interval from {lo} to {hi} is far too wide to decide; run longer"), None);
    }
    let distance = (value - slo.target).abs();
    let half = if slo.target < value { value - lo } else { hi - value };
    let target = unit.show_target(slo.target);
    let n = estimate.n as f64;
    // The width of an interval shrinks with the square root of the samples.
    let factor = (half / distance).powi(2);
    let close =
        || (format!("the interval holds {target} as well, too close to decide by running longer"), None);
    if distance <= 0.0 || !factor.is_finite() || unit == Unit::Count {
        return close();
    }
    if unit == Unit::Ratio && (value == 0.0 || value == 1.0) {
        // Without a single exception Clopper-Pearson ends where (1 - distance)^n is α/2.
        let needed = (((1.0 - confidence) / 2.0).ln() / (-distance).ln_1p()).ceil().max(n + 1.0);
        let (words, more) = further(slo, evidence, needed - n, n);
        return (
            format!("the interval holds {target} as well; {words} would decide it, if all are like these"),
            Some(more),
        );
    }
    if factor >= TOO_LONG {
        return close();
    }
    match estimate.method {
        // The spread between people does not shrink with time.
        Method::TwoWay => {
            let times = factor.max(1.1);
            (
                format!(
                    "the interval holds {target} as well; about {times:.1} times as many people would decide it, not more time"
                ),
                None,
            )
        }
        Method::BatchMeans
        | Method::Binomial
        | Method::BlockBootstrap
        | Method::Woodruff
        | Method::OrderStatistics
        | Method::PairedBootstrap
        | Method::Fieller
        | Method::StratifiedBootstrap
        | Method::Trend
        | Method::ConfidenceSequence
        | Method::RuleOfThree => {
            let (words, more) = further(slo, evidence, (n * (factor - 1.0)).ceil().max(1.0), n);
            (format!("the interval holds {target} as well; {words} would decide it"), Some(more))
        }
    }
}

/// Whether more samples narrow the interval: not of a worst moment, of which a longer run has more,
/// nor of what grows with the run.
fn by_more_of_the_same(slo: &Slo) -> bool {
    slo.window.is_none()
        && match slo.metric {
            Metric::BurnRate { .. } | Metric::MemorySlope { .. } | Metric::PeakConcurrency { .. } => false,
            Metric::HitRate
            | Metric::EffectiveHitRate
            | Metric::Speedup
            | Metric::Latency { .. }
            | Metric::MeanLatency
            | Metric::DbQueryReduction
            | Metric::ResponseTime { .. }
            | Metric::MeanResponseTime
            | Metric::MaxMemory { .. }
            | Metric::MeanStoreOperation { .. }
            | Metric::ErrorRate
            | Metric::Violations { .. } => true,
        }
}

/// What a method that gave no estimate lacked.
pub(super) fn lacks(slo: &Slo, evidence: &Evidence, why: &Insufficient, n: u64) -> Option<Open> {
    if !by_more_of_the_same(slo) {
        return None;
    }
    let n = n as f64;
    let (missing, n) = match *why {
        Insufficient::TooFewSamples { have, need } => (need.saturating_sub(have) as f64, have as f64),
        // Groups come with time, and samples with them.
        Insufficient::TooFewBatches { have, need } | Insufficient::Correlated { have, need } if have > 0 => {
            (n * (need as f64 / have as f64 - 1.0), n)
        }
        // Other people, or another scenario: more of the same does not help.
        Insufficient::NoSamples
        | Insufficient::TooFewBatches { .. }
        | Insufficient::Correlated { .. }
        | Insufficient::TooFewClusters { .. }
        | Insufficient::Degenerate { .. } => return None,
    };
    let (words, more) = further(slo, evidence, missing.ceil().max(1.0), n);
    Some((words, Some(more)))
}

/// So many more of what the line is about, in words and as numbers.
fn further(slo: &Slo, evidence: &Evidence, more: f64, n: f64) -> (String, ToDecide) {
    let seconds = seconds_each(slo, evidence, n).map(|each| each * more);
    let pace = seconds.map_or_else(String::new, |seconds| {
        let seconds = Duration::try_from_secs_f64(seconds.max(1.0).ceil()).unwrap_or(Duration::MAX);
        format!(", another {} at this pace,", duration(seconds))
    });
    let to_decide = ToDecide { samples: more as u64, seconds };
    (format!("about {} more {}{pace}", count(to_decide.samples), noun(&slo.metric)), to_decide)
}

/// How long one sample took, in seconds.
fn seconds_each(slo: &Slo, evidence: &Evidence, n: f64) -> Option<f64> {
    let long = |from_us: u64, to_us: u64| to_us.saturating_sub(from_us) as f64 / 1e6;
    let (seconds, n) = match slo.metric {
        Metric::Speedup | Metric::DbQueryReduction => {
            // Pairs of all actions are taken in turn.
            let phases = evidence.phases.iter().filter(|phase| phase.kind == Kind::Pairs);
            (phases.map(|phase| long(phase.from_us, phase.to_us)).sum::<f64>(), evidence.pairs.len() as f64)
        }
        Metric::HitRate
        | Metric::EffectiveHitRate
        | Metric::Latency { .. }
        | Metric::MeanLatency
        | Metric::ResponseTime { .. }
        | Metric::MeanResponseTime
        | Metric::BurnRate { .. }
        | Metric::MaxMemory { .. }
        | Metric::MemorySlope { .. }
        | Metric::PeakConcurrency { .. }
        | Metric::MeanStoreOperation { .. }
        | Metric::ErrorRate
        | Metric::Violations { .. } => {
            let phases = slo.selection.phases(evidence);
            (phases.map(|phase| long(phase.from_us, phase.to_us)).sum::<f64>(), n)
        }
    };
    (seconds > 0.0 && n > 0.0).then(|| seconds / n)
}

/// What the samples of a line are.
fn noun(metric: &Metric) -> &'static str {
    match metric {
        Metric::HitRate
        | Metric::EffectiveHitRate
        | Metric::Latency { .. }
        | Metric::MeanLatency
        | Metric::ResponseTime { .. }
        | Metric::MeanResponseTime => "reads",
        Metric::Speedup | Metric::DbQueryReduction => "pairs",
        Metric::ErrorRate => "requests",
        Metric::MeanStoreOperation { .. } => "operations",
        Metric::MaxMemory { .. } | Metric::MemorySlope { .. } => "looks",
        Metric::BurnRate { .. } | Metric::PeakConcurrency { .. } => "samples",
        Metric::Violations { .. } => "trials",
    }
}
