//! What a window's interval covers, on events of known rate that hang together.

use super::*;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

const CONFIDENCE: f64 = 0.95;

/// Windows of twelve slices at a rate; in bursts of so many that share one fate.
fn run(windows: usize, rate: f64, burst: u64, seed: u64) -> Vec<Vec<Slice>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut slice = || {
        let bursts = rng.random_range(1..8_u64);
        let good = (0..bursts).filter(|_| rng.random::<f64>() < rate).count() as u64;
        Slice { numerator: (good * burst) as f64, denominator: (bursts * burst) as f64 }
    };
    (0..windows).map(|_| (0..12).map(|_| slice()).collect()).collect()
}

#[test]
fn a_window_is_covered_as_often_as_claimed_also_where_events_come_in_bursts() {
    for (windows, burst) in [(20, 1), (20, 6), (4, 6), (60, 15)] {
        let (mut held, mut of) = (0, 0);
        for seed in 0..300 {
            let run = run(windows, 0.8, burst, seed);
            let effect = DesignEffect::of(&run);
            for window in run.iter().take(4) {
                let interval = effect.share(sum(window), CONFIDENCE).unwrap();
                held += u32::from(interval.lo <= 0.8 && 0.8 <= interval.hi);
                of += 1;
            }
        }
        let covered = f64::from(held) / f64::from(of);
        assert!(covered >= 0.93, "{windows} windows, bursts of {burst}: {covered}");
    }
}

#[test]
fn a_run_at_its_target_is_condemned_by_one_of_its_windows_no_more_often_than_claimed() {
    for (windows, burst) in [(20, 1), (20, 6), (60, 15)] {
        let together = 1.0 - (1.0 - CONFIDENCE) / windows as f64;
        let condemned = |seed: &u64| {
            let run = run(windows, 0.8, burst, 10_000 + seed);
            let effect = DesignEffect::of(&run);
            run.iter().any(|window| effect.share(sum(window), together).unwrap().hi < 0.8)
        };
        let condemned = (0..400).filter(condemned).count();
        // Half of the 5 %, since only one side condemns, and what 400 runs leave open.
        assert!(condemned <= 18, "{windows} windows, bursts of {burst}: {condemned} of 400");
    }
}

#[test]
fn bursts_make_events_worth_less_and_independence_does_not() {
    let mean =
        |burst| (0..50).map(|seed| DesignEffect::of(&run(20, 0.8, burst, seed)).factor).sum::<f64>() / 50.0;
    let (alone, together) = (mean(1), mean(6));
    assert!((1.0..1.3).contains(&alone), "{alone}");
    assert!((4.5..7.5).contains(&together), "{together}");
}

#[test]
fn a_window_without_a_hit_among_good_ones_is_seen_for_what_it_is() {
    let mut run = run(10, 0.9, 3, 7);
    for slice in &mut run[4] {
        slice.numerator = 0.0;
    }
    let effect = DesignEffect::of(&run);
    let outage = effect.share(sum(&run[4]), 0.995).unwrap();
    assert!(outage.hi < 0.4, "{outage:?} at {effect:?}");
    let other = effect.share(sum(&run[5]), 0.995).unwrap();
    assert!(other.lo > 0.5, "{other:?}");
}

#[test]
fn without_a_spread_the_interval_is_the_exact_binomial_one() {
    let clean = vec![vec![Slice { numerator: 0.0, denominator: 10.0 }; 10]; 3];
    let effect = DesignEffect::of(&clean);
    assert_eq!(effect, DesignEffect::NONE);
    let interval = effect.share(sum(&clean[0]), CONFIDENCE).unwrap();
    let (lo, hi) = binomial::clopper_pearson(0, 100, CONFIDENCE).unwrap();
    assert_eq!((interval.value, interval.lo, interval.hi, interval.n), (0.0, lo, hi, 100));
    assert_eq!(effect.share(Slice { numerator: 0.0, denominator: 0.0 }, CONFIDENCE), None);
}

#[test]
fn a_quantile_of_few_has_a_lower_end_and_no_upper_one() {
    let counts: Counts = (1..=200).map(|value| (value, 1)).collect();
    let few = DesignEffect::NONE.quantile(&counts, 0.99, CONFIDENCE).unwrap();
    assert_eq!((few.value, few.hi), (198.0, f64::INFINITY));
    assert!((190.0..=198.0).contains(&few.lo), "{few:?}");
    let counts: Counts = (1..=1_000).map(|value| (value, 1)).collect();
    let (lower, upper) = binomial::quantile_ranks(1_000, 0.95, CONFIDENCE).unwrap();
    let enough = DesignEffect::NONE.quantile(&counts, 0.95, CONFIDENCE).unwrap();
    assert_eq!((enough.lo, enough.hi), (lower as f64, upper as f64));
    let bursts = DesignEffect { factor: 4.0, freedom: Some(20) }.quantile(&counts, 0.95, CONFIDENCE).unwrap();
    assert!(bursts.lo < enough.lo && bursts.hi > enough.hi, "{bursts:?}");
}

#[test]
fn a_mean_of_a_window_is_covered_and_a_window_in_trouble_has_its_own_spread() {
    let (mut held, mut troubled, mut of) = (0, 0, 0);
    let times = |rng: &mut ChaCha8Rng, scale: f64| -> Vec<Slice> {
        let mut slice = || {
            let n = rng.random_range(1..20_u32);
            let level = scale * (0.5 + rng.random::<f64>());
            let sum: f64 = (0..n).map(|_| level * (0.5 + rng.random::<f64>())).sum();
            Slice { numerator: sum, denominator: f64::from(n) }
        };
        (0..12).map(|_| slice()).collect()
    };
    for seed in 0..400 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut run: Vec<Vec<Slice>> = (0..10).map(|_| times(&mut rng, 1_000.0)).collect();
        let calm = Scatter::of(&run).unwrap();
        let interval = calm.mean(&run[0], CONFIDENCE).unwrap();
        held += u32::from(interval.lo <= 1_000.0 && 1_000.0 <= interval.hi);
        of += 1;
        run[3] = times(&mut rng, 50_000.0);
        let all = Scatter::of(&run).unwrap();
        let trouble = all.mean(&run[3], CONFIDENCE).unwrap();
        troubled += u32::from(trouble.lo <= 50_000.0 && 50_000.0 <= trouble.hi);
    }
    for covered in [held, troubled].map(|held| f64::from(held) / f64::from(of)) {
        assert!(covered >= 0.92, "{covered}");
    }
    assert_eq!(Scatter::of(&[vec![Slice { numerator: 1.0, denominator: 1.0 }]]), None);
}
