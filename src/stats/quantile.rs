//! Quantiles of latency from sparse histograms, with intervals.
//!
//! Two things bound how well a quantile is known: how many samples lie beyond
//! it (order statistics, exact for independent samples) and how they cluster in
//! time (bootstrap over blocks of slices, and batch means of the share of samples
//! up to the quantile). The interval is the widest of the three.

use rand::RngExt;

use super::batch_means::{Batches, Slice};
use super::bootstrap::{expanded_percentiles, resamples, rng};
use super::gaussian::{normal_quantile, t_reach};
use super::{Estimate, Insufficient, Method, binomial, check_confidence};

/// A sparse histogram: (value in microseconds, how often), sorted by value.
pub type Counts = Vec<(u64, u64)>;

/// Fewer non-empty slices of time than this show nothing of correlation.
pub const MIN_SLICES: usize = 10;

/// The q-quantile: the smallest value that at least a share q of all samples
/// does not exceed (definition 1 of Hyndman & Fan, The American Statistician
/// 50, 1996; the one HdrHistogram uses). Microseconds.
///
/// `None` without samples or for q outside [0, 1].
#[must_use]
pub fn quantile(counts: &Counts, q: f64) -> Option<u64> {
    let total = samples(counts);
    if total == 0 || !(0.0..=1.0).contains(&q) {
        return None;
    }
    at_rank(counts, rank(total, q))
}

/// Rank (1-based) of the q-quantile among n samples: ⌈q·n⌉, at least 1. A
/// product that misses an integer only by rounding counts as that integer.
fn rank(n: u64, q: f64) -> u64 {
    let exact = q * n as f64;
    let near = exact.round();
    let rank = if (exact - near).abs() <= 1e-9 * near.max(1.0) { near } else { exact.ceil() };
    (rank as u64).clamp(1, n)
}

fn samples(counts: &Counts) -> u64 {
    counts.iter().map(|&(_, count)| count).sum()
}

/// The value at a 1-based rank of the sorted samples.
fn at_rank(counts: &Counts, rank: u64) -> Option<u64> {
    let mut seen = 0;
    counts
        .iter()
        .find(|&&(_, count)| {
            seen += count;
            seen >= rank
        })
        .map(|&(value, _)| value)
}

/// One histogram of all slices.
#[must_use]
pub fn merge(slices: &[Counts]) -> Counts {
    let mut all: Counts = slices.iter().flatten().copied().filter(|&(_, count)| count > 0).collect();
    all.sort_unstable_by_key(|&(value, _)| value);
    all.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 += next.1;
        }
        same
    });
    all
}

/// The fewest samples whose extremes enclose the q-quantile from both sides:
/// the smallest n with max(q, 1−q)^n ≤ (1 − confidence)/2.
///
/// 368 for p99 and 3,688 for p99.9 at 95 %. `u64::MAX` (no number is enough)
/// for q or confidence outside (0, 1). Hahn & Meeker, "Statistical Intervals",
/// §5.2.
#[must_use]
pub fn samples_needed(q: f64, confidence: f64) -> u64 {
    if !(q > 0.0 && q < 1.0) || check_confidence(confidence).is_err() {
        return u64::MAX;
    }
    let half_alpha = (1.0 - confidence) / 2.0;
    (half_alpha.ln() / q.max(1.0 - q).ln()).ceil() as u64
}

/// More slices than this are joined with their neighbours before resampling:
/// that only lengthens the blocks, and keeps an hour's run under a second.
const MAX_SLICES: usize = 240;

