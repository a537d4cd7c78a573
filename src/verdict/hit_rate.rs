//! Hit rates, and what explains them.

use super::measure::Measurement;
use super::slo::Slo;
use crate::evidence::{Evidence, Selection};
use crate::observe::Source;
use crate::stats::batch_means;
use crate::units::percent;

/// More unknown reads than this and the rate is not decided.
const UNKNOWN_LIMIT: f64 = 0.01;

/// (hit + coalesced) / (hit + coalesced + aggregate + miss + stale): reads that
/// reached the server in measured phases. A stale hit counts below the line only.
pub(super) fn server(slo: &Slo, evidence: &Evidence, confidence: f64) -> Measurement {
    rate(slo, evidence, confidence, |source| (source.is_hit(), source.in_hit_rate()))
}

/// The same with reads that the browser served added to both sides.
pub(super) fn effective(slo: &Slo, evidence: &Evidence, confidence: f64) -> Measurement {
    rate(slo, evidence, confidence, |source| {
        let browser = source == Source::Browser;
        (source.is_hit() || browser, source.in_hit_rate() || browser)
    })
}

fn rate(slo: &Slo, evidence: &Evidence, confidence: f64, side: impl Fn(Source) -> (bool, bool)) -> Measurement {
    let selection = &slo.selection;
    let slices = selection.ratio(evidence, |cell| {
        let (above, below) = side(cell.source);
        (if above { cell.n } else { 0 }, if below { cell.n } else { 0 })
    });
    let n = slices.iter().map(|slice| slice.denominator).sum::<f64>() as u64;
    let mut measurement = Measurement::estimated(batch_means::ratio(&slices, confidence), n);
    measurement.withheld = unknown(selection, evidence, n);
    let rate = slices.iter().map(|slice| slice.numerator).sum::<f64>() / n.max(1) as f64;
    if n > 0 && !slo.op.holds(rate, slo.target) {
        measurement.note = explain(selection, evidence, n);
    }
    measurement
}

/// Reads that did not say where they came from could be either.
fn unknown(selection: &Selection, evidence: &Evidence, known: u64) -> Option<String> {
    let unknown: u64 =
        selection.cells(evidence).filter(|cell| cell.source == Source::Unknown).map(|cell| cell.n).sum();
    let share = unknown as f64 / (known + unknown).max(1) as f64;
    (share > UNKNOWN_LIMIT)
        .then(|| format!("{} of the reads did not say which layer served them (at most 1 % may)", percent(share)))
}

/// Why the misses were misses: a person's first read of a URL cannot be a hit of
/// a cache that is keyed by person.
fn explain(selection: &Selection, evidence: &Evidence, n: u64) -> Option<String> {
    let (mut misses, mut firsts) = (0, 0);
    for cell in selection.cells(evidence).filter(|cell| cell.source.in_hit_rate() && !cell.source.is_hit()) {
        misses += cell.n;
        firsts += cell.firsts;
    }
    if misses == 0 {
        return None;
    }
    let all_firsts: u64 =
        selection.cells(evidence).filter(|cell| cell.source.in_hit_rate()).map(|cell| cell.firsts).sum();
    let best = 1.0 - all_firsts as f64 / n as f64;
    Some(format!(
        "{} of the misses were a person's first read of that URL, which no cache keyed by person can serve \
         (without them at most {}); the others had expired or been invalidated",
        percent(firsts as f64 / misses as f64),
        percent(best)
    ))
}
