//! A ratio over time as the lines ask for it: batch means, checked against people.

use super::measure::Measurement;
use crate::evidence::{Cell, Evidence, Selection};
use crate::stats::two_way::{self, Checked};
use crate::stats::{Insufficient, Method};

/// An interval so many times as wide as over time alone is worth a word.
const MUCH_WIDER: f64 = 1.5;

/// Sum above by sum below the line, with its interval. Each cell gives what it adds.
pub(super) fn over_time(
    selection: &Selection,
    evidence: &Evidence,
    confidence: f64,
    part: impl Fn(&Cell) -> (u64, u64),
) -> Result<Checked, Insufficient> {
    let (parts, slices) = selection.parts(evidence, part);
    two_way::ratio(&parts, slices, confidence)
}

/// As a measurement of `above / below`, with a note where people decide how wide the interval is.
pub(super) fn measurement(checked: Result<Checked, Insufficient>, above: u64, below: u64) -> Measurement {
    let note = checked.as_ref().ok().and_then(|checked| {
        (checked.estimate.method == Method::TwoWay && checked.widening() >= MUCH_WIDER).then(|| {
            format!(
                "people differ more than time does: the interval is {:.1} times as wide as over time alone",
                checked.widening()
            )
        })
    });
    let plain = || (below > 0).then(|| above as f64 / below as f64);
    Measurement::estimated(checked.map(|checked| checked.estimate), below, plain).note(note)
}
