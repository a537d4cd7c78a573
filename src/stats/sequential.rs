//! Early stopping: intervals that may be looked at as often as one likes.
//!
//! An interval of the usual kind is right once, at a length that was fixed beforehand; who
//! looks again and again until it decides is wrong far more often than it claims. A
//! confidence sequence holds at all looks together, so that a run may end at the first that
//! decides. What goes in: batches of a fixed length, in order. What comes out: the interval
//! at this look ([`Samples::interval`]), how surprising the data would be at the target
//! ([`Samples::p_value`]), and, for a whole stream, when it decides ([`run`]).
//!
//! - A ratio r = Σ num ÷ Σ den is the value at which D_k = num_k − r·den_k has mean zero:
//!   the interval is the set of r that an asymptotic confidence sequence for the mean of D
//!   does not exclude (`boundary`).
//! - A share of rare events has no spread to see until the first event, and an asymptotic
//!   sequence would believe that at once. Its interval holds, besides, the exact sequence of
//!   a beta-binomial mixture (`mixture`).
//! - A quantile is where such a share crosses q.
//!
//! Assumed, and to be said beside every result: the batches are about independent (what is
//! left of correlation between neighbours widens the interval), the process is steady, and
//! the batches are many enough for a normal limit, never fewer than [`FIRST_LOOK`]. Requests
//! of a share that shows no spread are taken as independent.

mod boundary;
mod mixture;
#[cfg(test)]
mod tests;

use super::batch_means::Slice;
use super::quantile::{self, Counts};
use super::{Estimate, Insufficient, Method, check_confidence, without_spread};
use boundary::Spread;

/// Batches before the first look: in the simulations of this room fewer let the estimate of
/// the spread decide too early where neighbours are correlated.
pub const FIRST_LOOK: usize = 20;
/// Events before the first look.
const MIN_EVENTS: u64 = 100;
/// The interval is tightest after so many batches: between the first look and the end of a
/// phase that is cut into fifty.
const TUNED_FOR: f64 = 30.0;

/// How a sequence looks, fixed before the first batch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Design {
    /// Chance of ever excluding the truth.
    pub alpha: f64,
    /// ρ² of the boundary: where it is tightest. Fixed, whatever level is asked for later.
    pub rho2: f64,
    /// Batches with events before anything is said.
    pub first_look: usize,
}

impl Design {
    /// The design of this room at a level.
    #[must_use]
    pub fn new(alpha: f64) -> Self {
        Self { alpha, rho2: boundary::rho2(alpha, TUNED_FOR), first_look: FIRST_LOOK }
    }
}

/// What is measured, by batches in their order.
#[derive(Debug, Clone, PartialEq)]
pub enum Samples {
    /// Sum by sum: a mean latency, a speedup.
    Ratio(Vec<Slice>),
    /// Events by events, 0 ≤ numerator ≤ denominator.
    Share(Vec<Slice>),
    /// A quantile of latencies.
    Quantile {
        /// Latencies of each batch.
        batches: Vec<Counts>,
        /// 0 to 1.
        q: f64,
    },
}

/// On which side of a target the truth lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Above it.
    Above,
    /// Below it.
    Below,
    /// Not known yet.
    Open,
}

impl Samples {
    /// The interval at this look. The target only tunes it: any other value, chosen
    /// beforehand, would be as valid.
    ///
    /// # Errors
    /// [`Insufficient`] before the first look, and where the denominators vary too much for
    /// any ratio to be excluded.
    pub fn interval(&self, target: f64, design: &Design) -> Result<Estimate, Insufficient> {
        check_confidence(1.0 - design.alpha)?;
        match self {
            Self::Ratio(batches) => ratio(batches, design),
            Self::Share(batches) => share(batches, target, design),
            Self::Quantile { batches, q } => quantile_interval(batches, *q, design),
        }
    }

    /// The smallest level at which this look excludes the target: an anytime-valid p-value,
    /// for corrections over several targets. 1 where nothing can be said.
    #[must_use]
    pub fn p_value(&self, target: f64, design: &Design) -> f64 {
        match self {
            Self::Ratio(batches) => {
                if ready(batches, design).is_err() {
                    return 1.0;
                }
                let spread = Spread::of(batches);
                if spread.flat() {
                    // Nothing is known of its spread: what its interval excludes.
                    return ratio(batches, design)
                        .map_or(1.0, |e| f64::from(u8::from(e.lo <= target && target <= e.hi)));
                }
                spread.p_value(target, design)
            }
            Self::Share(batches) => share_p(batches, target, design),
            Self::Quantile { batches, q } => {
                // The share at the target is compared with q: below it, the quantile is above.
                let at = at_most(batches, target);
                share_p(&at, *q, design)
            }
        }
    }

    /// On which side of the target the truth lies, at the design's level.
    #[must_use]
    pub fn decide(&self, target: f64, design: &Design) -> Decision {
        match self.interval(target, design) {
            Ok(estimate) if estimate.lo > target => Decision::Above,
            Ok(estimate) if estimate.hi < target => Decision::Below,
            Ok(_) | Err(_) => Decision::Open,
        }
    }
}

/// Looks after each batch until the target is decided, and says after how many that was.
/// `share`: whether the batches are shares.
pub fn run(
    batches: impl IntoIterator<Item = Slice>,
    share: bool,
    target: f64,
    alpha: f64,
) -> (Decision, usize) {
    let design = Design::new(alpha);
    let mut samples = if share { Samples::Share(Vec::new()) } else { Samples::Ratio(Vec::new()) };
    let mut used = 0;
    for batch in batches {
        match &mut samples {
            Samples::Ratio(seen) | Samples::Share(seen) => seen.push(batch),
            Samples::Quantile { .. } => {}
        }
        used += 1;
        if used < design.first_look {
            continue;
        }
        let decision = samples.decide(target, &design);
        if decision != Decision::Open {
            return (decision, used);
        }
    }
    (Decision::Open, used)
}

