//! How much less work was done than the same requests would have cost.

use rand::RngExt;

use super::bootstrap::{expanded_percentiles, resamples, rng};
use super::{Estimate, Insufficient, Method, check_confidence, without_spread};

/// Requests that cost alike uncached (one action, say), with a sample of what
/// they cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Stratum {
    /// How many such requests there were.
    pub requests: u64,
    /// What some of them cost uncached, e.g. queries each.
    pub costs: Vec<f64>,
}

/// Fewer cost samples than this in all are not judged.
pub const MIN_SAMPLES: u64 = 20;
/// A stratum with requests needs two samples to show any spread.
const MIN_PER_STRATUM: u64 = 2;

/// 1 − used ÷ Σ requests·mean cost, with its interval. At most 1; below 0
/// where more was used than the requests would have cost uncached.
///
/// `used` is counted, not sampled; the uncertainty is that of the mean costs.
/// They are resampled within each stratum, drawing one fewer than there are
/// (Rao & Wu, "Resampling inference with complex survey data", JASA 83, 1988),
/// since strata with few samples are otherwise taken as too certain. Strata
/// without requests are ignored. A stratum too rare to have samples can be left
/// out by the caller: its work stays in `used`, so the result errs to the low side.
///
/// # Errors
/// [`Insufficient`] if there are no requests, fewer than [`MIN_SAMPLES`] cost
/// samples in all or fewer than two in a stratum that has requests; or if a
/// number is not finite and non-negative, or nothing would have cost anything.
pub fn reduction(
    used: f64,
    strata: &[Stratum],
    confidence: f64,
    seed: u64,
) -> Result<Estimate, Insufficient> {
    check_confidence(confidence)?;
    let strata: Vec<&Stratum> = strata.iter().filter(|s| s.requests > 0).collect();
    let usable = |x: f64| x.is_finite() && x >= 0.0;
    if !usable(used) || !strata.iter().flat_map(|s| &s.costs).all(|&cost| usable(cost)) {
        return Err(Insufficient::Degenerate { why: "a cost is not finite and non-negative" });
    }
    let n: u64 = strata.iter().map(|s| s.costs.len() as u64).sum();
    if n == 0 {
        return Err(Insufficient::NoSamples);
    }
    if let Some(have) = strata.iter().map(|s| s.costs.len() as u64).find(|&have| have < MIN_PER_STRATUM) {
        return Err(Insufficient::TooFewSamples { have, need: MIN_PER_STRATUM });
    }
    if n < MIN_SAMPLES {
        return Err(Insufficient::TooFewSamples { have: n, need: MIN_SAMPLES });
    }
    let expected: f64 = strata.iter().map(|s| s.requests as f64 * mean(&s.costs)).sum();
    if expected <= 0.0 {
        return Err(Insufficient::Degenerate { why: "the same requests would have cost nothing uncached" });
    }

    let mut rng = rng(seed);
    let draws: Vec<f64> = (0..resamples(confidence))
        .map(|_| {
            strata
                .iter()
                .map(|s| {
                    let size = s.costs.len() - 1;
                    let sum: f64 = (0..size).map(|_| s.costs[rng.random_range(0..s.costs.len())]).sum();
                    s.requests as f64 * sum / size as f64
                })
                .sum()
        })
        .collect();
    // n samples in k strata leave n − k degrees of freedom, as n − k + 1 groups do.
    let groups = n as usize - strata.len() + 1;
    let (low_cost, high_cost) =
        expanded_percentiles(draws, confidence, groups).expect("drawn, two groups at least");
    let (cost, method) = if high_cost - low_cost <= expected * 1e-12 {
        let e = without_spread(expected, n, confidence);
        ((e.lo, e.hi), e.method)
    } else {
        ((low_cost.min(expected), high_cost.max(expected)), Method::StratifiedBootstrap)
    };
    if cost.0 <= 0.0 {
        return Err(Insufficient::Degenerate {
            why: "the sampled costs are mostly zero: their mean has no lower bound",
        });
    }
    let reduction = |expected: f64| 1.0 - used / expected;
    let (lo, hi) = (reduction(cost.0), reduction(cost.1));
    Ok(Estimate { value: reduction(expected), lo, hi, n, method })
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stratum(requests: u64, costs: &[u32]) -> Stratum {
        Stratum { requests, costs: costs.iter().copied().map(f64::from).collect() }
    }

    fn two_strata() -> Vec<Stratum> {
        vec![
            stratum(1000, &[6, 7, 8, 7, 6, 8, 7, 7, 9, 5, 7, 7]),
            stratum(100, &[40, 60, 50, 45, 55, 50, 48, 52, 50, 50, 40, 60]),
        ]
    }

    #[test]
    fn the_value_weighs_each_stratum_by_its_requests() {
        let e = reduction(1800.0, &two_strata(), 0.95, 1).unwrap();
        assert!((e.value - (1.0 - 1800.0 / 12_000.0)).abs() < 1e-12, "{e:?}");
        assert!(e.lo < 0.85 && e.hi > 0.85 && e.hi - e.lo < 0.05, "{e:?}");
        assert_eq!((e.n, e.method), (24, Method::StratifiedBootstrap));
    }

    #[test]
    fn more_used_than_expected_is_a_negative_reduction() {
        let e = reduction(24_000.0, &two_strata(), 0.95, 1).unwrap();
        assert!((e.value + 1.0).abs() < 1e-12);
    }

    #[test]
    fn the_width_is_that_of_the_stratified_mean() {
        let strata = [stratum(10, &(0..200).map(|i| 50 + i * 37 % 100).collect::<Vec<_>>())];
        let costs = &strata[0].costs;
        let m = mean(costs);
        let variance = costs.iter().map(|c| (c - m).powi(2)).sum::<f64>() / 199.0;
        let half = 1.972 * (variance / 200.0).sqrt();
        let e = reduction(10.0 * m * 0.1, &strata, 0.95, 3).unwrap();
        let (lo, hi) = (1.0 - 0.1 * m / (m - half), 1.0 - 0.1 * m / (m + half));
        assert!(
            (e.lo - lo).abs() < 0.1 * (hi - lo) && (e.hi - hi).abs() < 0.1 * (hi - lo),
            "{e:?} {lo} {hi}"
        );
    }

    #[test]
    fn equal_costs_are_not_certainty() {
        let e = reduction(100.0, &[stratum(100, &[7; 30])], 0.95, 1).unwrap();
        assert!(e.method == Method::RuleOfThree && e.lo < e.value && e.hi > e.value, "{e:?}");
        assert!(e.hi - e.lo < 0.04, "{e:?}");
    }

    #[test]
    fn nothing_used_is_a_reduction_of_all() {
        let e = reduction(0.0, &two_strata(), 0.95, 1).unwrap();
        assert_eq!((e.value, e.hi), (1.0, 1.0));
    }

    #[test]
    fn too_little_is_refused() {
        assert_eq!(reduction(1.0, &[], 0.95, 1), Err(Insufficient::NoSamples));
        assert_eq!(
            reduction(1.0, &[stratum(5, &[7; 12])], 0.95, 1),
            Err(Insufficient::TooFewSamples { have: 12, need: 20 })
        );
        assert_eq!(
            reduction(1.0, &[stratum(5, &[7; 30]), stratum(1, &[4])], 0.95, 1),
            Err(Insufficient::TooFewSamples { have: 1, need: 2 })
        );
        assert!(matches!(
            reduction(1.0, &[stratum(5, &[0; 30])], 0.95, 1),
            Err(Insufficient::Degenerate { .. })
        ));
        // A stratum nobody asked for needs no samples.
        assert!(reduction(1.0, &[stratum(5, &[7; 30]), stratum(0, &[])], 0.95, 1).is_ok());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn the_interval_holds_the_value_and_does_not_depend_on_the_unit(
            costs in prop::collection::vec(1u32..100, 20..60), used in 0u32..5000, seed: u64
        ) {
            let one = [stratum(100, &costs)];
            let a = reduction(f64::from(used), &one, 0.95, seed).unwrap();
            prop_assert!(a.lo <= a.value && a.value <= a.hi && a.hi <= 1.0, "{a:?}");
            let scaled = [Stratum { requests: 100, costs: one[0].costs.iter().map(|c| c * 1000.0).collect() }];
            let b = reduction(f64::from(used) * 1000.0, &scaled, 0.95, seed).unwrap();
            prop_assert!((a.lo - b.lo).abs() < 1e-9 && (a.hi - b.hi).abs() < 1e-9);
            prop_assert_eq!(a, reduction(f64::from(used), &one, 0.95, seed).unwrap());
        }
    }
}
