//! How many times faster the cache makes one and the same request.
//!
//! Each pair is one person's request made twice in random order, once from the
//! cache and once past it, so that what the request costs cancels out.

use rand::RngExt;

use super::bootstrap::{percentile, resamples, rng};
use super::fieller::Moments;
use super::gaussian::t_two_sided;
use super::{Estimate, Insufficient, Method, check_confidence, without_spread};

/// One request, both ways.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// Time of the cached arm, microseconds.
    pub cached: f64,
    /// Time of the uncached arm, microseconds.
    pub uncached: f64,
    /// Pairs of one cluster are not independent of each other (the same person,
    /// or the same slice of time).
    pub cluster: u32,
}

/// Fewer pairs than this are not judged.
pub const MIN_PAIRS: u64 = 20;
/// Fewer clusters than this are no sample of people. From three on Fieller's set, which the few
/// degrees of freedom make wide, covered what it claims in this room's simulations.
pub const MIN_CLUSTERS: usize = 3;

/// Mean uncached by mean cached time over all pairs, with its interval.
///
/// What pairs cost is skewed, and people differ in it: of a dozen of them the few costly ones, on
/// whom the mean rests, are often missing, and an interval that is symmetric in any sense then ends
/// below the truth. The interval is therefore the union of two:
/// - the bootstrap-t one of the logarithm of the ratio. Whole clusters are drawn with replacement,
///   each draw is studentised by its own linearised standard error, and the two tails are read off
///   by themselves, which corrects for the skewness to second order where percentiles do not (Hall,
///   Annals of Statistics 16, 1988; Davison & Hinkley, Bootstrap Methods and their Application,
///   1997, §5.2; for few clusters Cameron, Gelbach & Miller, Review of Economics and Statistics
///   90, 2008). The logarithm makes it the same for uncached/cached as for its inverse.
/// - Fieller's set over the sums of the clusters, t with one degree of freedom less than there are:
///   of five clusters, one draw in 3,125 holds the same one five times, and no draw tells of people
///   who were never asked. That makes "speedup ≥ r" no easier to pass than a t test of
///   mean(uncached − r·cached) > 0 over clusters: r is rejected by that test exactly where it lies
///   below Fieller's lower end.
///
/// # Errors
/// [`Insufficient`] if there are fewer than [`MIN_PAIRS`] pairs or
/// [`MIN_CLUSTERS`] clusters, a time is not finite and positive, or Fieller's set has no bounds.
pub fn speedup(pairs: &[Pair], confidence: f64, seed: u64) -> Result<Estimate, Insufficient> {
    check_confidence(confidence)?;
    if pairs.is_empty() {
        return Err(Insufficient::NoSamples);
    }
    if pairs.iter().any(|pair| ratio_of(pair).is_none()) {
        return Err(Insufficient::Degenerate { why: "a pair has a time that is not finite and above zero" });
    }
    let n = pairs.len() as u64;
    if n < MIN_PAIRS {
        return Err(Insufficient::TooFewSamples { have: n, need: MIN_PAIRS });
    }
    let clusters = cluster_sums(pairs);
    if clusters.len() < MIN_CLUSTERS {
        return Err(Insufficient::TooFewClusters { have: clusters.len(), need: MIN_CLUSTERS });
    }
    let (uncached, cached) = clusters.iter().fold((0.0, 0.0), |acc, c| (acc.0 + c.0, acc.1 + c.1));
    let value = uncached / cached;

    let t = t_two_sided(confidence, clusters.len() as u64 - 1);
    let fieller = Moments::of_groups(&clusters).set(t).ok_or(Insufficient::Degenerate {
        why: "a few people have almost all of the cached time: their mean is not known",
    })?;
    let drawn = studentised(&clusters, confidence, seed);
    // Without any spread there is nothing to draw from.
    let drawn = drawn.unwrap_or((value, value));
    let (lo, hi) = (drawn.0.min(fieller.0).min(value), drawn.1.max(fieller.1).max(value));
    if !hi.is_finite() {
        return Err(Insufficient::Degenerate { why: "so few people differ so much that nothing bounds it" });
    }
    if hi - lo <= value * 1e-7 {
        return Ok(without_spread(value, n, confidence));
    }
    let method =
        if fieller.1 - fieller.0 > drawn.1 - drawn.0 { Method::Fieller } else { Method::PairedBootstrap };
    Ok(Estimate { value, lo, hi, n, method })
}

