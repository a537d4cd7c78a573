//! What a line says of responses as they come, without an interval: for the steps of a
//! breakpoint and for what ends a run early. The same definitions as the judge's.

use super::slo::{Metric, Slo};
use crate::observe::{Fault, Observation, Source};
use hdrhistogram::Histogram;

/// A line, ready to take responses in.
#[derive(Clone, Debug)]
pub struct Gauge {
    /// The line.
    pub slo: Slo,
    /// Indices that are meant; `None` where all are.
    roles: Option<Vec<u16>>,
    actions: Option<Vec<u16>>,
    phases: Option<Vec<u16>>,
}

/// Names by index, as observations use them.
#[derive(Clone, Copy, Debug)]
pub struct Index<'a> {
    /// Of roles.
    pub roles: &'a [String],
    /// Of actions.
    pub actions: &'a [String],
    /// Of phases.
    pub phases: &'a [String],
}

/// What was seen of some responses.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Above the line of a ratio.
    above: u64,
    /// Below it; of latencies, how many.
    below: u64,
    /// Sum of latencies in microseconds.
    sum_us: u64,
    /// Latencies, where a quantile is asked for.
    latencies: Option<Histogram<u32>>,
}

impl Gauge {
    /// A line for responses of these roles, actions and phases. Without a phase it means all
    /// of them: a line about load says so wherever there is load.
    pub fn new(slo: &Slo, index: Index<'_>) -> Self {
        let find = |wanted: &[String], known: &[String]| {
            let at = |name: &String| u16::try_from(known.iter().position(|other| other == name)?).ok();
            (!wanted.is_empty()).then(|| wanted.iter().filter_map(at).collect())
        };
        let selection = &slo.selection;
        Self {
            roles: find(&selection.roles, index.roles),
            actions: find(&selection.actions, index.actions),
            phases: find(&selection.phases, index.phases),
            slo: slo.clone(),
        }
    }

    pub(super) fn takes(&self, seen: &Observation) -> bool {
        let named = |wanted: &Option<Vec<u16>>, at| wanted.as_ref().is_none_or(|wanted| wanted.contains(&at));
        // What was given up because the run ended says nothing of the target.
        seen.fault != Some(Fault::Abandoned)
            && named(&self.roles, seen.role)
            && named(&self.actions, seen.action)
            && named(&self.phases, seen.phase)
    }

    /// Takes a response in, that took so long in the eyes of whoever asks.
    pub fn add(&self, tally: &mut Tally, seen: &Observation, latency_us: u64) {
        if !self.takes(seen) {
            return;
        }
        let sources = &self.slo.selection.sources;
        let meant =
            if sources.is_empty() { seen.source.is_answered_read() } else { sources.contains(&seen.source) };
        match self.slo.metric {
            Metric::ErrorRate => tally.count(seen.source == Source::Error, seen.source != Source::Browser),
            Metric::HitRate => tally.count(seen.source.is_hit(), seen.source.in_hit_rate()),
            Metric::EffectiveHitRate => {
                let browser = seen.source == Source::Browser;
                tally.count(seen.source.is_hit() || browser, seen.source.in_hit_rate() || browser);
            }
            Metric::MeanLatency | Metric::MeanResponseTime if meant => {
                tally.below += 1;
                tally.sum_us += latency_us;
            }
            Metric::Latency { .. } | Metric::ResponseTime { .. } if meant => {
                tally.below += 1;
                let two_digits = || Histogram::new(2).expect("2 digits are a valid precision");
                // This kind grows with its values: it takes every one.
                let _ = tally.latencies.get_or_insert_with(two_digits).record(latency_us.max(1));
            }
            Metric::MeanLatency
            | Metric::MeanResponseTime
            | Metric::Latency { .. }
            | Metric::ResponseTime { .. } => {}
            Metric::Speedup
            | Metric::BurnRate { .. }
            | Metric::DbQueryReduction
            | Metric::MaxMemory { .. }
            | Metric::MemorySlope { .. }
            | Metric::PeakConcurrency { .. }
            | Metric::MeanStoreOperation { .. }
            | Metric::Violations { .. } => {}
        }
    }

