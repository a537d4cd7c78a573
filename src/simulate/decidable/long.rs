//! What the lines of a long run need: windows, burn rates, trends, concurrency and response
//! times.

use super::{Answer, Question, Time};
use crate::plan::{PhasePlan, Work};
use crate::stats::quantile::samples_needed;
use crate::stats::trend::MIN_READINGS;
use crate::stats::{batch_means, window};
use crate::units::{count, duration, percent};
use crate::verdict::{Concurrent, MemoryScope, Metric, Op, decided_at};
use std::time::Duration;

/// None seen in n leaves a share of up to so many nths at the upper end of a two-sided 95 %
/// interval: ln(2/0.05), by Clopper and Pearson's closed form.
const NONE_SEEN: f64 = 3.69;

impl Question<'_> {
    /// The phases that are meant.
    fn meant(&self) -> impl Iterator<Item = &PhasePlan> {
        let named = &self.slo.selection.phases;
        self.plan
            .phases
            .iter()
            .filter(|phase| if named.is_empty() { phase.measured } else { named.contains(&phase.name) })
    }

    /// How many a second there are: of people, by the replays; of arrivals by the clock, by
    /// their rate.
    fn a_second(&self, of: impl Fn(&super::Outcome) -> Option<u64>) -> Option<f64> {
        let length = self.length().as_secs_f64();
        if length > 0.0 {
            let outcomes = self.expected.outcomes();
            let counted: u64 = outcomes.iter().map(of).sum::<Option<u64>>()?;
            return Some(counted as f64 / outcomes.len().max(1) as f64 / length);
        }
        let by_clock = self.meant().filter_map(|phase| match &phase.work {
            Work::Open(arrivals) => Some(f64::midpoint(arrivals.rate, arrivals.to)),
            Work::Pairs { .. } | Work::People(_) | Work::Breakpoint { .. } | Work::Replay { .. } => None,
        });
        by_clock.reduce(f64::min)
    }

    /// A line with a window: it is decided by what one window holds, however many there are.
    pub(super) fn windows(&self, length: Duration) -> Answer {
        let slice = self.plan.slice();
        if length < slice * 2 {
            let why = format!(
                "a run of this length keeps {} apart, and a window must hold two of them",
                duration(slice)
            );
            return (Time::Never, why);
        }
        if !self.meant().any(|phase| phase.duration >= length) {
            let why = format!("no phase that is meant is as long as a window, {}", duration(length));
            return (Time::Never, why);
        }
        let selection = &self.slo.selection;
        let requests = |outcome: &super::Outcome| Some(outcome.tally(self.plan, selection).requests);
        let answered =
            |outcome: &super::Outcome| outcome.tally(self.plan, selection).of_sources(&selection.sources);
        match &self.slo.metric {
            Metric::HitRate | Metric::EffectiveHitRate => self.hit_rate_in(length),
            Metric::ErrorRate => self.scarce(length, self.slo.target, self.a_second(requests), "requests"),
            Metric::BurnRate { of, budget } => match of {
                crate::verdict::Burn::Error => {
                    self.scarce(length, self.slo.target * budget, self.a_second(requests), "requests")
                }
                crate::verdict::Burn::Miss => self.unknown(),
            },
            Metric::Latency { quantile } | Metric::ResponseTime { quantile } => {
                let needed = samples_needed(*quantile, decided_at(self.plan.confidence)) as f64;
                self.enough(length, needed, self.a_second(answered), "samples")
            }
            Metric::MeanLatency | Metric::MeanResponseTime => {
                self.enough(length, batch_means::MIN_BATCHES as f64, self.a_second(answered), "samples")
            }
            Metric::Speedup
            | Metric::DbQueryReduction
            | Metric::MaxMemory { .. }
            | Metric::MemorySlope { .. }
            | Metric::PeakConcurrency { .. }
            | Metric::MeanStoreOperation { .. }
            | Metric::Violations { .. } => self.unknown(),
        }
    }

    /// So many in each window.
    fn enough(&self, length: Duration, needed: f64, a_second: Option<f64>, what: &str) -> Answer {
        let Some(a_second) = a_second else { return self.unknown() };
        let there = a_second * length.as_secs_f64();
        let seconds = length.as_secs_f64();
        let why = format!(
            "needs {} {what} in a window, of about {}",
            count(needed.ceil() as u64),
            count(there as u64)
        );
        if there >= needed {
            (Time::Wall { seconds }, why)
        } else if there >= 1.0 {
            let longer = Duration::from_secs_f64((seconds * needed / there).ceil().min(super::LONGEST));
            (Time::Never, format!("{why}; windows of {} would do", duration(longer)))
        } else {
            (Time::Never, why)
        }
    }

    /// So many without a single bad one in each window.
    fn scarce(&self, length: Duration, target: f64, a_second: Option<f64>, what: &str) -> Answer {
        match self.slo.op {
            Op::Below | Op::AtMost if target > 0.0 => {
                self.enough(length, NONE_SEEN / target, a_second, &format!("{what} without an error"))
            }
            Op::Below | Op::AtMost | Op::Equal => {
                (Time::Never, "no number of requests shows that there are no errors at all".into())
            }
            Op::Above | Op::AtLeast => self.unknown(),
        }
    }

    /// What a window of the replays leaves open, by the design effect of all of them.
    fn hit_rate_in(&self, length: Duration) -> Answer {
        let Self { plan, expected, slo } = self;
        let Some(rate) = expected.rate(plan, &slo.selection) else { return self.unknown() };
        let each = (length.as_micros() / plan.slice().as_micros().max(1)).max(1) as usize;
        let (mut half, mut windows) = (0.0, 0);
        for outcome in expected.outcomes() {
            let slices = outcome.slices(plan, &slo.selection);
            let apart: Vec<Vec<_>> = slices.chunks_exact(each).map(<[_]>::to_vec).collect();
            let effect = window::DesignEffect::of(&apart);
            let known =
                apart.iter().filter_map(|part| effect.share(window::sum(part), decided_at(plan.confidence)));
            for interval in known {
                half += (interval.hi - interval.lo) / 2.0;
                windows += 1;
            }
        }
        if windows == 0 {
            return self.unknown();
        }
        let half = half / f64::from(windows);
        let distance = (rate.value - slo.target).abs();
        let why = format!("expected {} ± {} in a window", percent(rate.value), percent(half));
        let seconds = length.as_secs_f64();
        if half < distance {
            return (Time::Wall { seconds }, why);
        }
        let longer = seconds * (half / distance).powi(2);
        if longer.is_finite() && longer <= super::LONGEST {
            let longer = Duration::from_secs_f64(longer.ceil());
            (Time::Never, format!("{why}; windows of {} would do", duration(longer)))
        } else {
            (Time::Never, why)
        }
    }

    /// Response times are there where requests arrive by the clock.
    pub(super) fn response_time(&self, needed: u64) -> Answer {
        let rates = self.meant().filter_map(|phase| match &phase.work {
            Work::Open(arrivals) => Some(f64::midpoint(arrivals.rate, arrivals.to)),
            Work::Breakpoint { arrivals, .. } => Some(arrivals.rate),
            Work::Pairs { .. } | Work::People(_) | Work::Replay { .. } => None,
        });
        match rates.reduce(f64::max) {
            Some(rate) => {
                let seconds = needed as f64 / rate;
                (Time::Wall { seconds }, format!("needs {} samples of requests by the clock", count(needed)))
            }
            None if self.meant().any(|phase| matches!(phase.work, Work::Replay { .. })) => self.unknown(),
            None => (Time::Never, "people ask when they are ready: it needs a phase of kind open".to_owned()),
        }
    }

    /// How long the phases of requests by the clock are.
    pub(super) fn by_clock(&self) -> Duration {
        let by_clock = self.meant().filter(|phase| {
            matches!(phase.work, Work::Open(_) | Work::Breakpoint { .. } | Work::Replay { .. })
        });
        by_clock.map(|phase| phase.duration).sum()
    }

    pub(super) fn slope(&self, scope: MemoryScope) -> Answer {
        if !self.is_told(scope) {
            return (Time::Never, "nothing tells this memory (`cache.counters`)".into());
        }
        let looks = MIN_READINGS as f64;
        if self.meant().map(|phase| phase.duration.as_secs_f64()).sum::<f64>() < looks {
            return (Time::Wall { seconds: looks }, format!("needs {MIN_READINGS} looks, one a second"));
        }
        let why = "how well a trend is known depends on how the memory wavers; hours, after a warm-up";
        (Time::Unknown, why.into())
    }

    /// Whether a target that is asked may tell it.
    fn is_told(&self, scope: MemoryScope) -> bool {
        let counters = &self.plan.cache.counters;
        let json = counters.json.as_ref();
        match scope {
            MemoryScope::User => json.is_some_and(|json| json.largest_user_bytes.is_some()),
            MemoryScope::Total => {
                json.is_some_and(|json| json.bytes.is_some())
                    || counters.prometheus.as_ref().is_some_and(|text| text.bytes.is_some())
                    || counters.redis.is_some()
            }
            MemoryScope::Process => {
                counters.prometheus.is_some()
                    || matches!(self.plan.target.place, crate::plan::Place::Embedded { .. })
            }
        }
    }

    /// What is counted is known in any run; a number that cannot be reached is known before.
    pub(super) fn concurrency(&self, of: Concurrent) -> Answer {
        let roles = &self.slo.selection.roles;
        let most = match of {
            Concurrent::Requests => self
                .meant()
                .map(|phase| match &phase.work {
                    Work::People(mood) => mood.users.iter().sum::<u32>(),
                    Work::Open(arrivals) | Work::Breakpoint { arrivals, .. } => arrivals.pool,
                    Work::Pairs { .. } => 1,
                    Work::Replay { .. } => u32::MAX,
                })
                .max()
                .unwrap_or(0),
            Concurrent::People => {
                let meant =
                    self.plan.roles.iter().filter(|role| roles.is_empty() || roles.contains(&role.name));
                meant.map(|role| role.people).sum()
            }
        };
        let reach = match self.slo.op {
            Op::Above | Op::AtLeast | Op::Equal => f64::from(most) >= self.slo.target,
            Op::Below | Op::AtMost => true,
        };
        match (reach, of) {
            (true, _) => (Time::Any, "counted in the run".into()),
            (false, Concurrent::Requests) => {
                (Time::Any, format!("at most {} can be under way here", count(most.into())))
            }
            (false, Concurrent::People) => (Time::Any, format!("there are only {}", count(most.into()))),
        }
    }
}
