//! Coverage where people differ, where classes act together, and where both are few.

use super::{coverage_where, hits, logistic, normal};
use crate::stats::two_way::{Part, ratio};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;

/// People with hit rates of their own (log-odds with a spread), one read a slice.
fn different(rng: &mut ChaCha8Rng, people: u32, slices: usize) -> Vec<Part> {
    let rates: Vec<f64> = (0..people).map(|_| logistic(1.0 + 0.5 * normal(rng))).collect();
    let mut parts = Vec::new();
    for slice in 0..slices {
        for (cluster, &p) in (0..people).zip(&rates) {
            let reads = rng.random_range(0..3);
            if reads > 0 {
                let (numerator, denominator) = (hits(rng, reads, p), f64::from(reads));
                parts.push(Part { slice, cluster, stratum: 0, numerator, denominator });
            }
        }
    }
    parts
}

/// Classes of twelve whose members open their reports together: after a write the first read of
/// each is a miss, and every class has a rate of its own after that.
fn classes(rng: &mut ChaCha8Rng, classes: u32, slices: usize) -> Vec<Part> {
    let mut cold = vec![true; classes as usize];
    let rates: Vec<f64> = (0..classes).map(|_| logistic(1.5 + 0.5 * normal(rng))).collect();
    let mut cells: BTreeMap<(usize, u32), (f64, f64)> = BTreeMap::new();
    for slice in 0..slices {
        for class in 0..classes {
            let at = class as usize;
            cold[at] |= rng.random_bool(0.1);
            if rng.random_bool(0.2) {
                let p = if std::mem::take(&mut cold[at]) { 0.3 } else { rates[at] };
                let reads = rng.random_range(6..12);
                let cell = cells.entry((slice, class)).or_default();
                cell.0 += hits(rng, reads, p);
                cell.1 += f64::from(reads);
            }
        }
    }
    let part = |((slice, cluster), (numerator, denominator))| Part {
        slice,
        cluster,
        stratum: 0,
        numerator,
        denominator,
    };
    cells.into_iter().map(part).collect()
}

/// Coverage of the check and of batch means alone, among the runs with an interval.
fn covered(slices: usize, make: impl Fn(&mut ChaCha8Rng) -> Vec<Part>) -> (f64, f64) {
    // The pooled rate of many runs: its own error is a tenth of an interval's width or less.
    let truth = {
        let mut sum = (0.0, 0.0);
        for run in 0..1_500 {
            for part in make(&mut super::rng(900_000 + run)) {
                sum = (sum.0 + part.numerator, sum.1 + part.denominator);
            }
        }
        sum.0 / sum.1
    };
    let checked = |rng: &mut ChaCha8Rng| ratio(&make(rng), slices, 0.95).ok();
    let within = |e: crate::stats::Estimate| e.lo <= truth && truth <= e.hi;
    (
        coverage_where(|rng| checked(rng).map(|c| within(c.estimate))),
        coverage_where(|rng| checked(rng).map(|c| within(c.by_time))),
    )
}

#[test]
fn people_who_differ_are_covered_where_time_alone_does_not() {
    for people in [4, 8, 30] {
        let (two_way, time) = covered(60, |rng| different(rng, people, 60));
        assert!(two_way >= 0.92, "{people} people: {two_way}");
        assert!(time <= 0.85, "{people} people: by time alone {time}: they are no test");
    }
}

#[test]
fn a_few_classes_that_differ_are_covered_when_they_are_the_clusters() {
    for few in [5, 8] {
        let (two_way, _) = covered(80, |rng| classes(rng, few, 80));
        assert!(two_way >= 0.92, "{few} classes: {two_way}");
    }
}

#[test]
fn a_short_run_is_covered() {
    let (two_way, _) = covered(40, |rng| different(rng, 25, 40));
    assert!(two_way >= 0.92, "{two_way}");
}