    /// The value in the unit's base; `None` where nothing was measured, or where single
    /// responses do not tell it.
    pub fn value(&self, tally: &Tally) -> Option<f64> {
        let below = tally.below as f64;
        match self.slo.metric {
            _ if tally.below == 0 => None,
            Metric::ErrorRate | Metric::HitRate | Metric::EffectiveHitRate => {
                Some(tally.above as f64 / below)
            }
            Metric::MeanLatency | Metric::MeanResponseTime => Some(tally.sum_us as f64 / below),
            Metric::Latency { quantile } | Metric::ResponseTime { quantile } => {
                tally.latencies.as_ref().map(|latencies| latencies.value_at_quantile(quantile) as f64)
            }
            Metric::Speedup
            | Metric::BurnRate { .. }
            | Metric::DbQueryReduction
            | Metric::MaxMemory { .. }
            | Metric::MemorySlope { .. }
            | Metric::PeakConcurrency { .. }
            | Metric::MeanStoreOperation { .. }
            | Metric::Violations { .. } => None,
        }
    }

    /// Whether the line holds for a value.
    pub fn holds(&self, value: f64) -> bool {
        self.slo.op.holds(value, self.slo.target)
    }

    /// What is measured, with a value: `p99(latency) was 231 ms`.
    pub fn say(&self, value: f64) -> String {
        let metric = self.slo.text.split(['<', '>']).next().unwrap_or(&self.slo.text).trim();
        format!("{metric} was {}", self.slo.metric.unit().show(value))
    }
}

impl Tally {
    fn count(&mut self, above: bool, below: bool) {
        self.above += u64::from(above);
        self.below += u64::from(below);
    }

    /// How many responses the value is over.
    pub fn n(&self) -> u64 {
        self.below
    }

    /// Adds another's.
    pub fn merge(&mut self, other: &Self) {
        self.above += other.above;
        self.below += other.below;
        self.sum_us += other.sum_us;
        match (&mut self.latencies, &other.latencies) {
            (Some(own), Some(more)) => {
                let _ = own.add(more);
            }
            (own @ None, Some(more)) => *own = Some(more.clone()),
            (_, None) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(role: u16, source: Source, took_us: u64) -> Observation {
        Observation {
            person: 0,
            role,
            action: 0,
            phase: 0,
            due_us: 0,
            started_us: 0,
            first_byte_us: None,
            finished_us: took_us,
            status: Some(200),
            claimed: source,
            source,
            validated: false,
            request: 0,
            digest: None,
            bytes: 0,
            reused: true,
            fault: None,
        }
    }

    fn value(line: &str, all: &[(u16, Source, u64)]) -> Option<f64> {
        let roles = ["teacher".to_owned(), "student".to_owned()];
        let index = Index { roles: &roles, actions: &["list".to_owned()], phases: &["open".to_owned()] };
        let gauge = Gauge::new(&line.parse().unwrap(), index);
        // In two parts, as seconds of a window are.
        let (mut first, mut second) = (Tally::default(), Tally::default());
        for (at, (role, source, took)) in all.iter().enumerate() {
            let seen = seen(*role, *source, *took);
            gauge.add(if at % 2 == 0 { &mut first } else { &mut second }, &seen, seen.latency_us());
        }
        first.merge(&second);
        gauge.value(&first)
    }

    #[test]
    fn a_line_is_measured_on_what_it_selects() {
        let all = [
            (0, Source::Hit, 100),
            (0, Source::Hit, 100),
            (0, Source::Miss, 900),
            (1, Source::Miss, 5_000),
            (1, Source::Error, 9_000),
            (1, Source::Browser, 0),
            (1, Source::Write, 70_000),
        ];
        for (line, expected) in [
            ("hit_rate > 1%", 0.5),
            (r#"hit_rate{role="teacher"} > 1%"#, 2.0 / 3.0),
            // A copy that the browser showed was no request.
            ("error_rate < 1%", 1.0 / 6.0),
            (r#"error_rate{role="teacher"} < 1%"#, 0.0),
            // Writes and errors are no answered reads.
            ("mean(latency) < 1s", 6_100.0 / 4.0),
            (r#"mean(latency{source="miss"}) < 1s"#, 2_950.0),
        ] {
            let value = value(line, &all).unwrap();
            assert!((value - expected).abs() < 1e-9, "{line}: {value}");
        }
        let p99 = value("p99(latency) < 1s", &all).unwrap();
        assert!((4_950.0..5_050.0).contains(&p99), "{p99}");
    }

    #[test]
    fn nothing_measured_is_no_value() {
        for line in ["hit_rate > 1%", "p50(latency) < 1s", "mean(latency) < 1s", "error_rate < 1%"] {
            assert_eq!(value(line, &[(0, Source::Browser, 1)]), None, "{line}");
        }
    }
}