/// The q-quantile of all slices in microseconds, with its interval.
///
/// The slices are equal, consecutive and in order of time; empty ones belong
/// there. Circular block bootstrap (Politis & Romano, "A circular block-resampling
/// procedure for stationary data", 1992), read at the expanded percentiles for
/// as many groups as there are blocks, and never narrower than the exact
/// order-statistic interval for independent samples, nor than those ranks of the
/// *effective* number of samples (`effective`).
///
/// # Errors
/// [`Insufficient`] if there are no samples, fewer than [`samples_needed`],
/// fewer than [`MIN_SLICES`] slices with any, or a short run whose neighbouring
/// slices clearly resemble each other.
pub fn interval(slices: &[Counts], q: f64, confidence: f64, seed: u64) -> Result<Estimate, Insufficient> {
    check_confidence(confidence)?;
    if !(q > 0.0 && q < 1.0) {
        return Err(Insufficient::Degenerate { why: "a quantile must lie strictly between 0 and 1" });
    }
    let all = merge(slices);
    let n = samples(&all);
    let value = quantile(&all, q).ok_or(Insufficient::NoSamples)?;
    let too_few = || Insufficient::TooFewSamples { have: n, need: samples_needed(q, confidence) };
    let (lower, upper) = binomial::quantile_ranks(n, q, confidence).ok_or_else(too_few)?;
    let filled = slices.iter().filter(|slice| samples(slice) > 0).count();
    if filled < MIN_SLICES {
        return Err(Insufficient::TooFewBatches { have: filled, need: MIN_SLICES });
    }
    let ranked = [lower, upper].map(|rank| at_rank(&all, rank).expect("ranks lie within n") as f64);
    let woodruff = match effective(slices, value, confidence) {
        Ok(worth) => enclosing(&all, q, confidence, worth),
        // Too few samples or moments for batches: the other two must do.
        Err(Insufficient::TooFewSamples { .. } | Insufficient::TooFewBatches { .. }) => ranked,
        Err(why) => return Err(why),
    };

    let joined: Vec<Counts> = slices.chunks(slices.len().div_ceil(MAX_SLICES)).map(merge).collect();
    let slices = &joined[..];
    let block = block_length(slices.len());
    let draws = resampled_quantiles(slices, &all, q, block, (resamples(confidence), seed));
    let groups = (slices.len() / block).min(filled);
    let (lo, hi) = expanded_percentiles(draws, confidence, groups).ok_or_else(too_few)?;
    let value = value as f64;
    let (lo, hi) = (lo.min(value), hi.max(value));
    let (least, most) = (lo.min(woodruff[0]).min(ranked[0]), hi.max(woodruff[1]).max(ranked[1]));
    let method = if ranked[0] <= least && ranked[1] >= most {
        Method::OrderStatistics
    } else if woodruff[1] - woodruff[0] > hi - lo {
        Method::Woodruff
    } else {
        Method::BlockBootstrap
    };
    let (lo, hi) = (least, most);
    Ok(Estimate { value, lo, hi: if hi > lo { hi } else { lo + 1.0 }, n, method })
}

/// How many independent samples all of them are worth to the share up to `value`.
///
/// Woodruff ("Confidence intervals for medians and other position measures", JASA 47, 1952;
/// Francisco & Fuller, Annals of Statistics 19, 1991) takes the interval of that share and maps
/// its ends back to values. Its variance is that of batch means; and since a share near 1 is far
/// from normal, its ends are those of a binomial share of as many samples as have that
/// variance, fewer by (z/t)² where batches are few (Korn & Graubard, Survey Methodology 24, 1998).
fn effective(slices: &[Counts], value: u64, confidence: f64) -> Result<f64, Insufficient> {
    let up_to = |slice: &Counts| slice.iter().filter(|part| part.0 <= value).map(|part| part.1).sum::<u64>();
    let shares: Vec<Slice> = slices
        .iter()
        .map(|slice| Slice { numerator: up_to(slice) as f64, denominator: samples(slice) as f64 })
        .collect();
    let batches = Batches::of(&shares)?;
    let (n, error) = (batches.n as f64, batches.standard_error());
    let reach = normal_quantile(0.5 + confidence / 2.0) / t_reach(confidence, batches.degrees_of_freedom());
    let worth = batches.value * (1.0 - batches.value) / (error * error) * reach * reach;
    Ok(if worth.is_finite() { worth.min(n) } else { n })
}

/// The values of the samples that enclose the quantile, as far out as among `worth` samples.
/// Where so few have nothing beyond the quantile, the least or the greatest of all.
fn enclosing(all: &Counts, q: f64, confidence: f64, worth: f64) -> [f64; 2] {
    let n = samples(all);
    let few = (worth.floor() as u64).clamp(1, n);
    let (lower, upper) = binomial::quantile_ranks(few, q, confidence).unwrap_or((1, few));
    let scale = n as f64 / few as f64;
    let ranks = [((lower as f64 - 1.0) * scale).floor() as u64 + 1, (upper as f64 * scale).ceil() as u64];
    ranks.map(|rank| at_rank(all, rank.clamp(1, n)).expect("ranks lie within n") as f64)
}

/// Slices per block, growing with the cube root of their number (Hall, Horowitz
/// & Jing, "On blocking rules for the bootstrap with dependent data", Biometrika
/// 82, 1995) but leaving ten blocks. Their rule minimises the error of the
/// variance and covers too little; twice that length covered 93 to 95 % in this
/// room's simulations, once covered 91 to 92 %.
fn block_length(slices: usize) -> usize {
    ((2.0 * (slices as f64).cbrt()).round() as usize).min(slices / MIN_SLICES).max(1)
}

