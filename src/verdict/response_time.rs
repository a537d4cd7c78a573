//! Time from the intended start, where requests arrive by the clock.
//!
//! A latency from the actual start leaves out the wait of those who could not be sent because
//! others were still under way: the slower the target, the more it leaves out (coordinated
//! omission: Gil Tene, "How NOT to measure latency", 2013). People who think before they ask
//! have no intended start but their own.

use super::measure::{Measurement, SEED};
use crate::evidence::{Evidence, ResponseHistogram, Selection};
use crate::stats::batch_means::{self, Slice};
use crate::stats::quantile::{self as quantiles, Counts};
use crate::units::{count, percent};

use super::stretch;

/// The histograms that are meant.
pub(super) fn meant<'a>(
    selection: &'a Selection,
    evidence: &'a Evidence,
) -> impl Iterator<Item = &'a ResponseHistogram> {
    evidence
        .response_times
        .iter()
        .filter(|part| selection.takes(evidence, (part.phase, part.slice), part.role, part.action))
}

/// Whether there is anything.
pub(super) fn any(selection: &Selection, evidence: &Evidence) -> bool {
    meant(selection, evidence).next().is_some()
}

/// Why there is nothing.
pub(super) fn none(selection: &Selection, evidence: &Evidence) -> Measurement {
    let by_clock = |name: &str| {
        let clocked = evidence.arrivals.iter().filter_map(|one| evidence.phases.get(usize::from(one.phase)));
        clocked.into_iter().any(|phase| phase.name == name)
    };
    let people: Vec<&str> =
        selection.phases(evidence).map(|phase| phase.name.as_str()).filter(|name| !by_clock(name)).collect();
    if people.is_empty() {
        return Measurement::absent("no answered read in the phases that are meant", 0);
    }
    let why = format!(
        "in {} people ask when they are ready, so there is no intended start; phases of kind open have one",
        people.join(", ")
    );
    Measurement::absent(why, 0)
}

/// By slice of time, over the phases that have any.
fn slices(selection: &Selection, evidence: &Evidence) -> Vec<Counts> {
    let parts = || meant(selection, evidence).map(|part| (part.phase, part.slice, &part.counts));
    let phases = stretch::phases(evidence, selection).into_iter();
    phases
        .map(|phase| phase.histograms(parts()))
        .filter(|slices| slices.iter().any(|slice| !slice.is_empty()))
        .flatten()
        .collect()
}

pub(super) fn quantile(selection: &Selection, evidence: &Evidence, q: f64, confidence: f64) -> Measurement {
    let slices = slices(selection, evidence);
    if slices.is_empty() {
        return none(selection, evidence);
    }
    let n = slices.iter().map(|slice| total(slice).denominator as u64).sum();
    let plain = || quantiles::quantile(&quantiles::merge(&slices), q).map(|us| us as f64);
    Measurement::estimated(quantiles::interval(&slices, q, confidence, SEED), n, plain)
        .note(beside(selection, evidence))
}

pub(super) fn mean(selection: &Selection, evidence: &Evidence, confidence: f64) -> Measurement {
    let slices: Vec<Slice> = slices(selection, evidence).iter().map(total).collect();
    if slices.is_empty() {
        return none(selection, evidence);
    }
    let n = slices.iter().map(|slice| slice.denominator as u64).sum();
    Measurement::estimated(batch_means::ratio(&slices, confidence), n, || batch_means::plain(&slices))
        .note(beside(selection, evidence))
}

/// Sum and number of times, each known to three digits.
pub(super) fn total(counts: &Counts) -> Slice {
    counts.iter().fold(Slice { numerator: 0.0, denominator: 0.0 }, |sum, (us, n)| Slice {
        numerator: sum.numerator + (us * n) as f64,
        denominator: sum.denominator + *n as f64,
    })
}

/// Arrivals that have no response time: they would be among the longest.
pub(super) fn beside(selection: &Selection, evidence: &Evidence) -> Option<String> {
    let (mut dropped, mut intended) = (0, 0);
    for arrivals in &evidence.arrivals {
        let phase = evidence.phases.get(usize::from(arrivals.phase));
        if phase.is_some_and(|phase| selection.phases(evidence).any(|meant| meant.name == phase.name)) {
            dropped += arrivals.dropped;
            intended += arrivals.intended;
        }
    }
    (dropped > 0).then(|| {
        format!(
            "{} of {} arrivals ({}) found nobody free and have no response time: they would be among the longest",
            count(dropped),
            count(intended),
            percent(dropped as f64 / intended.max(1) as f64)
        )
    })
}

#[cfg(test)]
mod tests;
