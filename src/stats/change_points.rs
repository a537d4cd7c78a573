//! Since when a series of values is otherwise: E-divisive means.
//!
//! Matteson & James, "A nonparametric approach for multiple change point analysis of
//! multivariate data", JASA 109, 2014: the cut that moves the two sides furthest apart in
//! energy distance (exponent 1) is kept if few of the orders that the values might have come
//! in as well have a cut as good; then both sides are cut again. In use for the same purpose:
//! Daly et al., "The use of change point detection to identify software performance
//! regressions in a continuous integration system", ICPE 2020. Nothing is assumed of the
//! values' distribution; they are assumed independent of each other from run to run.

use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;

use super::bootstrap::rng;

/// A place where the values become others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChangePoint {
    /// Index of the first value after it.
    pub at: usize,
    /// Mean of the values from the change before it.
    pub before: f64,
    /// Mean of the values up to the next change.
    pub after: f64,
    /// How probable such a cut is in a series without a change: an upper bound, from
    /// permutations.
    pub p: f64,
}

/// Values between two changes, at least: with fewer a single odd run is a change.
pub const MIN_SEGMENT: usize = 4;
/// Orders tried for each cut: the least p is one in a thousand.
const PERMUTATIONS: usize = 999;

/// The places where the values become others, in their order; a cut counts if its p is at
/// most `significance`. Not finite values must be left out before.
#[must_use]
pub fn change_points(values: &[f64], significance: f64, seed: u64) -> Vec<ChangePoint> {
    let mut rng = rng(seed);
    let mut found = Vec::new();
    search(values, 0, significance, &mut rng, &mut found);
    found.sort_unstable_by_key(|(at, _)| *at);
    let ends: Vec<usize> =
        [0].into_iter().chain(found.iter().map(|(at, _)| *at)).chain([values.len()]).collect();
    let means: Vec<f64> = ends.windows(2).map(|part| mean(&values[part[0]..part[1]])).collect();
    let points = found.into_iter().zip(means.windows(2));
    points.map(|((at, p), mean)| ChangePoint { at, before: mean[0], after: mean[1], p }).collect()
}

/// Cuts a stretch that begins at `from` of the whole series, and what is left of it again.
fn search(
    values: &[f64],
    from: usize,
    significance: f64,
    rng: &mut ChaCha8Rng,
    found: &mut Vec<(usize, f64)>,
) {
    let Some((at, statistic)) = best_cut(values) else { return };
    // Values that are all the same have no cut, however they are ordered.
    if statistic <= 0.0 {
        return;
    }
    let mut shuffled = values.to_vec();
    let mut as_good = 0;
    for _ in 0..PERMUTATIONS {
        shuffled.shuffle(rng);
        let other = best_cut(&shuffled).map_or(0.0, |(_, statistic)| statistic);
        // Rounding must not make an order worse than itself.
        as_good += usize::from(other >= statistic * (1.0 - 1e-12));
    }
    let p = (as_good + 1) as f64 / (PERMUTATIONS + 1) as f64;
    if p > significance {
        return;
    }
    found.push((from + at, p));
    search(&values[..at], from, significance, rng, found);
    search(&values[at..], from + at, significance, rng, found);
}

