//! Latency: quantiles and means.

use super::measure::{Measurement, SEED};
use super::over_time::{measurement, over_time};
use super::steady::Steady;
use crate::evidence::{Cell, Evidence, Selection};
use crate::observe::Source;
use crate::stats::batch_means::Slice;
use crate::stats::quantile::{self as quantiles, Counts};
use crate::units::micros;

pub(super) fn quantile(selection: &Selection, evidence: &Evidence, q: f64, confidence: f64) -> Measurement {
    // The quantile's own series: the share of each slice above the quantile of all of them.
    let steady = Steady::of(&answered_reads(selection), evidence, |phase| {
        let slices = phase.latencies(evidence);
        let level = quantiles::quantile(&quantiles::merge(&slices), q).unwrap_or(0);
        slices.iter().map(|slice| above(slice, level)).collect()
    });
    let selection = &steady.selection;
    let slices = selection.latencies(evidence);
    let n = selection.n(evidence);
    let plain = || quantiles::quantile(&quantiles::merge(&slices), q).map(|us| us as f64);
    let measurement = Measurement::estimated(quantiles::interval(&slices, q, confidence, SEED), n, plain)
        .note(by_action(selection, evidence, q, confidence));
    steady.mark(measurement)
}

pub(super) fn mean(selection: &Selection, evidence: &Evidence, confidence: f64) -> Measurement {
    let part = |cell: &Cell| (cell.latency_us, cell.n);
    let steady = Steady::of(&answered_reads(selection), evidence, |phase| phase.ratio(evidence, part));
    let selection = &steady.selection;
    let checked = over_time(selection, evidence, confidence, part);
    let sum = selection.cells(evidence).map(|cell| cell.latency_us).sum();
    let measurement = measurement(checked, sum, selection.n(evidence));
    steady.mark(measurement)
}

/// How many of a slice's latencies are above a level.
fn above(slice: &Counts, level: u64) -> Slice {
    let sum = |from: u64| slice.iter().filter(|part| part.0 >= from).map(|part| part.1).sum::<u64>() as f64;
    Slice { numerator: sum(level + 1), denominator: sum(0) }
}

/// The same quantile of each action that has samples enough, the slowest first: where the
/// time goes is the first question to a latency over several actions.
fn by_action(selection: &Selection, evidence: &Evidence, q: f64, confidence: f64) -> Option<String> {
    let mut parts: Vec<(u64, &str)> = Vec::new();
    for action in &evidence.actions {
        if !selection.actions.is_empty() && !selection.actions.contains(action) {
            continue;
        }
        let one = Selection { actions: vec![action.clone()], ..selection.clone() };
        if one.n(evidence) >= quantiles::samples_needed(q, confidence)
            && let Some(us) = quantiles::quantile(&quantiles::merge(&one.latencies(evidence)), q)
        {
            parts.push((us, action));
        }
    }
    parts.sort_unstable_by(|a, b| b.cmp(a));
    let parts: Vec<String> =
        parts.iter().map(|(us, action)| format!("{action} {}", micros(*us as f64))).collect();
    (parts.len() > 1).then(|| format!("by action: {}", parts.join(", ")))
}

/// Where no source is named, the reads that the server answered: a copy that the browser
/// showed took no request, a write is no read, and errors have a rate of their own.
pub(super) fn answered_reads(selection: &Selection) -> Selection {
    let mut selection = selection.clone();
    if selection.sources.is_empty() {
        selection.sources = Source::ALL.into_iter().filter(|source| source.is_answered_read()).collect();
    }
    selection
}