/// The bootstrap-t interval of the ratio of two totals, on the scale of its logarithm. `None`
/// where the clusters have one and the same ratio.
fn studentised(clusters: &[(f64, f64)], confidence: f64, seed: u64) -> Option<(f64, f64)> {
    let (log, error) = log_ratio(clusters.iter());
    // A standard error of nothing but rounding.
    let some = |error: f64| error > 1e-9;
    if !some(error) {
        return None;
    }
    let mut rng = rng(seed);
    let mut draw = vec![0; clusters.len()];
    let mut draws: Vec<f64> = (0..resamples(confidence))
        .filter_map(|_| {
            draw.fill_with(|| rng.random_range(0..clusters.len()));
            let (drawn, error) = log_ratio(draw.iter().map(|&at| &clusters[at]));
            // The same person time and again says nothing about the spread.
            some(error).then(|| (drawn - log) / error)
        })
        .collect();
    draws.sort_by(f64::total_cmp);
    let tail = (1.0 - confidence) / 2.0;
    // The upper tail of the draws is what the estimate may be too high by: it makes the lower end.
    let reach = |p| percentile(&draws, p).map(|t| (log - t * error).exp());
    Some((reach(1.0 - tail)?, reach(tail)?))
}

/// Logarithm of the ratio of two totals, and its standard error between clusters, linearised:
/// each cluster moves it by u/Σu − c/Σc, and these add up to nothing.
fn log_ratio<'a>(clusters: impl Iterator<Item = &'a (f64, f64)> + Clone) -> (f64, f64) {
    let (n, uncached, cached) =
        clusters.clone().fold((0.0, 0.0, 0.0), |(n, u, c), part| (n + 1.0, u + part.0, c + part.1));
    let square: f64 = clusters.map(|(u, c)| (u / uncached - c / cached).powi(2)).sum();
    ((uncached / cached).ln(), (square * n / (n - 1.0)).sqrt())
}

/// Mean uncached by mean cached time by itself. `None` without pairs that took time.
#[must_use]
pub fn ratio(pairs: &[Pair]) -> Option<f64> {
    let (uncached, cached) = pairs.iter().fold((0.0, 0.0), |sum, p| (sum.0 + p.uncached, sum.1 + p.cached));
    (cached > 0.0).then(|| uncached / cached)
}

/// The median over pairs of uncached by cached time: the speedup of a typical
/// request, where [`speedup`] is that of the total. `None` without usable pairs.
#[must_use]
pub fn median_ratio(pairs: &[Pair]) -> Option<f64> {
    let mut ratios: Vec<f64> = pairs.iter().filter_map(ratio_of).collect();
    ratios.sort_by(f64::total_cmp);
    let middle = ratios.len() / 2;
    match ratios.len() {
        0 => None,
        n if n % 2 == 1 => Some(ratios[middle]),
        _ => Some(f64::midpoint(ratios[middle - 1], ratios[middle])),
    }
}

fn ratio_of(pair: &Pair) -> Option<f64> {
    let usable = |time: f64| time.is_finite() && time > 0.0;
    (usable(pair.cached) && usable(pair.uncached)).then(|| pair.uncached / pair.cached)
}

