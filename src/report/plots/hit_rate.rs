//! Hit rate per role, with interval and target.

use super::canvas::picture;
use super::rows::{Measured, Row, RowChart};
use super::{EstimateRow, Picture, PlotError};
use crate::units::{Unit, percent};

/// One row per role, its values fractions from 0 to 1.
///
/// # Errors
/// [`PlotError`] if the drawing library fails; never for the data.
pub fn hit_rate(rows: &[EstimateRow]) -> Result<Picture, PlotError> {
    let rows = rows
        .iter()
        .map(|row| Row {
            label: row.label.clone(),
            point: (row.n > 0 && row.value.is_finite()).then(|| measured(row)),
            target: row.target.filter(|t| t.is_finite()).map(|t| (t, Unit::Ratio.show_target(t))),
            n: row.n,
        })
        .collect();
    picture(&RowChart {
        title: "Hit rate of cacheable reads that reached the server",
        rows,
        x: (0.0, 1.0),
        ticks: (0..=10).map(|i| f64::from(i) / 10.0).map(|t| (t, Unit::Ratio.show_target(t))).collect(),
        axis_name: "hit rate",
        references: Vec::new(),
    })
}

fn measured(row: &EstimateRow) -> Measured {
    let interval = row.lo.zip(row.hi).filter(|(lo, hi)| lo.is_finite() && hi.is_finite());
    let text = match interval {
        Some((lo, hi)) => format!("{}  [{}, {}]", percent(row.value), percent(lo), percent(hi)),
        None => percent(row.value),
    };
    Measured { at: row.value, interval, text }
}
