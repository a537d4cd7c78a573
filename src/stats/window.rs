//! One window of many: an interval from few slices of time, with the correlation that all
//! windows together show.
//!
//! A window of half a minute holds too few slices to tell how its events hang together. What
//! hangs together does so in every window, so the design effect (how many times larger than
//! binomial the variance is; Kish, "Survey Sampling", 1965, §8.2) is pooled over the parts of
//! all windows, each around its own window's rate: a window that is truly worse does not
//! widen its own interval. The number of events is then taken as that many times smaller, and
//! the exact binomial interval is read at it, smaller again for the degrees of freedom
//! (Korn & Graubard, "Confidence intervals for proportions with small expected number of
//! positive counts estimated from survey data", Survey Methodology 24, 1998). Quantiles are
//! the same interval of a share, read off the distribution (Woodruff, "Confidence intervals
//! for medians and other position measures", JASA 47, 1952).

use super::batch_means::Slice;
use super::binomial;
use super::gaussian::t_two_sided;
use super::quantile::{Counts, quantile};

/// Parts of all windows together that a design effect is read from.
const PARTS: usize = 30;
/// As many degrees of freedom as make Student's t a normal distribution.
const MANY: u64 = 1_000_000;

/// An interval of one window. Its upper end is infinite where the window has too few events
/// to bound it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// What was measured.
    pub value: f64,
    /// Lower end.
    pub lo: f64,
    /// Upper end.
    pub hi: f64,
    /// Events in the window.
    pub n: u64,
}

/// How much larger than binomial the variance is, and how well that is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DesignEffect {
    /// At least 1.
    pub factor: f64,
    /// Degrees of freedom; `None` where there was nothing to read it from.
    freedom: Option<u64>,
}

impl DesignEffect {
    /// Independent events.
    pub const NONE: Self = Self { factor: 1.0, freedom: None };

    /// From windows that do not overlap, each a run of slices.
    #[must_use]
    pub fn of(windows: &[Vec<Slice>]) -> Self {
        let (mut seen, mut binomial, mut freedom) = (0.0, 0.0, 0);
        for parts in parts(windows) {
            let total = sum(&parts);
            let value = total.numerator / total.denominator;
            let expected = total.denominator * value * (1.0 - value);
            if expected <= 0.0 || parts.len() < 2 {
                continue;
            }
            let count = parts.len() as f64;
            seen += count / (count - 1.0) * residuals(&parts, value);
            binomial += expected;
            freedom += parts.len() as u64 - 1;
        }
        if binomial <= 0.0 {
            return Self::NONE;
        }
        Self { factor: (seen / binomial).max(1.0), freedom: Some(freedom) }
    }

    /// How many independent events so many are worth.
    fn effective(self, n: f64, confidence: f64) -> f64 {
        let shrunk = match self.freedom {
            Some(freedom) => {
                n / self.factor * (t_two_sided(confidence, MANY) / t_two_sided(confidence, freedom)).powi(2)
            }
            None => n / self.factor,
        };
        shrunk.min(n)
    }

    /// The interval of a share. `None` without events.
    #[must_use]
    pub fn share(self, total: Slice, confidence: f64) -> Option<Interval> {
        let n = total.denominator;
        if n <= 0.0 {
            return None;
        }
        let value = (total.numerator / n).clamp(0.0, 1.0);
        let events = (self.effective(n, confidence) + 1e-9).floor() as u64;
        let successes = value * events as f64;
        // A fraction of an event counts against the interval at both of its ends.
        let ends =
            |successes: f64| binomial::clopper_pearson((successes as u64).min(events), events, confidence);
        let lo = ends((successes + 1e-9).floor()).map_or(0.0, |(lo, _)| lo);
        let hi = ends((successes - 1e-9).ceil().max(0.0)).map_or(1.0, |(_, hi)| hi);
        Some(Interval { value, lo: lo.min(value), hi: hi.max(value), n: n as u64 })
    }

