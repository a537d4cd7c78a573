//! Lines that must hold in every window of their phases: `hit_rate > 60% over 30s`.
//!
//! A pass needs the whole interval of every window to meet the target: each must hold, so
//! nothing is corrected (an intersection-union test; Berger, Technometrics 24, 1982). A
//! failure needs one window whose interval misses wholly at a confidence that all windows
//! together keep (Bonferroni, which is the first step of Holm's: some window would look bad by
//! chance alone). A window in which nothing happened is no evidence.

use super::burn_rate;
use super::hit_rate;
use super::latency::answered_reads;
use super::measure::{Measurement, Value};
use super::response_time;
use super::slo::{Metric, Slo};
use super::stretch::{self, Stretch, Window};
use crate::evidence::{Cell, Evidence, Selection};
use crate::stats::batch_means::Slice;
use crate::stats::quantile::{Counts, merge};
use crate::stats::window::{DesignEffect, Interval, Scatter, sum};
use crate::stats::{Estimate, Method, quantile};
use crate::units::{count, duration};
use std::time::Duration;

/// A window needs at least so many slices for its ends to be where they should.
const SLICES: u64 = 2;

/// What one window shows.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// Which window.
    pub(super) name: String,
    /// At the line's confidence: what a pass needs.
    pub(super) alone: Interval,
    /// At the confidence that all windows keep together: what a failure needs.
    pub(super) together: Interval,
}

/// The windows of a line, and what is said beside them.
#[derive(Clone, Debug, Default)]
pub(super) struct Windows {
    pub(super) seen: Vec<Seen>,
    /// Windows in which nothing happened.
    pub(super) empty: usize,
    /// What is in no window, and what else there is to say.
    pub(super) remarks: Vec<String>,
}

/// How a window came out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Held,
    Missed,
    Open,
}

/// Measures a line with a window.
pub(super) fn measure(slo: &Slo, length: Duration, evidence: &Evidence, confidence: f64) -> Measurement {
    let slice = Duration::from_micros(evidence.slice_us);
    if length < slice * SLICES as u32 {
        let why = format!(
            "this run kept {} apart, so windows of {} cannot be told; a shorter run keeps less together, or take longer windows",
            duration(slice),
            duration(length)
        );
        return Measurement::absent(why, 0);
    }
    let view = View { slo, length, evidence, confidence };
    match &slo.metric {
        Metric::HitRate => {
            let of_all = slo.selection.hit_rate(evidence);
            let n = sum(&of_all).denominator as u64;
            let mut measurement = view.ratio(stretch::hits, DesignEffect::of, "reads");
            measurement.withheld =
                hit_rate::undecidable(&slo.selection, evidence, n).or(measurement.withheld);
            measurement
        }
        Metric::EffectiveHitRate => {
            let of_all = slo.selection.ratio(evidence, stretch::effective_hits);
            let n = sum(&of_all).denominator as u64;
            let mut measurement = view.ratio(stretch::effective_hits, DesignEffect::of, "reads");
            measurement.withheld =
                hit_rate::undecidable(&slo.selection, evidence, n).or(measurement.withheld);
            measurement
        }
        // Errors come together, which makes their absence worth less, but those that were seen
        // in a window did happen: it may condemn on their number alone.
        Metric::ErrorRate => view.ratio(stretch::errors, |_| DesignEffect::NONE, "requests"),
        Metric::BurnRate { of, budget } => burn_rate::measure(&view, *of, *budget),
        Metric::Latency { quantile } => view.quantile(&view.latencies(), *quantile),
        Metric::MeanLatency => view.mean(&view.latency_sums()),
        Metric::ResponseTime { .. } | Metric::MeanResponseTime
            if !response_time::any(&slo.selection, evidence) =>
        {
            response_time::none(&slo.selection, evidence)
        }
        Metric::ResponseTime { quantile } => view.quantile(&view.response_times(), *quantile),
        Metric::MeanResponseTime => {
            let sums = view.response_times().into_iter().map(|(stretch, slices)| {
                (stretch, slices.iter().map(response_time::total).collect::<Vec<Slice>>())
            });
            view.mean(&sums.collect::<Vec<_>>())
        }
        Metric::Speedup
        | Metric::DbQueryReduction
        | Metric::MaxMemory { .. }
        | Metric::MemorySlope { .. }
        | Metric::PeakConcurrency { .. }
        | Metric::MeanStoreOperation { .. }
        | Metric::Violations { .. } => Measurement::absent("this metric is not measured over windows", 0),
    }
}

/// What a line looks at.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) slo: &'a Slo,
    pub(super) length: Duration,
    pub(super) evidence: &'a Evidence,
    pub(super) confidence: f64,
}

/// A stretch with what happened in each of its slices.
type Filled<T> = Vec<(Stretch, Vec<T>)>;