/// (uncached, cached) summed per cluster, in order of the cluster's number: the
/// draw must not depend on the order in which pairs were written down.
fn cluster_sums(pairs: &[Pair]) -> Vec<(f64, f64)> {
    let mut sorted: Vec<&Pair> = pairs.iter().collect();
    sorted.sort_by(|a, b| {
        (a.cluster.cmp(&b.cluster))
            .then(a.uncached.total_cmp(&b.uncached))
            .then(a.cached.total_cmp(&b.cached))
    });
    sorted
        .chunk_by(|a, b| a.cluster == b.cluster)
        .map(|cluster| cluster.iter().fold((0.0, 0.0), |acc, p| (acc.0 + p.uncached, acc.1 + p.cached)))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pair(cluster: u32, uncached: f64, cached: f64) -> Pair {
        Pair { cached, uncached, cluster }
    }

    fn some(n: u32, clusters: u32) -> Vec<Pair> {
        (0..n)
            .map(|i| pair(i % clusters, 1000.0 + f64::from(i * 37 % 101), 80.0 + f64::from(i * 13 % 17)))
            .collect()
    }

    #[test]
    fn the_value_is_the_ratio_of_the_means_not_the_mean_of_the_ratios() {
        let mut pairs = some(40, 20);
        pairs[0] = pair(0, 100_000.0, 50.0);
        let e = speedup(&pairs, 0.95, 1).unwrap();
        let by_hand =
            pairs.iter().map(|p| p.uncached).sum::<f64>() / pairs.iter().map(|p| p.cached).sum::<f64>();
        assert!((e.value - by_hand).abs() < 1e-9);
        assert_eq!(e.n, 40);
    }

    #[test]
    fn too_few_pairs_or_clusters_are_refused() {
        assert_eq!(speedup(&[], 0.95, 1), Err(Insufficient::NoSamples));
        assert_eq!(speedup(&some(19, 19), 0.95, 1), Err(Insufficient::TooFewSamples { have: 19, need: 20 }));
        assert_eq!(speedup(&some(200, 2), 0.95, 1), Err(Insufficient::TooFewClusters { have: 2, need: 3 }));
        let mut zero = some(40, 20);
        zero[7].cached = 0.0;
        assert!(matches!(speedup(&zero, 0.95, 1), Err(Insufficient::Degenerate { .. })));
    }

    #[test]
    fn clusters_that_differ_widen_the_interval() {
        // Same pairs, labelled by what they have in common or each by itself.
        let labelled = |own: bool| {
            (0..200_u32)
                .map(|i| pair(if own { i } else { i / 10 }, f64::from(1000 + (i / 10) * 200), 100.0))
                .collect::<Vec<_>>()
        };
        let (apart, together) =
            (speedup(&labelled(true), 0.95, 1).unwrap(), speedup(&labelled(false), 0.95, 1).unwrap());
        assert!(together.hi - together.lo > 2.5 * (apart.hi - apart.lo), "{apart:?} {together:?}");
    }

    #[test]
    fn the_fewer_the_people_the_wider_the_interval() {
        let of = |people: u32| {
            let pairs: Vec<Pair> = (0..240)
                .map(|i| pair(i % people, 900.0 + f64::from(i % people % 3) * 100.0, 100.0))
                .collect();
            speedup(&pairs, 0.95, 1).unwrap()
        };
        let widths: Vec<f64> = [3, 6, 12, 60].map(|people| of(people).hi - of(people).lo).into();
        assert!(widths.windows(2).all(|pair| pair[0] > 1.2 * pair[1]), "{widths:?}");
        assert_eq!(of(3).method, Method::Fieller);
    }

    #[test]
    fn where_a_few_people_cost_much_the_interval_reaches_further_up() {
        // Each person costs 1.4 times as much as the one before: who is not among them may be costlier still.
        let pairs: Vec<Pair> =
            (0..72_u32).map(|i| pair(i % 12, 500.0 * 1.4_f64.powi((i % 12) as i32), 100.0)).collect();
        let e = speedup(&pairs, 0.95, 1).unwrap();
        let (up, down) = (e.hi - e.value, e.value - e.lo);
        assert!(up > 1.5 * down, "{up} up, {down} down");
    }

    #[test]
    fn a_passed_target_is_one_that_the_t_test_over_people_passes_too() {
        for people in [4_u32, 7, 15] {
            let pairs: Vec<Pair> = (0..people * 6)
                .map(|i| {
                    pair(i % people, f64::from(800 + i % people * 37 % 50 * 9), f64::from(60 + i * 11 % 40))
                })
                .collect();
            let e = speedup(&pairs, 0.95, 1).unwrap();
            let sums = cluster_sums(&pairs);
            let t = t_two_sided(0.95, u64::from(people) - 1);
            for target in (0..400).map(|i| f64::from(i) * 0.05).filter(|target| *target < e.lo) {
                let differences: Vec<f64> = sums.iter().map(|(u, c)| u - target * c).collect();
                let g = f64::from(people);
                let mean = differences.iter().sum::<f64>() / g;
                let variance = differences.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / (g - 1.0);
                assert!(mean > t * (variance / g).sqrt(), "{people} people: {target} against {e:?}");
            }
        }
    }

    #[test]
    fn pairs_without_any_spread_are_not_certainty() {
        let e = speedup(&(0..30).map(|i| pair(i, 100.0, 10.0)).collect::<Vec<_>>(), 0.95, 1).unwrap();
        assert!(e.method == Method::RuleOfThree && e.lo < 10.0 && e.hi > 10.0, "{e:?}");
    }

    #[test]
    fn the_median_ratio_is_the_middle_one() {
        let of = |ratios: &[f64]| median_ratio(&ratios.iter().map(|&r| pair(0, r, 1.0)).collect::<Vec<_>>());
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[9.0, 1.0, 5.0]), Some(5.0));
        assert_eq!(of(&[9.0, 1.0, 5.0, 7.0]), Some(6.0));
        assert_eq!(median_ratio(&[pair(0, 1.0, 0.0)]), None);
    }

    fn pairs() -> impl Strategy<Value = Vec<Pair>> {
        prop::collection::vec((0u32..40, 10u32..1_000_000, 1u32..10_000), 60..150)
            .prop_map(|v| v.into_iter().map(|(c, u, k)| pair(c, f64::from(u), f64::from(k))).collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn the_interval_holds_the_value_and_does_not_depend_on_the_unit(pairs in pairs(), seed: u64) {
            let a = speedup(&pairs, 0.95, seed).unwrap();
            prop_assert!(a.lo <= a.value && a.value <= a.hi && a.lo < a.hi, "{a:?}");
            let seconds: Vec<Pair> =
                pairs.iter().map(|p| pair(p.cluster, p.uncached / 1e6, p.cached / 1e6)).collect();
            let b = speedup(&seconds, 0.95, seed).unwrap();
            prop_assert!((a.lo / b.lo - 1.0).abs() < 1e-9 && (a.hi / b.hi - 1.0).abs() < 1e-9);
        }

        #[test]
        fn the_order_of_the_pairs_changes_nothing(pairs in pairs(), seed: u64) {
            let mut reversed = pairs.clone();
            reversed.reverse();
            prop_assert_eq!(speedup(&pairs, 0.95, seed), speedup(&reversed, 0.95, seed));
        }
    }
}
