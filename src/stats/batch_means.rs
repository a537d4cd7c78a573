//! A ratio over time, with an interval that respects correlation.
//!
//! Requests of one run are not independent: a class opens its reports together,
//! a write empties many keys at once. Consecutive slices are therefore merged
//! into batches long enough to be nearly independent, and the spread between
//! batches gives the interval (Schmeiser, "Batch size effects in the analysis
//! of simulation output", Operations Research 30, 1982: 10 to 30 batches).

use super::gaussian::t_reach;
use super::{Estimate, Insufficient, Method, binomial, check_confidence, without_spread};

/// One of many equal slices of time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slice {
    /// What was counted or summed, e.g. hits.
    pub numerator: f64,
    /// What it is a share of, e.g. cacheable reads.
    pub denominator: f64,
}

/// Fewer batches than this leave the t interval too little to work with.
pub const MIN_BATCHES: usize = 10;
/// More batches than this gain nothing and are more correlated.
pub const MAX_BATCHES: usize = 30;
/// Events a batch must hold on average before its mean is used.
const MIN_EVENTS_PER_BATCH: f64 = 10.0;
/// Neighbouring batches are never taken as more alike than this.
const MOST_CORRELATION: f64 = 0.8;
/// And are worth three independent ones at least.
const LEAST_DF: f64 = 2.0;
/// Where neighbouring slices resemble each other, fewer than this do not tell for how long:
/// the mean of so short a run follows its own drift, which hides it (an estimated
/// autocorrelation is too low by about the length of the correlation in slices by their number;
/// Marriott & Pope, Biometrika 41, 1954), and the runs that look independent are those that
/// are furthest off. In this room's simulations runs of 80 such slices covered 65 to 85 %,
/// runs of 240 cover 93 % and more.
pub const MIN_CORRELATED_SLICES: usize = 100;
/// Standard errors (1/√n of an autocorrelation of independent slices; Bartlett, Supplement to
/// the JRSS 8, 1946) above which neighbouring slices are taken to resemble each other.
const CLEARLY: f64 = 2.3;
/// The same of how many events slices hold: a cache that fills up has more hits from slice to
/// slice, which is no burst.
const CLEARLY_BURSTS: f64 = 3.0;
/// How many lags are summed for either.
const LAGS: [usize; 3] = [1, 2, 4];

/// Sum of numerators by sum of denominators, with its interval.
///
/// The variance is that of the linearised ratio over the batches (Cochran,
/// "Sampling Techniques", 3rd ed., §2.11 and §6.3), the interval Student t
/// with one degree of freedom less than there are batches. Where every slice is
/// a share (0 ≤ numerator ≤ denominator) the result stays in [0, 1] and is
/// never narrower than Clopper-Pearson on the raw counts, so that 100 % of
/// twenty is not certainty.
///
/// # Errors
/// [`Insufficient`] if there are no events, fewer than 100, fewer than ten
/// usable batches, fewer than [`MIN_CORRELATED_SLICES`] slices that clearly resemble their
/// neighbours, or values that are not finite and non-negative denominators.
pub fn ratio(slices: &[Slice], confidence: f64) -> Result<Estimate, Insufficient> {
    check_confidence(confidence)?;
    Ok(Batches::of(slices)?.estimate(slices, confidence))
}

/// The ratio by itself, if there are events.
#[must_use]
pub fn plain(slices: &[Slice]) -> Option<f64> {
    let total = sum(slices);
    (total.denominator > 0.0).then(|| total.numerator / total.denominator)
}

/// Slices merged into batches, with what both are asked for.
#[derive(Debug)]
pub(super) struct Batches {
    /// Sum of numerators by sum of denominators.
    pub(super) value: f64,
    /// Events.
    pub(super) n: u64,
    /// Sums of each batch.
    pub(super) sums: Vec<Slice>,
    /// To which batch each slice went.
    pub(super) of_slice: Vec<usize>,
    /// Correlation that neighbours have at least, whatever so few of them show.
    least: f64,
}

/// Correlation that is left between batches of slices that clearly resemble their neighbours:
/// of an AR(1) with φ = 0.8 a second and batches of 12 s it is 0.12.
const LEFT: f64 = 0.1;
/// Runs of fewer slices have batches so short that twice as much is left.
const SHORT: usize = 125;

impl Batches {
    /// Merges slices into batches.
    pub(super) fn of(slices: &[Slice]) -> Result<Self, Insufficient> {
        if slices
            .iter()
            .any(|s| !s.numerator.is_finite() || !s.denominator.is_finite() || s.denominator < 0.0)
        {
            return Err(Insufficient::Degenerate {
                why: "a slice is not finite or has a negative denominator",
            });
        }
        let total = sum(slices);
        if total.denominator <= 0.0 {
            return Err(Insufficient::NoSamples);
        }
        let n = total.denominator.round() as u64;
        let need = (MIN_BATCHES as f64 * MIN_EVENTS_PER_BATCH) as u64;
        if n < need {
            return Err(Insufficient::TooFewSamples { have: n, need });
        }
        let value = total.numerator / total.denominator;
        let of_slice = batches(slices, value)?;
        long_enough(slices, value)?;
        let sums = sums(slices, &of_slice);
        let least = match resemble(slices, value) {
            true if slices.len() < SHORT => 2.0 * LEFT,
            true => LEFT,
            false => 0.0,
        };
        Ok(Self { value, n, sums, of_slice, least })
    }

