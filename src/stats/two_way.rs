//! A ratio over time, checked against people: batch means see what varies in time, and nothing
//! of what varies between people.
//!
//! Reads of one run have two things in common: the moment (a class opens its reports together)
//! and the person (a heavy user, an old favourite). Batch means hold for the first. Here the
//! variance is taken by person, by batch of time and by both, and the wider interval counts
//! (Cameron, Gelbach & Miller, "Robust inference with multiway clustering", Journal of Business
//! & Economic Statistics 29, 2011: V = V_person + V_batch − V_both).
//!
//! Three things are done otherwise than in the text book, each for a reason:
//!
//! - **Strata.** How many people of which role there are is declared, not drawn. Sums of people
//!   are therefore compared within their role (stratified cluster sampling; Cochran, "Sampling
//!   Techniques", 3rd ed., §5.6), or the difference between teachers and students, which no
//!   repetition of the run changes, would pass for uncertainty.
//! - **Residuals at the target.** The interval is the set of all r that a test of
//!   mean(u − r·c) does not reject (`fieller`), so that a decision against a target is that test.
//! - **Few or unequal people.** Degrees of freedom are those of the *effective* number of people,
//!   (Σd)²/Σd² of their events (Carter, Schnepel & Steigerwald, Review of Economics and Statistics
//!   99, 2017), combined over strata after Satterthwaite (1946). Fewer than [`MIN_CLUSTERS`] say
//!   nothing of how people differ.
//!
//! Where V is not positive, or smaller than one of its first two parts, the largest part counts
//! (MacKinnon, Nielsen & Webb, "Wild bootstrap and asymptotic inference with multiway
//! clustering", Journal of Business & Economic Statistics 39, 2021).

use std::collections::{BTreeMap, BTreeSet};

use super::batch_means::{Batches, Slice, is_share, share};
use super::fieller::Moments;
use super::gaussian::t_reach;
use super::{Estimate, Insufficient, Method, check_confidence};

/// What one cluster had in one slice of time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    /// Which of the slices, from 0.
    pub slice: usize,
    /// The cluster: a person, or what they share.
    pub cluster: u32,
    /// What is declared of it, e.g. its role. Clusters of one make-up are compared.
    pub stratum: u16,
    /// What was counted or summed.
    pub numerator: f64,
    /// What it is a share of.
    pub denominator: f64,
}

/// Fewer clusters than this are no sample of people. With two, a t interval (one degree of
/// freedom) reaches 12.7 standard errors to either side and still rests on the two being
/// equally busy; from three on it covers what it claims in this room's simulations.
pub const MIN_CLUSTERS: usize = 3;

/// An interval and what it was checked against.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Checked {
    /// The wider of both, ends included.
    pub estimate: Estimate,
    /// By batch means alone.
    pub by_time: Estimate,
    /// How many clusters there were.
    pub clusters: usize,
}

impl Checked {
    /// How many times as wide the check made the interval.
    #[must_use]
    pub fn widening(&self) -> f64 {
        (self.estimate.hi - self.estimate.lo) / (self.by_time.hi - self.by_time.lo)
    }
}

/// Sum of numerators by sum of denominators over consecutive slices, with the wider interval of
/// batch means and of the two-way check.
///
/// # Errors
/// As [`super::batch_means::ratio`], and [`Insufficient::TooFewClusters`]; a few people who did
/// almost everything are [`Insufficient::Degenerate`].
pub fn ratio(parts: &[Part], slices: usize, confidence: f64) -> Result<Checked, Insufficient> {
    check_confidence(confidence)?;
    let mut by_slice = vec![Slice { numerator: 0.0, denominator: 0.0 }; slices];
    for part in parts {
        let Some(slice) = by_slice.get_mut(part.slice) else {
            return Err(Insufficient::Degenerate { why: "a part lies outside the slices" });
        };
        slice.numerator += part.numerator;
        slice.denominator += part.denominator;
    }
    let batches = Batches::of(&by_slice)?;
    let by_time = batches.estimate(&by_slice, confidence);
    let people = People::of(parts, &batches);
    let clusters = people.clusters.len();
    if clusters < MIN_CLUSTERS {
        return Err(Insufficient::TooFewClusters { have: clusters, need: MIN_CLUSTERS });
    }
    let (lo, hi) = people.interval(&batches, confidence).ok_or(Insufficient::Degenerate {
        why: "a few people (or other clusters) did almost everything, and of the others too little is known: \
              let more of them take part",
    })?;
    let method = if hi - lo > by_time.hi - by_time.lo { Method::TwoWay } else { by_time.method };
    let (lo, hi) = (lo.min(by_time.lo), hi.max(by_time.hi));
    let estimate = if is_share(&by_slice) {
        let hits = by_slice.iter().map(|s| s.numerator).sum::<f64>().round() as u64;
        share(batches.value, (lo, hi), method, hits, batches.n, confidence)
    } else {
        Estimate { value: batches.value, lo, hi, n: batches.n, method }
    };
    Ok(Checked { estimate, by_time, clusters })
}