/// Totals, where there is enough for a first look.
fn ready(batches: &[Slice], design: &Design) -> Result<(f64, u64), Insufficient> {
    if batches.iter().any(|b| !b.numerator.is_finite() || !b.denominator.is_finite() || b.denominator < 0.0) {
        return Err(Insufficient::Degenerate { why: "a batch is not finite or has a negative denominator" });
    }
    let numerator: f64 = batches.iter().map(|b| b.numerator).sum();
    let denominator: f64 = batches.iter().map(|b| b.denominator).sum();
    if denominator <= 0.0 {
        return Err(Insufficient::NoSamples);
    }
    let have = batches.iter().filter(|b| b.denominator > 0.0).count();
    if have < design.first_look {
        return Err(Insufficient::TooFewBatches { have, need: design.first_look });
    }
    Ok((numerator / denominator, denominator.round() as u64))
}

fn ratio(batches: &[Slice], design: &Design) -> Result<Estimate, Insufficient> {
    let (value, n) = ready(batches, design)?;
    let spread = Spread::of(batches);
    if spread.flat() {
        return Ok(without_spread(value, n, 1.0 - design.alpha));
    }
    let (lo, hi) = spread.interval(design)?;
    // What is never negative has no negative mean.
    let lo = if batches.iter().all(|batch| batch.numerator >= 0.0) { lo.max(0.0) } else { lo };
    Ok(Estimate { value, lo: lo.min(value), hi: hi.max(value), n, method: Method::ConfidenceSequence })
}

/// What the exact sequence may count: as many events as independent ones would be worth.
fn effective(batches: &[Slice], value: f64) -> (f64, f64) {
    let numerator: f64 = batches.iter().map(|b| b.numerator).sum();
    let denominator: f64 = batches.iter().map(|b| b.denominator).sum();
    let independent = denominator * value * (1.0 - value);
    let deff = if independent > 0.0 { (Spread::of(batches).total() / independent).max(1.0) } else { 1.0 };
    (numerator / deff, denominator / deff)
}

fn share(batches: &[Slice], target: f64, design: &Design) -> Result<Estimate, Insufficient> {
    let (value, n) = ready(batches, design)?;
    if n < MIN_EVENTS {
        return Err(Insufficient::TooFewSamples { have: n, need: MIN_EVENTS });
    }
    let (events, of) = effective(batches, value);
    let (mut lo, mut hi) = mixture::interval(events, of, target, design.alpha);
    let spread = Spread::of(batches);
    if !spread.flat() {
        let (wide_lo, wide_hi) = spread.interval(design)?;
        (lo, hi) = (lo.min(wide_lo), hi.max(wide_hi));
    }
    let (lo, hi) = (lo.clamp(0.0, value), hi.clamp(value, 1.0));
    Ok(Estimate { value, lo, hi, n, method: Method::ConfidenceSequence })
}

/// The larger of what both sequences say: the interval holds both.
fn share_p(batches: &[Slice], target: f64, design: &Design) -> f64 {
    let Ok((value, n)) = ready(batches, design) else { return 1.0 };
    if n < MIN_EVENTS {
        return 1.0;
    }
    let (events, of) = effective(batches, value);
    let exact = mixture::p_value(events, of, target, target);
    let spread = Spread::of(batches);
    if spread.flat() { exact } else { exact.max(spread.p_value(target, design)) }
}

/// How many of each batch took at most so long.
fn at_most(batches: &[Counts], value: f64) -> Vec<Slice> {
    let count = |counts: &Counts| {
        let within = counts.partition_point(|(us, _)| *us as f64 <= value);
        Slice {
            numerator: counts[..within].iter().map(|(_, n)| *n as f64).sum(),
            denominator: counts.iter().map(|(_, n)| *n as f64).sum(),
        }
    };
    batches.iter().map(count).collect()
}

/// The values that are not excluded: from the first whose share is not surely below q, to
/// the first whose share is surely not.
fn quantile_interval(batches: &[Counts], q: f64, design: &Design) -> Result<Estimate, Insufficient> {
    if !(q > 0.0 && q < 1.0) {
        return Err(Insufficient::Degenerate { why: "a quantile must lie strictly between 0 and 1" });
    }
    let all = quantile::merge(batches);
    let value = quantile::quantile(&all, q).ok_or(Insufficient::NoSamples)? as f64;
    let n = all.iter().map(|(_, n)| n).sum();
    // Fails where there is too little for a first look, whatever the value.
    share(&at_most(batches, value), q, design)?;
    let at = |index: usize| share(&at_most(batches, all[index].0 as f64), q, design);
    let first = |holds: &dyn Fn(&Estimate) -> bool| {
        let (mut lo, mut hi) = (0, all.len());
        while lo < hi {
            let mid = usize::midpoint(lo, hi);
            if at(mid).is_ok_and(|share| holds(&share)) { hi = mid } else { lo = mid + 1 }
        }
        all.get(lo).map(|(us, _)| *us as f64)
    };
    let lo = first(&|share| share.hi >= q).unwrap_or(value);
    let hi = first(&|share| share.lo >= q)
        .ok_or(Insufficient::TooFewSamples { have: n, need: mixture::samples_needed(q, design.alpha) })?;
    Ok(Estimate { value, lo: lo.min(value), hi: hi.max(value), n, method: Method::ConfidenceSequence })
}
