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
/// usable batches, or values that are not finite and non-negative denominators.
pub fn ratio(slices: &[Slice], confidence: f64) -> Result<Estimate, Insufficient> {
    check_confidence(confidence)?;
    Ok(Batches::of(slices)?.estimate(slices, confidence))
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
}

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
        let sums = sums(slices, &of_slice);
        Ok(Self { value, n, sums, of_slice })
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
        let rho =
            (lag_one(&self.sums, self.value) + 1.0 / self.sums.len() as f64).clamp(0.0, MOST_CORRELATION);
        (1.0 + rho) / (1.0 - rho)
    }
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
/// so much pass that the interval covered 90 %).
fn batches(slices: &[Slice], value: f64) -> Result<Vec<usize>, Insufficient> {
    let events: f64 = slices.iter().map(|s| s.denominator).sum();
    let filled = slices.iter().filter(|s| s.denominator > 0.0).count();
    let most = MAX_BATCHES.min((events / MIN_EVENTS_PER_BATCH) as usize).min(filled);
    if most < MIN_BATCHES {
        return Err(Insufficient::TooFewBatches { have: most, need: MIN_BATCHES });
    }
    let mut best = None;
    let mut count = most;
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn slices(of: &[(f64, f64)]) -> Vec<Slice> {
        of.iter().map(|&(numerator, denominator)| Slice { numerator, denominator }).collect()
    }

    #[test]
    fn the_interval_is_the_textbook_one_for_equal_batches() {
        // Ten slices of 100 that alternate, so that they stay ten batches.
        let counts = [70., 80., 72., 78., 74., 76., 71., 79., 73., 77.];
        let e = ratio(&slices(&counts.map(|hits| (hits, 100.0))), 0.95).unwrap();
        let mean = counts.iter().sum::<f64>() / 1000.0;
        let sd = (counts.iter().map(|c| (c / 100.0 - mean).powi(2)).sum::<f64>() / 9.0).sqrt();
        let by_hand = 2.262_157 * sd / 10f64.sqrt();
        assert!((e.value - mean).abs() < 1e-12);
        // Binomial noise over 1,000 reads is wider here on neither or both sides.
        let (floor, ceiling) = binomial::clopper_pearson(750, 1000, 0.95).unwrap();
        assert!((e.lo - (mean - by_hand).min(floor)).abs() < 1e-6, "{e:?}");
        assert!((e.hi - (mean + by_hand).max(ceiling)).abs() < 1e-6, "{e:?}");
        assert_eq!(e.n, 1000);
    }

    #[test]
    fn a_mean_that_is_no_share_is_neither_clamped_nor_floored() {
        let costs = [7., 9., 8., 8., 7., 9., 6., 10., 8., 8.];
        let e = ratio(&slices(&costs.map(|c| (c * 100.0, 100.0))), 0.95).unwrap();
        let sd = (costs.iter().map(|c| (c - 8.0).powi(2)).sum::<f64>() / 9.0).sqrt();
        assert!((e.hi - e.value - 2.262_157 * sd / 10f64.sqrt()).abs() < 1e-6, "{e:?}");
        assert_eq!(e.method, Method::BatchMeans);
    }

    #[test]
    fn all_hits_and_no_hits_are_not_certainty() {
        let all = ratio(&slices(&[(10.0, 10.0); 20]), 0.95).unwrap();
        assert_eq!((all.value, all.hi, all.method), (1.0, 1.0, Method::Binomial));
        assert!((all.lo - 0.025f64.powf(1.0 / 200.0)).abs() < 1e-9, "{all:?}");
        let none = ratio(&slices(&[(0.0, 10.0); 20]), 0.95).unwrap();
        assert!(none.lo == 0.0 && (none.hi - (1.0 - 0.025f64.powf(1.0 / 200.0))).abs() < 1e-9, "{none:?}");
    }

    #[test]
    fn equal_batches_of_a_mean_are_not_certainty() {
        let e = ratio(&slices(&[(30.0, 10.0); 20]), 0.95).unwrap();
        assert_eq!(e.method, Method::RuleOfThree);
        assert!(e.lo < 3.0 && e.hi > 3.0);
    }

    #[test]
    fn too_little_is_refused_with_what_would_be_enough() {
        assert_eq!(ratio(&[], 0.95), Err(Insufficient::NoSamples));
        assert_eq!(ratio(&slices(&[(0.0, 0.0); 50]), 0.95), Err(Insufficient::NoSamples));
        assert_eq!(
            ratio(&slices(&[(1.0, 2.0); 30]), 0.95),
            Err(Insufficient::TooFewSamples { have: 60, need: 100 })
        );
        assert_eq!(
            ratio(&slices(&[(50.0, 100.0); 9]), 0.95),
            Err(Insufficient::TooFewBatches { have: 9, need: 10 })
        );
    }

    #[test]
    fn one_burst_is_one_batch_however_many_events_it_holds() {
        let mut of = vec![(1.0, 1.0); 40];
        of[20] = (5000.0, 10_000.0);
        assert!(matches!(ratio(&slices(&of), 0.95), Err(Insufficient::TooFewBatches { .. })));
    }

    #[test]
    fn what_is_not_a_number_is_refused() {
        for bad in [(f64::NAN, 1.0), (1.0, f64::INFINITY), (1.0, -1.0)] {
            let mut of = vec![(5.0, 10.0); 20];
            of[3] = bad;
            assert!(matches!(ratio(&slices(&of), 0.95), Err(Insufficient::Degenerate { .. })), "{bad:?}");
        }
    }

    #[test]
    fn slices_without_events_neither_count_nor_lose_anything() {
        let full: Vec<(f64, f64)> = (0..20).map(|i| (f64::from(5 + i % 4), 10.0)).collect();
        let mut sparse = vec![(0.0, 0.0); 3];
        for pair in &full {
            sparse.extend([*pair, (0.0, 0.0)]);
        }
        assert_eq!(ratio(&slices(&full), 0.95), ratio(&slices(&sparse), 0.95));
    }

    #[test]
    fn correlated_neighbours_are_merged_into_fewer_batches() {
        let wave: Vec<(f64, f64)> = (0..60).map(|i| (if i / 20 == 1 { 20.0 } else { 80.0 }, 100.0)).collect();
        assert_eq!(Batches::of(&slices(&wave)).unwrap().sums.len(), MIN_BATCHES);
    }

    proptest! {
        #[test]
        fn the_interval_holds_the_value_and_stays_a_share(
            counts in prop::collection::vec((0u32..=40, 0u32..=40), 1..120)
        ) {
            let of: Vec<_> = counts.iter().map(|&(a, b)| (f64::from(a.min(b)), f64::from(b))).collect();
            if let Ok(e) = ratio(&slices(&of), 0.95) {
                prop_assert!(0.0 <= e.lo && e.lo <= e.value && e.value <= e.hi && e.hi <= 1.0, "{e:?}");
                prop_assert!(e.lo < e.hi, "{e:?}");
            }
        }

        #[test]
        fn a_mean_in_other_units_has_the_same_interval_in_those_units(
            costs in prop::collection::vec(100u32..9000, 20..60), scale in 1u32..1000
        ) {
            let of = |k: f64| costs.iter().map(|&c| (f64::from(c) * k, 20.0)).collect::<Vec<_>>();
            let scale = f64::from(scale);
            let (a, b) = (ratio(&slices(&of(1.0)), 0.95).unwrap(), ratio(&slices(&of(scale)), 0.95).unwrap());
            prop_assert!((a.lo * scale - b.lo).abs() <= 1e-9 * (1.0 + b.lo.abs()), "{a:?} {b:?}");
            prop_assert!((a.hi * scale - b.hi).abs() <= 1e-9 * (1.0 + b.hi.abs()), "{a:?} {b:?}");
        }

        #[test]
        fn more_confidence_is_never_a_narrower_interval(
            hits in prop::collection::vec(0u32..=50, 12..60)
        ) {
            let of: Vec<_> = hits.iter().map(|&h| (f64::from(h), 50.0)).collect();
            let (a, b) = (ratio(&slices(&of), 0.90).unwrap(), ratio(&slices(&of), 0.99).unwrap());
            prop_assert!(b.lo <= a.lo && b.hi >= a.hi);
        }
    }
}