type Sums = (f64, f64);

/// The sums of each cluster, in all and by batch.
struct Cluster {
    sums: Sums,
    by_batch: Vec<Sums>,
}

struct People {
    clusters: Vec<Cluster>,
    /// Indices of the clusters of each stratum.
    strata: Vec<Vec<usize>>,
}

impl People {
    fn of(parts: &[Part], batches: &Batches) -> Self {
        let mut index: BTreeMap<u32, (usize, BTreeSet<u16>)> = BTreeMap::new();
        for part in parts.iter().filter(|part| part.denominator > 0.0) {
            index.entry(part.cluster).or_default().1.insert(part.stratum);
        }
        let mut by_makeup: BTreeMap<&BTreeSet<u16>, Vec<usize>> = BTreeMap::new();
        for (at, (number, makeup)) in index.values_mut().enumerate() {
            *number = at;
            by_makeup.entry(makeup).or_default().push(at);
        }
        let strata = collapsed(by_makeup.into_values().collect());
        let empty = || Cluster { sums: (0.0, 0.0), by_batch: vec![(0.0, 0.0); batches.sums.len()] };
        let mut clusters: Vec<Cluster> = index.iter().map(|_| empty()).collect();
        for part in parts {
            let Some((at, _)) = index.get(&part.cluster) else { continue };
            let cluster = &mut clusters[*at];
            for sums in [&mut cluster.sums, &mut cluster.by_batch[batches.of_slice[part.slice]]] {
                sums.0 += part.numerator;
                sums.1 += part.denominator;
            }
        }
        Self { clusters, strata }
    }

    /// The union of the sets by person, by batch and by both; `None` where one has no bounds.
    fn interval(&self, batches: &Batches, confidence: f64) -> Option<(f64, f64)> {
        let total = batches.sums.iter().fold((0.0, 0.0), |t, b| (t.0 + b.numerator, t.1 + b.denominator));
        let totals = Moments { above: total.0, below: total.1, ..Moments::default() };
        let groups: Vec<Sums> = batches.sums.iter().map(|b| (b.numerator, b.denominator)).collect();
        let by_batch = Moments::of_groups(&groups).scaled(batches.neighbours());
        let batch_df = batches.degrees_of_freedom();

        let (mut by_person, mut both) = (totals, totals);
        let (mut variance, mut squares) = (0.0, 0.0);
        for stratum in &self.strata {
            let of = |at: &usize| &self.clusters[*at];
            let sums: Vec<Sums> = stratum.iter().map(|at| of(at).sums).collect();
            let moments = Moments::of_groups(&sums);
            by_person = by_person.plus(1.0, &moments);
            let own = moments.variance_at(batches.value).max(0.0);
            variance += own;
            squares += own * own / (effective(&sums) - 1.0).max(1.0);
            for batch in 0..groups.len() {
                let cells: Vec<Sums> = stratum.iter().map(|at| of(at).by_batch[batch]).collect();
                both = both.plus(1.0, &Moments::of_groups(&cells));
            }
        }
        let person_df = if squares > 0.0 { variance * variance / squares } else { batch_df };
        let two_way = by_person.plus(1.0, &by_batch).plus(-1.0, &both);

        let mut ends = (batches.value, batches.value);
        let mut widen = |moments: &Moments, df: f64| {
            let (lo, hi) = moments.set(t_reach(confidence, df))?;
            ends = (ends.0.min(lo), ends.1.max(hi));
            Some(())
        };
        widen(&by_person, person_df)?;
        widen(&by_batch, batch_df)?;
        let at = batches.value;
        if two_way.variance_at(at) > by_person.variance_at(at).max(by_batch.variance_at(at)) {
            widen(&two_way, person_df.min(batch_df))?;
        }
        Some(ends)
    }
}

/// Strata of a single cluster have no spread of their own: they are taken together, and with the
/// smallest other one where a single one is left ("collapsed strata", Cochran §5A.12). That errs
/// to the wide side.
fn collapsed(strata: Vec<Vec<usize>>) -> Vec<Vec<usize>> {
    let (single, mut strata): (Vec<_>, Vec<_>) = strata.into_iter().partition(|stratum| stratum.len() < 2);
    let single: Vec<usize> = single.into_iter().flatten().collect();
    match (single.len(), strata.iter_mut().min_by_key(|stratum| stratum.len())) {
        (0, _) => {}
        (1, Some(smallest)) => smallest.extend(single),
        (_, _) => strata.push(single),
    }
    strata
}

/// How many equally busy clusters these are worth.
fn effective(sums: &[Sums]) -> f64 {
    let total: f64 = sums.iter().map(|s| s.1).sum();
    let squares: f64 = sums.iter().map(|s| s.1 * s.1).sum();
    if squares > 0.0 { total * total / squares } else { 0.0 }
}

#[cfg(test)]
mod tests;