/// The quantile of each resample. A resample is a multiplicity per slice; its
/// quantile is found by bisecting the values, so that no histogram is built.
fn resampled_quantiles(
    slices: &[Counts],
    all: &Counts,
    q: f64,
    block: usize,
    (resamples, seed): (usize, u64),
) -> Vec<f64> {
    let cumulative: Vec<Counts> = slices.iter().map(cumulate).collect();
    let count = slices.len();
    let mut rng = rng(seed);
    let mut times = vec![0_u64; count];
    let mut draws = Vec::with_capacity(resamples);
    for _ in 0..resamples {
        times.fill(0);
        let mut drawn = 0;
        while drawn < count {
            let start = rng.random_range(0..count);
            for offset in 0..block.min(count - drawn) {
                times[(start + offset) % count] += 1;
            }
            drawn += block;
        }
        let total: u64 =
            cumulative.iter().zip(&times).map(|(c, &k)| k * c.last().map_or(0, |last| last.1)).sum();
        if total == 0 {
            continue;
        }
        let rank = rank(total, q);
        let at = all.partition_point(|&(value, _)| up_to(&cumulative, &times, value) < rank);
        draws.push(all[at.min(all.len() - 1)].0 as f64);
    }
    draws
}

fn cumulate(counts: &Counts) -> Counts {
    let mut seen = 0;
    counts
        .iter()
        .map(|&(value, count)| {
            seen += count;
            (value, seen)
        })
        .collect()
}

