//! What a slope's interval covers, on series of known slope.

use super::*;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

/// A line with noise of which each value keeps a share of the one before.
fn series(n: usize, slope: f64, keeps: f64, seed: u64) -> Vec<Reading> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut draw = || -> f64 { StandardNormal.sample(&mut rng) };
    let mut noise = if keeps < 1.0 { draw() / (1.0 - keeps * keeps).sqrt() } else { 0.0 };
    (0..n)
        .map(|at| {
            let reading = (at as f64, 1e6 + slope * at as f64 + noise);
            noise = keeps * noise + draw();
            reading
        })
        .collect()
}

/// Share of `runs` whose interval holds the slope.
fn coverage(n: usize, keeps: f64, runs: u64) -> f64 {
    let slope_is = 0.05;
    let holds = |seed: &u64| {
        let estimate = slope(&series(n, slope_is, keeps, *seed), 0.95).unwrap();
        estimate.lo <= slope_is && slope_is <= estimate.hi
    };
    (0..runs).filter(holds).count() as f64 / runs as f64
}

#[test]
fn the_interval_covers_what_it_claims_whatever_the_correlation() {
    for n in [40, 120, 600] {
        for keeps in [0.0, 0.5, 0.8, 0.95, 0.99] {
            let covered = coverage(n, keeps, 600);
            assert!(covered >= 0.925, "{n} readings, each keeps {keeps}: {covered}");
        }
    }
}

#[test]
fn a_random_walk_has_no_trend_in_more_runs_than_the_error_allows() {
    for n in [60, 300, 3_000] {
        let covered = coverage(n, 1.0, 600);
        assert!(covered >= 0.93, "{n} readings: {covered}");
    }
}

#[test]
fn a_leak_is_seen_through_the_noise() {
    let found = |seed: &u64| slope(&series(600, 0.1, 0.8, *seed), 0.95).unwrap().lo > 0.0;
    let found = (0..100).filter(found).count();
    assert!(found >= 80, "{found} of 100");
}

#[test]
fn a_line_without_noise_is_known_to_a_step() {
    let line: Vec<Reading> = (0..100).map(|at| (f64::from(at), 8_000.0 * f64::from(at))).collect();
    let estimate = slope(&line, 0.95).unwrap();
    assert!((estimate.value - 8_000.0).abs() < 1e-6, "{estimate:?}");
    assert!(estimate.lo < 8_000.0 && estimate.hi < 8_100.0, "{estimate:?}");
    let still: Vec<Reading> = (0..100).map(|at| (f64::from(at), 5e7)).collect();
    let estimate = slope(&still, 0.95).unwrap();
    assert_eq!((estimate.value, estimate.n), (0.0, 100));
    assert!(estimate.hi > 0.0 && estimate.hi < 0.02, "no finite sample proves a number: {estimate:?}");
}

#[test]
fn what_fills_at_first_and_then_stays_is_bent() {
    let filling = |seed: u64| -> Vec<Reading> {
        series(400, 0.0, 0.3, seed).into_iter().map(|(t, y)| (t, y - 200.0 * (-t / 60.0).exp())).collect()
    };
    let bent = (0..50).filter(|seed| bend(&filling(*seed)).is_some()).count();
    assert!(bent >= 45, "{bent} of 50");
    let straight = (0..200).filter(|seed| bend(&series(400, 0.1, 0.5, *seed)).is_some()).count();
    assert!(straight <= 6, "{straight} of 200 straight ones");
    let (first, second) = bend(&filling(1)).unwrap();
    assert!(first > 0.5 && second < 0.1, "{first} and {second}");
}

#[test]
fn steps_and_gaps_in_time_are_kept() {
    // Nobody looked between 100 and 1,000 seconds.
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let times = (0..100).chain(1_000..1_100).map(f64::from);
    let series: Vec<Reading> = times.map(|t| (t, 2.0 * t + rng.random::<f64>())).collect();
    let estimate = slope(&series, 0.95).unwrap();
    assert!(estimate.lo < 2.0 && estimate.hi > 2.0 && estimate.hi - estimate.lo < 0.1, "{estimate:?}");
}

#[test]
fn too_little_or_nonsense_is_refused() {
    assert_eq!(slope(&[], 0.95), Err(Insufficient::NoSamples));
    let few = series(MIN_READINGS - 1, 0.0, 0.0, 1);
    assert_eq!(slope(&few, 0.95), Err(Insufficient::TooFewSamples { have: 29, need: 30 }));
    assert_eq!(bend(&few), None);
    let mut twice = series(40, 0.0, 0.0, 1);
    twice[7].0 = twice[6].0;
    assert!(matches!(slope(&twice, 0.95), Err(Insufficient::Degenerate { .. })));
}