    /// The interval over these batches.
    pub(super) fn estimate(&self, slices: &[Slice], confidence: f64) -> Estimate {
        let &Self { value, n, .. } = self;
        let half = t_reach(confidence, self.degrees_of_freedom()) * self.standard_error();
        if is_share(slices) {
            let hits = (value * n as f64).round() as u64;
            share(value, (value - half, value + half), Method::BatchMeans, hits, n, confidence)
        } else if half <= value.abs() * 1e-12 {
            without_spread(value, n, confidence)
        } else {
            Estimate { value, lo: value - half, hi: value + half, n, method: Method::BatchMeans }
        }
    }

    /// Standard error of the ratio, linearised.
    pub(super) fn standard_error(&self) -> f64 {
        let count = self.sums.len() as f64;
        let denominator: f64 = self.sums.iter().map(|b| b.denominator).sum();
        let squares: f64 = residuals(&self.sums, self.value).map(|e| e * e).sum();
        (self.neighbours() * count / (count - 1.0) * squares).sqrt() / denominator
    }

    /// One less than the batches are worth, where neighbours still resemble each other.
    pub(super) fn degrees_of_freedom(&self) -> f64 {
        (self.sums.len() as f64 / self.neighbours() - 1.0).max(LEAST_DF)
    }

    /// What correlation is left between neighbouring batches, as a factor on the
    /// variance: 1 + 2ρ (Newey & West, Econometrica 55, 1987, at one lag), where the
    /// estimate of ρ has its bias of −1/G taken out (Marriott & Pope, Biometrika 41,
    /// 1954) and is never below 0.
    pub(super) fn neighbours(&self) -> f64 {
        let rho = (lag_one(&self.sums, self.value) + 1.0 / self.sums.len() as f64)
            .clamp(self.least, MOST_CORRELATION);
        (1.0 + rho) / (1.0 - rho)
    }
}

/// Refuses a short run whose neighbouring slices clearly resemble each other: in what is
/// measured, or in how much there is of it. Reads that come in bursts are few openings, however
/// many they are, even where all of them happened to be hits.
fn long_enough(slices: &[Slice], value: f64) -> Result<(), Insufficient> {
    let filled: Vec<Slice> = slices.iter().filter(|slice| slice.denominator > 0.0).copied().collect();
    let (have, need) = (slices.len(), MIN_CORRELATED_SLICES);
    if have >= need {
        return Ok(());
    }
    let outcomes: Vec<f64> = residuals(&filled, value).collect();
    let mean = slices.iter().map(|slice| slice.denominator).sum::<f64>() / slices.len() as f64;
    let traffic: Vec<f64> = slices.iter().map(|slice| slice.denominator - mean).collect();
    if resemblance(&outcomes) > CLEARLY || resemblance(&traffic) > CLEARLY_BURSTS {
        return Err(Insufficient::Correlated { have, need });
    }
    Ok(())
}

/// Whether what is measured clearly resembles itself from slice to slice.
fn resemble(slices: &[Slice], value: f64) -> bool {
    let filled: Vec<Slice> = slices.iter().filter(|slice| slice.denominator > 0.0).copied().collect();
    let outcomes: Vec<f64> = residuals(&filled, value).collect();
    resemblance(&outcomes) > CLEARLY
}

/// By how many standard errors the autocorrelation of deviations is above 0: at lag 1, or summed
/// over the first lags, which sees what single slices of few events hide.
fn resemblance(deviations: &[f64]) -> f64 {
    let power: f64 = deviations.iter().map(|e| e * e).sum();
    if power <= 0.0 {
        return 0.0;
    }
    let at = |lag: usize| {
        deviations.iter().zip(deviations.iter().skip(lag)).map(|(a, b)| a * b).sum::<f64>() / power
    };
    let summed = |lags: usize| (1..=lags).map(at).sum::<f64>() / (lags as f64).sqrt();
    let most = LAGS.into_iter().map(summed).fold(f64::NEG_INFINITY, f64::max);
    most * (deviations.len() as f64).sqrt()
}

/// Whether every slice is a share of its events.
pub(super) fn is_share(slices: &[Slice]) -> bool {
    slices.iter().all(|s| s.numerator >= 0.0 && s.numerator <= s.denominator)
}