impl View<'_> {
    fn selection(&self) -> &Selection {
        &self.slo.selection
    }

    /// The confidence of each of so many intervals that all keep together.
    pub(super) fn together(&self, windows: usize) -> f64 {
        1.0 - (1.0 - self.confidence) / windows.max(1) as f64
    }

    fn latencies(&self) -> Filled<Counts> {
        let selection = answered_reads(self.selection());
        let parts = || selection.histograms(self.evidence).map(|part| (part.phase, part.slice, &part.counts));
        let phases = stretch::phases(self.evidence, &selection).into_iter();
        phases
            .map(|stretch| (stretch.histograms(parts()), stretch))
            .map(|(slices, at)| (at, slices))
            .collect()
    }

    fn latency_sums(&self) -> Filled<Slice> {
        let selection = answered_reads(self.selection());
        let phases = stretch::phases(self.evidence, &selection).into_iter();
        phases
            .map(|stretch| {
                let slices = stretch.ratio(self.evidence, &selection, |cell| (cell.latency_us, cell.n));
                (stretch, slices)
            })
            .collect()
    }

    fn response_times(&self) -> Filled<Counts> {
        let parts = || {
            let meant = response_time::meant(self.selection(), self.evidence);
            meant.map(|part| (part.phase, part.slice, &part.counts))
        };
        let phases = stretch::phases(self.evidence, self.selection()).into_iter();
        phases
            .map(|stretch| (stretch.histograms(parts()), stretch))
            .map(|(slices, at)| (at, slices))
            .collect()
    }

    /// The windows with what happened in them, without those in which nothing did.
    fn cut<T: Clone>(
        &self,
        filled: &Filled<T>,
        windows: &mut Windows,
        some: fn(&T) -> bool,
    ) -> Vec<(String, Vec<T>)> {
        let mut cut = Vec::new();
        for (stretch, slices) in filled {
            for window in stretch.consecutive(self.length) {
                let part = slices[window.slices.clone()].to_vec();
                if part.iter().any(some) {
                    cut.push((self.name(stretch, &window), part));
                } else {
                    windows.empty += 1;
                }
            }
            self.left_over(stretch, windows);
        }
        cut
    }

    pub(super) fn name(&self, stretch: &Stretch, window: &Window) -> String {
        stretch.name(self.evidence, window, self.length)
    }

    /// Says what is in no window.
    fn left_over(&self, stretch: &Stretch, windows: &mut Windows) {
        let left = stretch.left_over(self.length);
        if left > Duration::ZERO {
            let phase = stretch.phase(self.evidence);
            windows.remarks.push(format!("the last {} of {phase} are in no window", duration(left)));
        }
    }

    fn ratio(
        &self,
        part: fn(&Cell) -> (u64, u64),
        condemning: fn(&[Vec<Slice>]) -> DesignEffect,
        what: &str,
    ) -> Measurement {
        let phases = stretch::phases(self.evidence, self.selection()).into_iter();
        let filled: Filled<Slice> = phases
            .map(|stretch| (stretch.ratio(self.evidence, self.selection(), part), stretch))
            .map(|(slices, stretch)| (stretch, slices))
            .collect();
        let mut windows = Windows::default();
        let cut = self.cut(&filled, &mut windows, |slice| slice.denominator > 0.0);
        let parts: Vec<Vec<Slice>> = cut.iter().map(|(_, part)| part.clone()).collect();
        let (effect, condemning) = (DesignEffect::of(&parts), condemning(&parts));
        let together = self.together(cut.len());
        for (name, part) in cut {
            let total = sum(&part);
            if let (Some(alone), Some(together)) =
                (effect.share(total, self.confidence), condemning.share(total, together))
            {
                windows.seen.push(Seen { name, alone, together });
            }
        }
        self.conclude(windows, Method::Binomial, what)
    }

    fn quantile(&self, filled: &Filled<Counts>, q: f64) -> Measurement {
        let mut windows = Windows::default();
        let cut = self.cut(filled, &mut windows, |counts| !counts.is_empty());
        // The share of responses that do not exceed their own window's quantile.
        let below: Vec<Vec<Slice>> = cut
            .iter()
            .map(|(_, part)| {
                let at = quantile::quantile(&merge(part), q).unwrap_or(0);
                part.iter().map(|counts| up_to(counts, at)).collect()
            })
            .collect();
        let effect = DesignEffect::of(&below);
        let together = self.together(cut.len());
        for (name, part) in cut {
            let all = merge(&part);
            if let (Some(alone), Some(together)) =
                (effect.quantile(&all, q, self.confidence), effect.quantile(&all, q, together))
            {
                windows.seen.push(Seen { name, alone, together });
            }
        }
        self.conclude(windows, Method::OrderStatistics, "responses")
    }

    fn mean(&self, filled: &Filled<Slice>) -> Measurement {
        let mut windows = Windows::default();
        let cut = self.cut(filled, &mut windows, |slice| slice.denominator > 0.0);
        let parts: Vec<Vec<Slice>> = cut.iter().map(|(_, part)| part.clone()).collect();
        let Some(scatter) = Scatter::of(&parts) else {
            return Measurement::absent("too few responses in any window to tell how they differ", 0);
        };
        let together = self.together(cut.len());
        for (name, part) in cut {
            if let (Some(alone), Some(together)) =
                (scatter.mean(&part, self.confidence), scatter.mean(&part, together))
            {
                windows.seen.push(Seen { name, alone, together });
            }
        }
        self.conclude(windows, Method::BatchMeans, "responses")
    }

    /// From what the windows show to one measurement: that of the worst window, whose interval
    /// says what is said of the line.
    pub(super) fn conclude(&self, windows: Windows, method: Method, what: &str) -> Measurement {
        let Self { slo, length, .. } = self;
        let Windows { seen, empty, remarks } = windows;
        let states: Vec<State> = seen.iter().map(|window| self.state(window)).collect();
        let of = |state: State| states.iter().filter(|known| **known == state).count();
        let (held, missed, open) = (of(State::Held), of(State::Missed), of(State::Open));
        let decisive = match (missed, open) {
            (0, 0) => State::Held,
            (0, _) => State::Open,
            (_, _) => State::Missed,
        };
        let candidates = seen.iter().zip(&states).filter(|(_, state)| **state == decisive);
        let Some((worst, _)) =
            candidates.max_by(|(a, _), (b, _)| self.badness(a).total_cmp(&self.badness(b)))
        else {
            let why = if empty > 0 {
                format!("nothing happened in any of {} windows of {}", count(empty as u64), duration(*length))
            } else {
                format!("no phase that is meant is as long as a window of {}", duration(*length))
            };
            return Measurement::absent(why, 0);
        };
        let interval = match decisive {
            State::Held => worst.alone,
            State::Missed => worst.together,
            // What misses alone, and not together with all that might have.
            State::Open if self.straddles(&worst.alone) => worst.alone,
            State::Open => worst.together,
        };
        let unit = slo.metric.unit();
        let mut counted = vec![format!("{} held", count(held as u64))];
        for (n, state) in [(missed, "missed"), (open, "stayed open"), (empty, "had nothing in them")] {
            if n > 0 {
                counted.push(format!("{} {state}", count(n as u64)));
            }
        }
        let mut note = vec![
            format!("{}: {} of {} {what}", worst.name, unit.show(worst.alone.value), count(worst.alone.n)),
            format!("of {} windows {}", count((seen.len() + empty) as u64), counted.join(", ")),
        ];
        note.extend(remarks);
        let withheld = (decisive == State::Open).then(|| self.why_open(&interval, open, what));
        Measurement { withheld, ..Measurement::of(value_of(interval, method)) }.note(Some(note.join("; ")))
    }

    fn state(&self, window: &Seen) -> State {
        let holds = |value| self.slo.op.holds(value, self.slo.target);
        if !holds(window.together.lo) && !holds(window.together.hi) {
            State::Missed
        } else if holds(window.alone.lo) && holds(window.alone.hi) {
            State::Held
        } else {
            State::Open
        }
    }

    fn straddles(&self, interval: &Interval) -> bool {
        let holds = |value| self.slo.op.holds(value, self.slo.target);
        holds(interval.lo) != holds(interval.hi)
    }

    /// How far on the wrong side a window's value is.
    fn badness(&self, window: &Seen) -> f64 {
        // Whatever meets the target at nothing is wrong when it is large.
        let low_is_good = self.slo.op.holds(f64::NEG_INFINITY, self.slo.target);
        if low_is_good { window.alone.value } else { -window.alone.value }
    }

    /// Why an open window decides nothing, and what would.
    fn why_open(&self, interval: &Interval, open: usize, what: &str) -> String {
        let unit = self.slo.metric.unit();
        let target = unit.show_target(self.slo.target);
        let windows =
            if open == 1 { "the worst window".into() } else { format!("{} windows", count(open as u64)) };
        if !interval.hi.is_finite() {
            return format!(
                "too few {what} in {windows} to bound them from above; longer windows would have more"
            );
        }
        let half = (interval.hi - interval.lo) / 2.0;
        let factor = (half / (interval.value - self.slo.target).abs()).powi(2);
        let needed = interval.n as f64 * factor;
        if factor.is_finite() && (1.0..50.0).contains(&factor) {
            format!(
                "{windows} could lie on either side of {target}; about {} {what} in a window would tell",
                count(needed.ceil() as u64)
            )
        } else {
            format!("{windows} could lie on either side of {target}")
        }
    }
}

/// An interval of a window as a measured value; without an upper end only the value is said.
fn value_of(interval: Interval, method: Method) -> Value {
    let Interval { value, lo, hi, n } = interval;
    if hi.is_finite() && lo.is_finite() {
        Value::Estimated(Estimate { value, lo, hi, n, method })
    } else {
        Value::Exact { value, n }
    }
}

/// How many of a slice's responses do not exceed a value.
fn up_to(counts: &Counts, at: u64) -> Slice {
    let of = |part: &mut dyn Iterator<Item = &(u64, u64)>| part.map(|(_, n)| n).sum::<u64>() as f64;
    Slice {
        numerator: of(&mut counts.iter().take_while(|(value, _)| *value <= at)),
        denominator: of(&mut counts.iter()),
    }
}

#[cfg(test)]
mod tests;
