//! The check against people, by hand and on extremes.

use super::*;

/// `people` who each read `reads` times in each of 40 slices, with so many hits.
fn made(people: u32, reads: f64, hits: impl Fn(usize, u32) -> f64) -> Vec<Part> {
    (0..40)
        .flat_map(|slice| (0..people).map(move |person| (slice, person)))
        .map(|(slice, cluster)| Part {
            slice,
            cluster,
            stratum: 0,
            numerator: hits(slice, cluster),
            denominator: reads,
        })
        .collect()
}

/// A disturbance without trend or pattern: −1, 0 or 1.
fn jitter(slice: usize, person: u32) -> f64 {
    f64::from(((slice as u32 * 7919 + person * 104_729) ^ (slice as u32 * person)) % 3) - 1.0
}

#[test]
fn people_who_are_alike_leave_the_interval_to_time() {
    let checked = ratio(&made(20, 20.0, |s, p| 15.0 + 2.0 * jitter(s, p)), 40, 0.95).unwrap();
    assert!(checked.widening() < 1.3, "{checked:?}");
    assert_eq!(checked.clusters, 20);
}

#[test]
fn people_who_differ_widen_it_to_the_t_interval_over_people() {
    let of = |p: u32| 10.0 + f64::from(p % 10);
    let checked = ratio(&made(10, 20.0, |_, p| of(p)), 40, 0.95).unwrap();
    let rates: Vec<f64> = (0..10).map(|p| of(p) / 20.0).collect();
    let mean = rates.iter().sum::<f64>() / 10.0;
    let sd = (rates.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / 9.0).sqrt();
    let half = 2.262_157 * sd / 10f64.sqrt();
    let e = checked.estimate;
    assert!(
        (e.lo - (mean - half)).abs() < 1e-6 && (e.hi - (mean + half)).abs() < 1e-6,
        "{e:?} {mean} {half}"
    );
    assert_eq!(e.method, Method::TwoWay);
    assert!(checked.widening() > 1.5, "{checked:?}");
}

#[test]
fn what_both_have_in_common_counts_once() {
    // Independent cells: by person and by batch the same noise is seen twice.
    let checked = ratio(&made(30, 20.0, |s, p| 14.0 + 3.0 * jitter(s, p)), 40, 0.95).unwrap();
    let (two, one) = (checked.estimate, checked.by_time);
    assert!(two.hi - two.lo < 1.4 * (one.hi - one.lo), "{checked:?}");
}

#[test]
fn roles_that_differ_as_declared_are_no_uncertainty() {
    let hits = |s, p: u32| if p < 10 { 18.0 } else { 8.0 } + jitter(s, p);
    let mut parts = made(20, 20.0, hits);
    let unknown = ratio(&parts, 40, 0.95).unwrap();
    for part in &mut parts {
        part.stratum = u16::from(part.cluster >= 10);
    }
    let declared = ratio(&parts, 40, 0.95).unwrap();
    assert!(unknown.widening() > 4.0 && declared.widening() < 1.3, "{unknown:?} {declared:?}");
}

#[test]
fn clusters_of_the_same_make_up_are_compared_and_single_ones_join_others() {
    // Classes of students and a teacher; one administrator of their own.
    let mut parts = made(8, 20.0, |s, p| 12.0 + jitter(s, p));
    let teachers: Vec<Part> = parts.iter().map(|p| Part { stratum: 1, ..*p }).collect();
    parts.extend(teachers);
    parts.extend(made(1, 20.0, |s, p| 12.0 + jitter(s, p)).iter().map(|p| Part {
        stratum: 2,
        cluster: 99,
        ..*p
    }));
    let checked = ratio(&parts, 40, 0.95).unwrap();
    assert_eq!(checked.clusters, 9);
    assert!(checked.widening() < 1.4, "{checked:?}");
}

#[test]
fn fewer_people_than_can_differ_are_refused() {
    assert_eq!(
        ratio(&made(2, 20.0, |s, p| 12.0 + jitter(s, p)), 40, 0.95),
        Err(Insufficient::TooFewClusters { have: 2, need: 3 })
    );
    assert!(ratio(&made(3, 20.0, |s, p| 12.0 + jitter(s, p)), 40, 0.95).is_ok());
}

#[test]
fn one_person_who_did_almost_everything_is_no_sample_of_people() {
    let mut parts = made(5, 1.0, |_, p| f64::from(p % 2));
    for part in parts.iter_mut().filter(|part| part.cluster == 0) {
        (part.numerator, part.denominator) = (300.0, 400.0);
    }
    assert!(matches!(ratio(&parts, 40, 0.95), Err(Insufficient::Degenerate { .. })));
}

#[test]
fn the_order_of_the_parts_changes_nothing() {
    let parts = made(7, 20.0, |s, p| 12.0 + f64::from(p) + jitter(s, p));
    let mut reversed = parts.clone();
    reversed.reverse();
    assert_eq!(ratio(&parts, 40, 0.95), ratio(&reversed, 40, 0.95));
}

#[test]
fn the_check_never_narrows_and_stays_a_share() {
    for people in [3, 4, 9, 40] {
        let checked = ratio(&made(people, 20.0, |s, p| (19.0 + jitter(s, p)).min(20.0)), 40, 0.95).unwrap();
        let (two, one) = (checked.estimate, checked.by_time);
        assert!(two.lo <= one.lo && two.hi >= one.hi && two.lo >= 0.0 && two.hi <= 1.0, "{checked:?}");
    }
}

#[test]
fn a_mean_of_costs_is_checked_like_a_share() {
    let checked = ratio(&made(12, 5.0, |s, p| 4_000.0 + 900.0 * f64::from(p % 4) + jitter(s, p)), 40, 0.95);
    let checked = checked.unwrap();
    assert!(checked.estimate.method == Method::TwoWay && checked.estimate.hi > 1_000.0, "{checked:?}");
}
