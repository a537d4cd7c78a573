//! How many times faster than uncached, per action, with interval and target.

use super::axis::{log_range, log_ticks};
use super::canvas::picture;
use super::rows::{Measured, Row, RowChart};
use super::{EstimateRow, Picture, PlotError};
use crate::units::{Unit, times};

/// The factors that the claims are about.
const REFERENCES: [f64; 2] = [10.0, 20.0];

/// One row per action, its values factors (10 is ten times faster), on a logarithmic axis.
///
/// # Errors
/// [`PlotError`] if the drawing library fails; never for the data.
pub fn speedup(rows: &[EstimateRow]) -> Result<Picture, PlotError> {
    let drawn = rows.iter().filter(|row| row.n > 0);
    let values =
        drawn.flat_map(|row| [Some(row.value), row.lo, row.hi]).chain(rows.iter().map(|row| row.target));
    let (lo, hi) = log_range(values.flatten(), (1.0, 50.0));
    let rows = rows
        .iter()
        .map(|row| Row {
            label: row.label.clone(),
            point: (row.n > 0 && positive(row.value)).then(|| measured(row, lo)),
            target: row.target.filter(|&t| positive(t)).map(|t| (t.log10(), Unit::Times.show_target(t))),
            n: row.n,
        })
        .collect();
    let tick = |factor: f64| (factor.log10(), tick_text(factor));
    picture(&RowChart {
        title: "Speedup of cached over uncached responses, by pairs of the same request",
        rows,
        x: (lo.log10(), hi.log10()),
        ticks: log_ticks(lo, hi).into_iter().map(tick).collect(),
        axis_name: "times faster (mean uncached time ÷ mean cached time, log scale)",
        references: REFERENCES.map(tick).into(),
    })
}

/// Ticks are round numbers: shown in full, and without rounding small ones to 0.
fn tick_text(factor: f64) -> String {
    if (1e-3..1e6).contains(&factor) { format!("{factor}x") } else { format!("{factor:e}x") }
}

fn positive(factor: f64) -> bool {
    factor.is_finite() && factor > 0.0
}

fn measured(row: &EstimateRow, edge: f64) -> Measured {
    let interval = row.lo.zip(row.hi).filter(|&(lo, hi)| lo.is_finite() && positive(hi));
    let text = match interval {
        Some((lo, hi)) => format!("{}  [{}, {}]", times(row.value), times(lo), times(hi)),
        None => times(row.value),
    };
    // A lower end of 0 has no logarithm; it is drawn at the edge.
    let interval = interval.map(|(lo, hi)| (lo.max(edge).log10(), hi.log10()));
    Measured { at: row.value.log10(), interval, text }
}
