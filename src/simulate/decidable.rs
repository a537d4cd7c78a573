//! How long a run must be for each SLO to be decided.

mod long;

use super::expected::Expected;
use super::outcome::Outcome;
use crate::plan::{Plan, RolePlan, Work};
use crate::stats::paired::{MIN_CLUSTERS, MIN_PAIRS};
use crate::stats::quantile::samples_needed;
use crate::stats::{Insufficient, batch_means};
use crate::units::{count, duration, percent};
use crate::verdict::{Metric, Op, Slo, decided_at};
use schemars::JsonSchema;
use serde::Serialize;
use std::time::Duration;

/// Longer than this is longer than a phase may be: it is not decided by running longer.
const LONGEST: f64 = 7.0 * 24.0 * 3_600.0;
/// Distinct reads after a write that no violation must follow.
const TRIALS: f64 = 300.0;

/// What one SLO needs.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Need {
    /// The line as it was written.
    pub slo: String,
    /// How long it takes.
    pub time: Time,
    /// Whether the run as written can decide it; `None` where that is not known.
    pub decided: Option<bool>,
    /// Why.
    pub why: String,
}

/// How long the measured phases must be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "time")]
pub enum Time {
    /// Any run decides it.
    Any,
    /// So long, on the wall.
    Wall {
        /// Seconds.
        seconds: f64,
    },
    /// It takes another scenario, not more time.
    Never,
    /// Nothing was simulated that would tell.
    Unknown,
}

impl Time {
    /// In words.
    pub fn show(&self) -> String {
        match self {
            Self::Any => "any".into(),
            Self::Wall { seconds } => duration(Duration::from_secs_f64(seconds.max(1.0).ceil())),
            Self::Never => "never".into(),
            Self::Unknown => "not known".into(),
        }
    }
}

/// What each SLO needs, in their order.
pub fn needs(plan: &Plan, expected: &Expected) -> Vec<Need> {
    plan.slos.iter().map(|slo| need(plan, expected, slo)).collect()
}

fn need(plan: &Plan, expected: &Expected, slo: &Slo) -> Need {
    let question = Question { plan, expected, slo };
    let (time, why) = match &slo.metric {
        _ if slo.window.is_some() => question.windows(slo.window.unwrap_or_default()),
        Metric::HitRate | Metric::EffectiveHitRate => question.hit_rate(),
        Metric::Latency { quantile } => {
            let needed = samples_needed(*quantile, decided_at(plan.confidence));
            question.latency(needed, &format!("{} samples", count(needed)))
        }
        Metric::MeanLatency => {
            let needed = (batch_means::MIN_BATCHES * 10) as u64;
            question.latency(needed, &format!("{} samples at least, by its spread more", count(needed)))
        }
        Metric::ErrorRate => question.error_rate(),
        Metric::Speedup | Metric::DbQueryReduction => question.pairs(),
        Metric::ResponseTime { quantile } => {
            question.response_time(samples_needed(*quantile, decided_at(plan.confidence)))
        }
        Metric::MeanResponseTime => question.response_time((batch_means::MIN_BATCHES * 10) as u64),
        Metric::MemorySlope { scope } => question.slope(*scope),
        Metric::PeakConcurrency { of } => question.concurrency(*of),
        Metric::BurnRate { .. } => question.unknown(),
        Metric::MaxMemory { .. } | Metric::MeanStoreOperation { .. } => {
            (Time::Any, "read off the target's own counters".into())
        }
        Metric::Violations { oracle } => question.violations(oracle.as_deref()),
    };
    let length = question.lasts().as_secs_f64();
    let decided = match time {
        Time::Any => Some(true),
        Time::Wall { seconds } => Some(seconds <= length),
        Time::Never => Some(false),
        Time::Unknown => None,
    };
    Need { slo: slo.text.clone(), time, decided, why }
}

struct Question<'a> {
    plan: &'a Plan,
    expected: &'a Expected,
    slo: &'a Slo,
}

type Answer = (Time, String);