/// The cut with the greatest scaled energy distance between what is before and after it
/// (their eq. 5): `nm/(n+m) · (2·mean|x−y| − mean|x−x′| − mean|y−y′|)`. Unlike theirs, the
/// right side always reaches to the end: with runs rather than seconds, stretches are short.
fn best_cut(values: &[f64]) -> Option<(usize, f64)> {
    let n = values.len();
    if n < 2 * MIN_SEGMENT {
        return None;
    }
    // Sums of distances within the left, within the right and between, as the cut moves on.
    let distance = |from: &[f64], to: f64| from.iter().map(|value| (value - to).abs()).sum::<f64>();
    let (mut left, mut between) = (0.0, 0.0);
    let mut right: f64 = (1..n).map(|at| distance(&values[..at], values[at])).sum();
    let mut best: Option<(usize, f64)> = None;
    for at in 1..=n - MIN_SEGMENT {
        let moved = values[at - 1];
        let (to_left, to_right) = (distance(&values[..at - 1], moved), distance(&values[at..], moved));
        left += to_left;
        right -= to_right;
        between += to_right - to_left;
        if at < MIN_SEGMENT {
            continue;
        }
        let (a, b) = (at as f64, (n - at) as f64);
        let pairs = |n: f64| n * (n - 1.0) / 2.0;
        let energy = 2.0 * between / (a * b) - left / pairs(a) - right / pairs(b);
        let scaled = a * b / (a + b) * energy;
        if best.is_none_or(|(_, most)| scaled > most) {
            best = Some((at, scaled));
        }
    }
    best
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt as _;

    /// Values around levels, each for so many runs: the mean of six draws is near to normal.
    fn series(levels: &[(f64, usize)], spread: f64, seed: u64) -> Vec<f64> {
        let mut rng = rng(seed);
        let mut noise = || (0..6).map(|_| rng.random::<f64>() - 0.5).sum::<f64>() * spread * 2.0_f64.sqrt();
        levels
            .iter()
            .flat_map(|(level, n)| std::iter::repeat_n(*level, *n))
            .map(|level| level + noise())
            .collect()
    }

    #[test]
    fn two_steps_are_found_where_they_are() {
        let values = series(&[(0.93, 10), (0.71, 8), (0.85, 9)], 0.01, 1);
        let found = change_points(&values, 0.01, 7);
        assert_eq!(found.iter().map(|point| point.at).collect::<Vec<_>>(), [10, 18]);
        assert!((found[0].before - 0.93).abs() < 0.01 && (found[0].after - 0.71).abs() < 0.01, "{found:?}");
    }

    #[test]
    fn the_cut_is_that_of_the_definition() {
        // All cuts by their definition, without the running sums.
        let values = series(&[(5.0, 6), (5.6, 7)], 0.5, 3);
        let by_hand = |at: usize| {
            let (x, y) = values.split_at(at);
            let mean = |a: &[f64], b: &[f64], same: bool| {
                let sum: f64 = a.iter().flat_map(|a| b.iter().map(move |b| (a - b).abs())).sum();
                sum / if same { (a.len() * (a.len() - 1)) as f64 } else { (a.len() * b.len()) as f64 }
            };
            let (n, m) = (x.len() as f64, y.len() as f64);
            n * m / (n + m) * (2.0 * mean(x, y, false) - mean(x, x, true) - mean(y, y, true))
        };
        let (at, statistic) = best_cut(&values).unwrap();
        let most = (MIN_SEGMENT..=values.len() - MIN_SEGMENT).map(by_hand).fold(f64::MIN, f64::max);
        assert!((statistic - most).abs() < 1e-9 && (by_hand(at) - most).abs() < 1e-9);
    }

    #[test]
    fn a_series_without_a_change_rarely_shows_one() {
        let wrong =
            (0..200).filter(|seed| !change_points(&series(&[(0.9, 24)], 0.02, *seed), 0.01, 5).is_empty());
        // 2 are expected at 1 %; 8 or more have a chance below 0.1 %.
        assert!(wrong.count() < 8);
    }

    #[test]
    fn a_step_of_three_standard_deviations_is_found_after_ten_runs() {
        let found = (0..100).filter(|seed| {
            let values = series(&[(1.0, 10), (1.3, 10)], 0.1, 1_000 + seed);
            let found = change_points(&values, 0.01, 5);
            found.iter().any(|point| point.at.abs_diff(10) <= 2)
        });
        let found = found.count();
        assert!(found >= 80, "{found} of 100");
    }

    #[test]
    fn one_odd_run_and_equal_runs_are_no_change() {
        let mut odd = vec![0.9; 14];
        odd[6] = 0.1;
        assert_eq!(change_points(&odd, 0.05, 1), []);
        assert_eq!(change_points(&[0.9; 20], 0.05, 1), []);
        assert_eq!(change_points(&[0.9, 0.1, 0.9], 0.05, 1), []);
    }
}
