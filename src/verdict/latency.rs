//! Latency: quantiles and means.

use super::measure::{Measurement, SEED};
use super::over_time::{measurement, over_time};
use crate::evidence::{Evidence, Selection};
use crate::observe::Source;
use crate::stats::quantile as quantiles;
use crate::units::micros;

pub(super) fn quantile(selection: &Selection, evidence: &Evidence, q: f64, confidence: f64) -> Measurement {
    let selection = &answered_reads(selection);
    let slices = selection.latencies(evidence);
    let n = selection.n(evidence);
    Measurement::estimated(quantiles::interval(&slices, q, confidence, SEED), n)
        .note(by_action(selection, evidence, q, confidence))
}

pub(super) fn mean(selection: &Selection, evidence: &Evidence, confidence: f64) -> Measurement {
    let selection = &answered_reads(selection);
    let checked = over_time(selection, evidence, confidence, |cell| (cell.latency_us, cell.n));
    measurement(checked, selection.n(evidence))
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