impl Question<'_> {
    /// How long the phases it is about are.
    fn length(&self) -> Duration {
        let first = self.expected.outcomes().first();
        first.map_or(Duration::ZERO, |outcome| outcome.length(self.plan, &self.slo.selection))
    }

    /// How long the phases are whose time counts for it.
    fn lasts(&self) -> Duration {
        match &self.slo.metric {
            _ if self.slo.window.is_some() => self.length().max(self.by_clock()),
            Metric::ResponseTime { .. } | Metric::MeanResponseTime => self.by_clock(),
            Metric::MemorySlope { .. } => self.length().max(self.by_clock()),
            Metric::HitRate
            | Metric::EffectiveHitRate
            | Metric::Speedup
            | Metric::Latency { .. }
            | Metric::MeanLatency
            | Metric::BurnRate { .. }
            | Metric::DbQueryReduction
            | Metric::MaxMemory { .. }
            | Metric::PeakConcurrency { .. }
            | Metric::MeanStoreOperation { .. }
            | Metric::ErrorRate
            | Metric::Violations { .. } => self.length(),
        }
    }

    /// The time until there are so many, at the simulated rate.
    fn until(&self, needed: f64, of: impl Fn(&Outcome) -> Option<u64>) -> Option<Time> {
        let outcomes = self.expected.outcomes();
        let counted: u64 = outcomes.iter().map(of).sum::<Option<u64>>()?;
        let per_run = counted as f64 / outcomes.len().max(1) as f64;
        let seconds = self.length().as_secs_f64() * needed / per_run;
        Some(if seconds.is_finite() && seconds <= LONGEST { Time::Wall { seconds } } else { Time::Never })
    }

    fn unknown(&self) -> Answer {
        (Time::Unknown, "nothing is simulated that would tell".into())
    }

    /// The interval narrows with the square root of the time, until the target is outside.
    fn hit_rate(&self) -> Answer {
        let Self { plan, expected, slo } = self;
        let Some(rate) = expected.rate(plan, &slo.selection) else { return self.unknown() };
        let length = self.length().as_secs_f64();
        let (mut half, mut scarce, mut estimated) = (0.0, 1.0_f64, 0);
        for outcome in expected.outcomes() {
            match batch_means::ratio(&outcome.slices(plan, &slo.selection), decided_at(plan.confidence)) {
                Ok(estimate) => {
                    half += (estimate.hi - estimate.lo) / 2.0;
                    estimated += 1;
                }
                Err(Insufficient::TooFewSamples { have, need }) => {
                    scarce = scarce.max(need as f64 / have.max(1) as f64);
                }
                Err(Insufficient::TooFewBatches { have, need }) => {
                    scarce = scarce.max(need as f64 / have.max(1) as f64);
                }
                Err(
                    Insufficient::NoSamples
                    | Insufficient::Correlated { .. }
                    | Insufficient::TooFewClusters { .. }
                    | Insufficient::Degenerate { .. },
                ) => return self.unknown(),
            }
        }
        if estimated == 0 {
            let why = format!("at least, for an interval at all: {:.0} reads are too few", rate.reads);
            return (Time::Wall { seconds: length * scarce }, why);
        }
        let half = half / f64::from(estimated);
        let distance = (rate.value - slo.target).abs();
        let seconds = length * (half / distance).powi(2);
        if seconds.is_finite() && seconds <= LONGEST {
            // However far the target is, an interval needs its batches and the reads in them.
            let batches = (plan.slice() * batch_means::MIN_BATCHES as u32).as_secs_f64();
            let samples = length * (batch_means::MIN_BATCHES * 10) as f64 / rate.reads;
            let least = samples.max(batches).max(if scarce > 1.0 { length * scarce } else { 0.0 });
            let why = format!("expected {} ± {}", percent(rate.value), percent(half));
            (Time::Wall { seconds: seconds.max(least) }, why)
        } else {
            (Time::Never, format!("the expected value, {}, is the target", percent(rate.value)))
        }
    }

    fn latency(&self, needed: u64, why: &str) -> Answer {
        let Self { plan, slo, .. } = self;
        let selection = &slo.selection;
        let of = |outcome: &Outcome| outcome.tally(plan, selection).of_sources(&selection.sources);
        match self.until(needed as f64, of) {
            Some(Time::Never) => (Time::Never, format!("needs {why}, and there are none")),
            Some(time) => (time, format!("needs {why}")),
            None => self.unknown(),
        }
    }

    /// None seen in n bounds the rate by 3/n (Hanley & Lippman-Hand, JAMA 1983).
    fn error_rate(&self) -> Answer {
        let Self { plan, slo, .. } = self;
        match slo.op {
            Op::Below | Op::AtMost if slo.target > 0.0 => {}
            Op::Below | Op::AtMost | Op::Equal => {
                return (Time::Never, "no number of requests shows that there are no errors at all".into());
            }
            Op::Above | Op::AtLeast => return self.unknown(),
        }
        // Without a single one Clopper-Pearson ends where (1 - target)^n is α/2.
        let tail = (1.0 - decided_at(plan.confidence)) / 2.0;
        let needed = (-tail.ln() / slo.target).max((batch_means::MIN_BATCHES * 10) as f64);
        let of = |outcome: &Outcome| Some(outcome.tally(plan, &slo.selection).requests);
        let why = format!("needs {} requests without an error", count(needed.ceil() as u64));
        self.until(needed, of).map_or_else(|| self.unknown(), |time| (time, why))
    }

    fn pairs(&self) -> Answer {
        let samples = self.plan.phases.iter().filter_map(|phase| match phase.work {
            Work::Pairs { samples } => Some(samples),
            Work::People(_) | Work::Open(_) | Work::Breakpoint { .. } | Work::Replay { .. } => None,
        });
        let Some(samples) = samples.max() else {
            return (Time::Never, "needs a pairs phase, and there is none".into());
        };
        if self.plan.cache.bypass.is_none() {
            return (Time::Never, "needs a way around the cache (`cache.bypass`)".into());
        }
        let (mut pairs, mut people) = (0, 0);
        for role in &self.plan.roles {
            let kinds = self.paired(role);
            pairs += kinds * u64::from(samples);
            people += u64::from(if kinds > 0 { role.people.min(samples) } else { 0 });
        }
        if pairs < MIN_PAIRS {
            return (
                Time::Never,
                format!("{pairs} pairs; {MIN_PAIRS} are the least (`samples` of the pairs)"),
            );
        }
        if people < MIN_CLUSTERS as u64 {
            return (Time::Never, format!("pairs of {people} people; those of {MIN_CLUSTERS} are the least"));
        }
        (Time::Any, format!("{pairs} pairs, if all can be used"))
    }

    /// How many reads of a role are made in pairs and meant here.
    fn paired(&self, role: &RolePlan) -> u64 {
        let selection = &self.slo.selection;
        let named = |wanted: &[String], name: &String| wanted.is_empty() || wanted.contains(name);
        if !named(&selection.roles, &role.name) {
            return 0;
        }
        let meant = role.actions.iter().map(|(action, _)| self.plan.action(*action)).filter(|action| {
            action.cached && action.draws.captures.is_empty() && named(&selection.actions, &action.name)
        });
        meant.count() as u64
    }

    /// A read that finds its entry invalidated is one that a stale answer could meet.
    fn violations(&self, oracle: Option<&str>) -> Answer {
        let Self { plan, slo, .. } = self;
        if oracle.is_some_and(|oracle| oracle != "freshness") {
            return (Time::Unknown, "what this oracle sees is not simulated".into());
        }
        let of = |outcome: &Outcome| Some(outcome.tally(plan, &slo.selection).invalidated);
        let why = format!("needs {TRIALS} reads of what a write took away");
        match self.until(TRIALS, of) {
            Some(time) => (time, why),
            None => self.unknown(),
        }
    }
}
