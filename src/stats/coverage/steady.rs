//! False alarms, found warm-ups and found drifts of the steady-state rule.

use super::{hits, logistic, normal};
use crate::stats::batch_means::{Slice, ratio};
use crate::stats::bootstrap::rng;
use crate::stats::steady_state::{SteadyState, steady_state};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

const RUNS: u64 = 400;

/// Log-odds of a hit that follow AR(1) with coefficient φ around a level; 20 reads a slice.
fn series(
    rng: &mut ChaCha8Rng,
    slices: usize,
    phi: f64,
    spread: f64,
    level: impl Fn(f64) -> f64,
) -> Vec<Slice> {
    let mut state = normal(rng);
    (0..slices)
        .map(|slice| {
            state = phi * state + (1.0 - phi * phi).sqrt() * normal(rng);
            let p = logistic(level(slice as f64 / slices as f64) + spread * state);
            Slice { numerator: hits(rng, 20, p), denominator: 20.0 }
        })
        .collect()
}

/// Classes that open their reports together: 20 to 40 reads at once, mostly hits or mostly misses.
fn bursts(rng: &mut ChaCha8Rng, slices: usize) -> Vec<Slice> {
    (0..slices)
        .map(|_| {
            let mut slice = Slice { numerator: hits(rng, 10, 0.7), denominator: 10.0 };
            if rng.random_bool(0.1) {
                let reads = rng.random_range(20..40);
                let p = if rng.random_bool(0.5) { 0.3 } else { 0.9 };
                slice.numerator += hits(rng, reads, p);
                slice.denominator += f64::from(reads);
            }
            slice
        })
        .collect()
}

/// How often a series was found never steady, and how often something was cut.
fn found(make: impl Fn(&mut ChaCha8Rng) -> Vec<Slice>) -> (f64, f64) {
    let all: Vec<SteadyState> = (0..RUNS).map(|run| steady_state(&make(&mut rng(5000 + run)))).collect();
    let share =
        |of: fn(&SteadyState) -> bool| all.iter().filter(|found| of(found)).count() as f64 / RUNS as f64;
    (share(|f| *f == SteadyState::Never), share(|f| matches!(f, SteadyState::After(_))))
}

#[test]
fn steady_series_raise_few_false_alarms() {
    for slices in [60, 120, 300] {
        for (never, cut) in [
            found(|rng| series(rng, slices, 0.0, 0.0, |_| 1.0)),
            found(|rng| series(rng, slices, 0.8, 0.5, |_| 1.0)),
            found(|rng| bursts(rng, slices)),
        ] {
            // 2 % in 400 runs is 8, and 8 more would be three standard errors.
            assert!(never <= 0.03 && cut <= 0.04, "{slices}: never {never}, cut {cut}");
        }
    }
}

#[test]
fn the_cut_leaves_the_interval_its_coverage() {
    let truth = {
        let mut rng = rng(3);
        (0..200_000).map(|_| logistic(1.0 + 0.5 * normal(&mut rng))).sum::<f64>() / 200_000.0
    };
    let covers = |slices: &[Slice]| {
        let e = ratio(slices, 0.95).unwrap();
        e.lo <= truth && truth <= e.hi
    };
    let (mut plain, mut cut) = (0.0, 0.0);
    for run in 0..RUNS {
        let all = series(&mut rng(run), 240, 0.8, 0.5, |_| 1.0);
        let kept = match steady_state(&all) {
            SteadyState::After(slices) => &all[slices..],
            SteadyState::FromTheStart | SteadyState::Never => &all[..],
        };
        plain += f64::from(u8::from(covers(&all))) / RUNS as f64;
        cut += f64::from(u8::from(covers(kept))) / RUNS as f64;
    }
    assert!(cut >= 0.90 && plain - cut <= 0.02, "{plain} before, {cut} after");
}

#[test]
fn a_cache_that_fills_is_cut_and_a_drift_is_found() {
    let (never, cut) = found(|rng| series(rng, 240, 0.0, 0.0, |t| 1.5 - 3.0 * (-t / 0.05).exp()));
    assert!(cut >= 0.8 && never <= 0.03, "{cut} cut, {never} never");
    let (never, _) = found(|rng| series(rng, 240, 0.0, 0.0, |t| 2.0 - 2.0 * t));
    assert!(never >= 0.95, "{never} found");
}