/// How many samples of the resample do not exceed `value`.
fn up_to(cumulative: &[Counts], times: &[u64], value: u64) -> u64 {
    cumulative
        .iter()
        .zip(times)
        .filter(|&(_, &times)| times > 0)
        .map(|(slice, &times)| match slice.partition_point(|&(v, _)| v <= value) {
            0 => 0,
            k => times * slice[k - 1].1,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// 1 ..= n once each, dealt round robin over `slices` slices.
    fn dealt(n: u64, slices: u64) -> Vec<Counts> {
        (0..slices).map(|s| (1..=n).filter(|v| v % slices == s).map(|v| (v, 1)).collect()).collect()
    }

    #[test]
    fn quantiles_are_ranks() {
        let counts: Counts = vec![(10, 5), (20, 4), (30, 1)];
        for (q, expected) in [(0.0, 10), (0.1, 10), (0.5, 10), (0.51, 20), (0.9, 20), (0.91, 30), (1.0, 30)] {
            assert_eq!(quantile(&counts, q), Some(expected), "{q}");
        }
        assert_eq!(quantile(&Vec::new(), 0.5), None);
        assert_eq!(quantile(&vec![(5, 0)], 0.5), None);
        assert_eq!(quantile(&counts, f64::NAN), None);
    }

    #[test]
    fn rounding_does_not_push_a_rank_up() {
        // 0.07 * 100 is 7.000000000000001 in binary.
        assert_eq!(rank(100, 0.07), 7);
        assert_eq!(rank(1000, 0.999), 999);
    }

    #[test]
    fn the_samples_needed_are_those_of_the_order_statistics() {
        for (q, confidence, need) in [
            (0.99, 0.95, 368),
            (0.999, 0.95, 3688),
            (0.95, 0.95, 72),
            (0.5, 0.95, 6),
            (0.01, 0.95, 368),
            (0.99, 0.99, 528),
        ] {
            assert_eq!(samples_needed(q, confidence), need, "{q} at {confidence}");
            assert!(binomial::quantile_ranks(need, q, confidence).is_some(), "{q}");
            assert!(binomial::quantile_ranks(need - 1, q, confidence).is_none(), "{q}");
        }
        assert_eq!(samples_needed(1.0, 0.95), u64::MAX);
    }

    #[test]
    fn one_sample_short_is_refused_and_says_so() {
        assert_eq!(
            interval(&dealt(367, 12), 0.99, 0.95, 1),
            Err(Insufficient::TooFewSamples { have: 367, need: 368 })
        );
        let e = interval(&dealt(368, 12), 0.99, 0.95, 1).unwrap();
        assert_eq!((e.value, e.hi, e.n), (365.0, 368.0, 368));
        assert_eq!(interval(&[], 0.5, 0.95, 1), Err(Insufficient::NoSamples));
        assert_eq!(
            interval(&dealt(1000, 9), 0.5, 0.95, 1),
            Err(Insufficient::TooFewBatches { have: 9, need: 10 })
        );
    }

    #[test]
    fn equal_slices_give_the_order_statistic_interval() {
        let e = interval(&dealt(1000, 20), 0.5, 0.95, 7).unwrap();
        // Ranks 469 and 532 of 1,000: exact binomial.
        assert_eq!((e.lo, e.value, e.hi, e.method), (469.0, 500.0, 532.0, Method::OrderStatistics));
    }

    #[test]
    fn bursts_in_time_widen_the_interval() {
        // Every fifth slice is ten times slower: the same samples, in bunches.
        let bunched: Vec<Counts> = (0..160)
            .map(|s: u64| (0..25).map(|i| (if s % 8 < 2 { 1000 } else { 100 } + i, 1)).collect())
            .collect();
        let all = merge(&bunched);
        let spread: Vec<Counts> = (0..160)
            .map(|s| {
                let every =
                    all.iter().flat_map(|&(v, c)| std::iter::repeat_n(v, c as usize)).skip(s).step_by(160);
                merge(&[every.map(|v| (v, 1)).collect()])
            })
            .collect();
        assert_eq!(merge(&spread), all);
        let (a, b) = (interval(&bunched, 0.72, 0.95, 3).unwrap(), interval(&spread, 0.72, 0.95, 3).unwrap());
        assert_eq!(a.value, b.value);
        assert!(a.hi - a.lo > 5.0 * (b.hi - b.lo), "{a:?} {b:?}");
        assert_ne!(a.method, Method::OrderStatistics);
    }

    #[test]
    fn equal_values_still_leave_a_width_of_one_unit() {
        let e = interval(&vec![vec![(50, 100)]; 12], 0.99, 0.95, 1).unwrap();
        assert_eq!((e.lo, e.value, e.hi), (50.0, 50.0, 51.0));
    }

    #[test]
    fn a_long_run_is_joined_and_still_gives_its_quantile() {
        let long: Vec<Counts> = (0..5000).map(|s| vec![(100 + s % 50, 1), (300 + s % 7, 2)]).collect();
        let e = interval(&long, 0.99, 0.95, 1).unwrap();
        assert_eq!((e.value, e.n), (306.0, 15_000));
    }

    fn histograms() -> impl Strategy<Value = Vec<Counts>> {
        let slice = prop::collection::vec((1u64..5000, 1u64..20), 0..12).prop_map(|s| merge(&[s]));
        prop::collection::vec(slice, 10..30)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn the_interval_holds_the_value(slices in histograms(), q in 0.05f64..0.95, seed: u64) {
            if let Ok(e) = interval(&slices, q, 0.95, seed) {
                prop_assert!(e.lo <= e.value && e.value <= e.hi && e.lo < e.hi, "{e:?}");
            }
        }

        #[test]
        fn the_same_seed_gives_the_same_interval(slices in histograms(), seed: u64) {
            prop_assert_eq!(interval(&slices, 0.5, 0.95, seed), interval(&slices, 0.5, 0.95, seed));
        }

        #[test]
        fn other_units_scale_the_interval(slices in histograms(), scale in 2u64..1000) {
            let scaled: Vec<Counts> =
                slices.iter().map(|s| s.iter().map(|&(v, c)| (v * scale, c)).collect()).collect();
            if let (Ok(a), Ok(b)) = (interval(&slices, 0.5, 0.95, 1), interval(&scaled, 0.5, 0.95, 1)) {
                let scale = scale as f64;
                prop_assert!((a.lo * scale - b.lo).abs() < 1e-6 && (a.value * scale - b.value).abs() < 1e-6);
            }
        }

        #[test]
        fn the_order_of_the_slices_does_not_change_a_quantile(slices in histograms(), q in 0.0f64..=1.0) {
            let mut reversed = slices.clone();
            reversed.reverse();
            prop_assert_eq!(quantile(&merge(&slices), q), quantile(&merge(&reversed), q));
            let sorted: Vec<u64> = {
                let mut v: Vec<u64> =
                    slices.iter().flatten().flat_map(|&(v, c)| std::iter::repeat_n(v, c as usize)).collect();
                v.sort_unstable();
                v
            };
            let expected = (!sorted.is_empty()).then(|| sorted[rank(sorted.len() as u64, q) as usize - 1]);
            prop_assert_eq!(quantile(&merge(&slices), q), expected);
        }
    }
}
