//! Hit rates, and what explains them.

use super::measure::Measurement;
use super::over_time::{measurement, over_time};
use super::slo::Slo;
use super::steady::Steady;
use crate::evidence::{Cell, Evidence, Selection};
use crate::observe::Source;
use crate::units::percent;

/// More unknown reads than this and the rate is not decided.
const UNKNOWN_LIMIT: f64 = 0.01;

/// (hit + coalesced) / (hit + coalesced + aggregate + miss + stale): reads that
/// reached the server in measured phases. A stale hit counts below the line only.
pub(super) fn server(slo: &Slo, evidence: &Evidence, confidence: f64) -> Measurement {
    rate(slo, evidence, confidence, |cell| share(cell, cell.source.is_hit(), cell.source.in_hit_rate()))
}

/// The same with reads that the browser served added to both sides.
pub(super) fn effective(slo: &Slo, evidence: &Evidence, confidence: f64) -> Measurement {
    rate(slo, evidence, confidence, |cell| {
        let browser = cell.source == Source::Browser;
        share(cell, cell.source.is_hit() || browser, cell.source.in_hit_rate() || browser)
    })
}

fn share(cell: &Cell, above: bool, below: bool) -> (u64, u64) {
    (if above { cell.n } else { 0 }, if below { cell.n } else { 0 })
}

fn rate(slo: &Slo, evidence: &Evidence, confidence: f64, part: impl Fn(&Cell) -> (u64, u64)) -> Measurement {
    let steady = Steady::of(&slo.selection, evidence, |phase| phase.ratio(evidence, &part));
    let selection = &steady.selection;
    let (mut above, mut n) = (0, 0);
    for (hits, reads) in selection.cells(evidence).map(&part) {
        above += hits;
        n += reads;
    }
    let mut measurement = measurement(over_time(selection, evidence, confidence, part), above, n);
    measurement.withheld = undecidable(selection, evidence, n);
    if n > 0 && !slo.op.holds(above as f64 / n as f64, slo.target) {
        measurement = measurement.note(explain(slo, selection, evidence, n));
    }
    steady.mark(measurement)
}

/// Why a hit rate over so many known reads must not be decided, if it must not.
pub(super) fn undecidable(selection: &Selection, evidence: &Evidence, known: u64) -> Option<String> {
    unknown(selection, evidence, known).or_else(|| hurried(selection, evidence))
}

/// Reads that did not say where they came from could be either.
fn unknown(selection: &Selection, evidence: &Evidence, known: u64) -> Option<String> {
    let unknown: u64 =
        selection.cells(evidence).filter(|cell| cell.source == Source::Unknown).map(|cell| cell.n).sum();
    let share = unknown as f64 / (known + unknown).max(1) as f64;
    (share > UNKNOWN_LIMIT).then(|| {
        format!("{} of the reads did not say which layer served them (at most 1 % may)", percent(share))
    })
}

/// Reading faster than the declared people raises the hit rate, since lifetimes do not
/// shrink with it.
fn hurried(selection: &Selection, evidence: &Evidence) -> Option<String> {
    let phase = selection.phases(evidence).find(|phase| phase.pace > 1.0)?;
    Some(format!(
        "in {} people read {} times as fast as declared, while entries lived as long as ever: that raises \
         the hit rate, so it is not decided (scale the lifetimes alike with `time_scale` instead)",
        phase.name, phase.pace
    ))
}

/// Why the misses were misses: the first read of a key cannot be a hit of any cache.
fn explain(slo: &Slo, selection: &Selection, evidence: &Evidence, n: u64) -> Option<String> {
    let (mut misses, mut firsts) = (0, 0);
    for cell in selection.cells(evidence).filter(|cell| cell.source.in_hit_rate() && !cell.source.is_hit()) {
        misses += cell.n;
        firsts += cell.firsts;
    }
    if misses == 0 {
        return None;
    }
    let best = 1.0 - firsts as f64 / n as f64;
    let reach = if slo.op.holds(best, slo.target) { "" } else { ", short of the target" };
    Some(format!(
        "{} of the misses were the first read of their key (the URL, and the person where entries are \
         personal): no cache can serve those, so at most {} was possible here{reach}; the other misses had expired or been invalidated",
        percent(firsts as f64 / misses as f64),
        percent(best)
    ))
}
