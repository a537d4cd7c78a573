//! How many times faster than uncached, per action, with interval and target.

use super::axis::{log_range, log_ticks};
use super::canvas::picture;
use super::rows::{Measured, Row, RowChart};
use super::{Picture, PlotError};
use crate::units::{Unit, times};

/// One action. Factors: 10 is ten times faster.
#[derive(Debug, Clone, PartialEq)]
pub struct SpeedupRow {
    /// Which action.
    pub label: String,
    /// Mean uncached by mean cached time; ignored where `n` is 0.
    pub value: f64,
    /// Lower end of the interval, where there is one.
    pub lo: Option<f64>,
    /// Upper end of the interval, where there is one.
    pub hi: Option<f64>,
    /// Pairs it rests on; 0 is drawn as "no data".
    pub n: u64,
    /// What was asked for.
    pub target: Option<f64>,
}

/// The factors that the claims are about.
const REFERENCES: [f64; 2] = [10.0, 20.0];

/// One row per action, on a logarithmic axis.
///
/// # Errors
/// [`PlotError`] if the drawing library fails; never for the data.
pub fn speedup(rows: &[SpeedupRow]) -> Result<Picture, PlotError> {
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

fn measured(row: &SpeedupRow, edge: f64) -> Measured {
    let interval = row.lo.zip(row.hi).filter(|&(lo, hi)| lo.is_finite() && positive(hi));
    let text = match interval {
        Some((lo, hi)) => format!("{}  [{}, {}]", times(row.value), times(lo), times(hi)),
        None => times(row.value),
    };
    // A lower end of 0 has no logarithm; it is drawn at the edge.
    let interval = interval.map(|(lo, hi)| (lo.max(edge).log10(), hi.log10()));
    Measured { at: row.value.log10(), interval, text }
}