    /// The interval of the q-quantile, where this is the design effect of the share of events
    /// that do not exceed it. `None` without events.
    #[must_use]
    pub fn quantile(self, counts: &Counts, q: f64, confidence: f64) -> Option<Interval> {
        let n: u64 = counts.iter().map(|(_, count)| count).sum();
        let value = quantile(counts, q)? as f64;
        let events = (self.effective(n as f64, confidence) + 1e-9).floor() as u64;
        let tail = (1.0 - confidence) / 2.0;
        // Ranks as in `binomial::quantile_ranks`, each end by itself: a lower end is often there
        // where an upper is not.
        let below = first(events, |k| binomial::cdf(events, q, k) > tail);
        let above = first(events, |k| binomial::cdf(events, q, k) >= 1.0 - tail);
        let at = |rank: u64| quantile(counts, rank as f64 / events as f64).map(|value| value as f64);
        let lo = Some(below).filter(|rank| *rank >= 1).and_then(at).unwrap_or(0.0);
        let hi = Some(above + 1).filter(|rank| *rank <= events).and_then(at).unwrap_or(f64::INFINITY);
        Some(Interval { value, lo: lo.min(value), hi: hi.max(value), n })
    }
}

/// How much the mean of an event differs between parts of a window, pooled over all windows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scatter {
    /// Variance that one event would have if they were independent.
    variance: f64,
    freedom: u64,
}

impl Scatter {
    /// From windows that do not overlap; `None` where no window has two parts with events.
    #[must_use]
    pub fn of(windows: &[Vec<Slice>]) -> Option<Self> {
        let (mut seen, mut events, mut freedom) = (0.0, 0.0, 0);
        for parts in parts(windows).into_iter().filter(|parts| parts.len() >= 2) {
            let total = sum(&parts);
            let count = parts.len() as f64;
            seen += count / (count - 1.0) * residuals(&parts, total.numerator / total.denominator);
            events += total.denominator;
            freedom += parts.len() as u64 - 1;
        }
        (freedom > 0).then(|| Self { variance: seen / events, freedom })
    }

    /// The interval of a window's mean: Student t with the pooled variance, or with the
    /// window's own where that is larger (its parts may be few, and it may be the one in
    /// trouble). `None` without events.
    #[must_use]
    pub fn mean(self, window: &[Slice], confidence: f64) -> Option<Interval> {
        let total = sum(window);
        if total.denominator <= 0.0 {
            return None;
        }
        let half = |of: Self| t_two_sided(confidence, of.freedom) * (of.variance / total.denominator).sqrt();
        let own = Self::of(std::slice::from_ref(&window.to_vec())).filter(|own| own.variance > self.variance);
        let value = total.numerator / total.denominator;
        let half = half(self).max(own.map_or(0.0, half));
        Some(Interval { value, lo: value - half, hi: value + half, n: total.denominator as u64 })
    }
}

/// Each window in so many parts of consecutive slices that all together have [`PARTS`], and at
/// least two: the longer a part, the more of what hangs together is inside it. Parts without
/// events, and windows without parts, are left out.
fn parts(windows: &[Vec<Slice>]) -> Vec<Vec<Slice>> {
    let each = PARTS.div_ceil(windows.len().max(1)).max(2);
    let cut = |window: &Vec<Slice>| -> Vec<Slice> {
        let count = each.min(window.len());
        let at = |part: usize| part * window.len() / count.max(1);
        (0..count)
            .map(|part| sum(&window[at(part)..at(part + 1)]))
            .filter(|part| part.denominator > 0.0)
            .collect()
    };
    windows.iter().map(cut).filter(|parts| !parts.is_empty()).collect()
}

/// The smallest k in 0..n for which a condition holds that, once true, stays true; n where
/// there is none.
fn first(n: u64, holds: impl Fn(u64) -> bool) -> u64 {
    let (mut lo, mut hi) = (0, n);
    while lo < hi {
        let middle = lo + (hi - lo) / 2;
        if holds(middle) { hi = middle } else { lo = middle + 1 }
    }
    lo
}

/// Squares of what each part has above its share.
fn residuals(parts: &[Slice], value: f64) -> f64 {
    parts.iter().map(|part| (part.numerator - value * part.denominator).powi(2)).sum()
}

/// All of them as one.
#[must_use]
pub fn sum(slices: &[Slice]) -> Slice {
    slices.iter().fold(Slice { numerator: 0.0, denominator: 0.0 }, |sum, slice| Slice {
        numerator: sum.numerator + slice.numerator,
        denominator: sum.denominator + slice.denominator,
    })
}

#[cfg(test)]
mod tests;
