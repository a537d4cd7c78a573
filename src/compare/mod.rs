//! Two runs side by side, or many in a row: what became better, what became worse.
//!
//! In: evidence and SLO lines of a base and of a new run ([`compare()`]), or the verdicts of a
//! folder of runs ([`trend()`]). Out: a [`Comparison`] or a [`Trend`]. Pure, and the same
//! evidence always gives the same words. It never says "the same" because nothing was found:
//! that takes an interval that lies within the margin.
//!
//! Each row is measured in both runs as the judge measures it ([`crate::verdict::judge_line`]),
//! and the two intervals give one of the difference ([`crate::stats::difference`]). "Worse" and
//! "better" are said of many rows at once, so Holm's procedure holds the chance that any of
//! them is wrong at [`FAMILY_ERROR`] (Holm, "A simple sequentially rejective multiple test
//! procedure", Scand. J. Statistics 6, 1979). The SLO lines are a family of their own: what was
//! asked for must not be harder to see because much else was looked at.

mod caveats;
mod comparison;
mod family;
mod lines;
mod row;
#[cfg(test)]
mod tests;
mod trend;

pub use comparison::{
    Better, Change, Comparison, Counted, Measured, Row, RunRef, SCHEMA_VERSION, Scale, Word,
};
pub use trend::{Past, SLO_SIGNIFICANCE, Shift, Track, Trend, TrendPoint, trend};

use crate::evidence::Evidence;
use crate::verdict::{Outcome, Slo, judge};

/// Chance that any "better" or "worse" of a family is said of what did not change: half of it
/// on either side, so that with both families "worse" is wrong in 1 % of comparisons at most.
pub const FAMILY_ERROR: f64 = 0.01;
/// Power that the minimum detectable change is told for.
pub const POWER: f64 = 0.8;

/// One of the two runs.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// What was measured.
    pub evidence: &'a Evidence,
    /// What was asked of it.
    pub slos: &'a [Slo],
    /// Confidence of its intervals.
    pub confidence: f64,
}

/// What counts as the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Margin {
    /// Of times, factors and bytes: this share of the base at most, 0.05 for 5 %.
    pub relative: f64,
    /// Of rates: so many points at most, 0.02 for 2 points.
    pub points: f64,
}

impl Default for Margin {
    fn default() -> Self {
        Self { relative: 0.05, points: 0.02 }
    }
}

/// Why two runs cannot be compared at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompareError {
    /// They have neither an SLO line nor a role and action in common.
    #[error(
        "{base} and {new} have nothing in common: no SLO line, and no action of a role with enough samples in either"
    )]
    NothingInCommon {
        /// Id of the base.
        base: String,
        /// Id of the new run.
        new: String,
    },
}

/// Compares a new run with a base.
///
/// # Errors
/// [`CompareError`] where there is not one row.
pub fn compare(base: Side<'_>, new: Side<'_>, margin: Margin) -> Result<Comparison, CompareError> {
    let confidence = base.confidence.max(new.confidence);
    let invalid = |side: Side<'_>| {
        // Whether the generator was the bottleneck does not depend on the lines.
        judge(&[], side.evidence, side.confidence).verdict == Outcome::Invalid
    };
    let (base_invalid, new_invalid) = (invalid(base), invalid(new));
    let withheld = caveats::incomparable(base.evidence, new.evidence, base_invalid, new_invalid);
    let family = family::Family {
        base: base.evidence,
        new: new.evidence,
        confidence,
        margin,
        withheld: withheld.as_deref(),
    };
    let slos = family.compare(lines::of_slos(base, new));
    let rows = family.compare(lines::of_traffic(base.evidence, new.evidence, confidence));
    if slos.is_empty() && rows.is_empty() {
        let id = |side: Side<'_>| side.evidence.run.id.clone();
        return Err(CompareError::NothingInCommon { base: id(base), new: id(new) });
    }
    Ok(Comparison {
        schema_version: SCHEMA_VERSION,
        confidence,
        family_error: FAMILY_ERROR,
        power: POWER,
        within: margin.relative,
        points: margin.points,
        base: RunRef::of(base.evidence, base_invalid),
        new: RunRef::of(new.evidence, new_invalid),
        slos,
        rows,
        caveats: caveats::between(base.evidence, new.evidence, withheld),
    })
}
