//! Batch means by hand, and what they refuse.

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
    let wave: Vec<(f64, f64)> = (0..150).map(|i| (if i / 50 == 1 { 20.0 } else { 80.0 }, 100.0)).collect();
    assert_eq!(Batches::of(&slices(&wave)).unwrap().sums.len(), MIN_BATCHES);
}

#[test]
fn a_short_run_whose_moments_resemble_each_other_is_refused() {
    let wave = |n: i32| -> Vec<(f64, f64)> {
        (0..n).map(|i| (if i / 6 % 2 == 0 { 60.0 } else { 80.0 }, 100.0)).collect()
    };
    let need = MIN_CORRELATED_SLICES;
    assert_eq!(ratio(&slices(&wave(80)), 0.95), Err(Insufficient::Correlated { have: 80, need }));
    assert!(ratio(&slices(&wave(200)), 0.95).is_ok());
}

#[test]
fn hits_alone_do_not_make_bursts_independent() {
    let bursts: Vec<(f64, f64)> =
        (0..80).map(|i| if i / 4 % 3 == 0 { (50.0, 50.0) } else { (2.0, 2.0) }).collect();
    assert!(matches!(ratio(&slices(&bursts), 0.95), Err(Insufficient::Correlated { have: 80, .. })));
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
        let (a, b) = (ratio(&slices(&of(1.0)), 0.95), ratio(&slices(&of(scale)), 0.95));
        // Some draws resemble their neighbours by chance.
        prop_assume!(a.is_ok());
        let (a, b) = (a.unwrap(), b.unwrap());
        prop_assert!((a.lo * scale - b.lo).abs() <= 1e-9 * (1.0 + b.lo.abs()), "{a:?} {b:?}");
        prop_assert!((a.hi * scale - b.hi).abs() <= 1e-9 * (1.0 + b.hi.abs()), "{a:?} {b:?}");
    }

    #[test]
    fn more_confidence_is_never_a_narrower_interval(
        hits in prop::collection::vec(0u32..=50, 12..60)
    ) {
        let of: Vec<_> = hits.iter().map(|&h| (f64::from(h), 50.0)).collect();
        let (a, b) = (ratio(&slices(&of), 0.90), ratio(&slices(&of), 0.99));
        // Some draws resemble their neighbours by chance.
        prop_assume!(a.is_ok());
        let (a, b) = (a.unwrap(), b.unwrap());
        prop_assert!(b.lo <= a.lo && b.hi >= a.hi);
    }
}