/// A share of independent events can't be known better than Clopper-Pearson says.
pub(super) fn share(
    value: f64,
    (lo, hi): (f64, f64),
    method: Method,
    successes: u64,
    n: u64,
    confidence: f64,
) -> Estimate {
    let (floor_lo, floor_hi) = binomial::clopper_pearson(successes.min(n), n, confidence)
        .expect("n is positive, successes at most n, confidence checked");
    let method = if floor_lo <= lo && floor_hi >= hi.min(1.0) { Method::Binomial } else { method };
    Estimate { value, lo: lo.min(floor_lo).max(0.0), hi: hi.max(floor_hi).min(1.0), n, method }
}

fn sum(slices: &[Slice]) -> Slice {
    slices.iter().fold(Slice { numerator: 0.0, denominator: 0.0 }, |acc, s| Slice {
        numerator: acc.numerator + s.numerator,
        denominator: acc.denominator + s.denominator,
    })
}

/// As many batches as the events allow, fewer while neighbours still resemble
/// each other: the number of its batch for each slice.
///
/// Batches whose residuals are positively correlated at lag 1 are too short:
/// their spread understates that of the mean. The count falls from
/// [`MAX_BATCHES`] towards [`MIN_BATCHES`] until that correlation is gone
/// (Fishman, "Grouping observations in digital simulation", Management Science
/// 24, 1978, which tests for it; in this room's simulations a test at 10 % let
/// so much pass that the interval covered 90 %). Where the slices themselves clearly
/// resemble their neighbours it is [`MIN_BATCHES`] from the beginning: of a rate that
/// drifts (φ = 0.8 a second over two minutes) the first count without correlation
/// covered 90.6 %.
fn batches(slices: &[Slice], value: f64) -> Result<Vec<usize>, Insufficient> {
    let events: f64 = slices.iter().map(|s| s.denominator).sum();
    let occupied = slices.iter().filter(|s| s.denominator > 0.0).count();
    let most = MAX_BATCHES.min((events / MIN_EVENTS_PER_BATCH) as usize).min(occupied);
    if most < MIN_BATCHES {
        return Err(Insufficient::TooFewBatches { have: most, need: MIN_BATCHES });
    }
    let mut best = None;
    // Few batches may show no correlation by chance, where the many slices clearly do.
    let mut count = if resemble(slices, value) { MIN_BATCHES } else { most };
    loop {
        let of_slice = group(slices, events, count);
        let grouped = sums(slices, &of_slice);
        if grouped.len() >= MIN_BATCHES {
            best = Some(of_slice);
            if lag_one(&grouped, value) <= 0.0 {
                break;
            }
        } else if best.is_none() {
            // Most of the events sit in a few slices: one burst is one batch.
            return Err(Insufficient::TooFewBatches { have: grouped.len(), need: MIN_BATCHES });
        }
        if count == MIN_BATCHES {
            break;
        }
        count = (count * 3 / 4).max(MIN_BATCHES);
    }
    Ok(best.expect("the first pass either set it or returned"))
}

/// Cuts the slices into at most `count` runs of consecutive slices that hold about
/// equally many events. Slices without events join the batch before them (the first
/// ones the first), so that nothing counted there is lost.
fn group(slices: &[Slice], events: f64, count: usize) -> Vec<usize> {
    let mut of_slice = Vec::with_capacity(slices.len());
    let (mut seen, mut cuts, mut batch) = (0.0, 0_usize, 0_usize);
    // Whether the batch at hand has reached its share.
    let mut full = false;
    for slice in slices {
        if full && slice.denominator > 0.0 {
            batch += 1;
            full = false;
        }
        of_slice.push(batch);
        seen += slice.denominator;
        let reached = (seen * count as f64 / events + 1e-9) as usize;
        if reached > cuts {
            cuts = reached;
            full = true;
        }
    }
    if !full && batch > 0 {
        // Rounding left a rest behind the last cut.
        for of in of_slice.iter_mut().rev().take_while(|of| **of == batch) {
            *of -= 1;
        }
    }
    of_slice
}

/// The sums of each batch.
fn sums(slices: &[Slice], of_slice: &[usize]) -> Vec<Slice> {
    let count = of_slice.last().map_or(0, |last| last + 1);
    let mut sums = vec![Slice { numerator: 0.0, denominator: 0.0 }; count];
    for (slice, &batch) in slices.iter().zip(of_slice) {
        sums[batch] = sum(&[sums[batch], *slice]);
    }
    sums
}

/// Residuals of the ratio: what each batch has above its share.
fn residuals(batches: &[Slice], value: f64) -> impl Iterator<Item = f64> {
    batches.iter().map(move |b| b.numerator - value * b.denominator)
}

/// Autocorrelation of the residuals at lag 1 (their mean is zero by construction).
fn lag_one(batches: &[Slice], value: f64) -> f64 {
    let residuals: Vec<f64> = residuals(batches, value).collect();
    let power: f64 = residuals.iter().map(|e| e * e).sum();
    if power <= 0.0 {
        return 0.0;
    }
    residuals.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / power
}

#[cfg(test)]
mod tests;
