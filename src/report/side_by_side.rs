//! The files of a comparison and of a trend.

use super::{ReportError, comparison, plots, pretty, trend};
use crate::compare::{Comparison, Trend};
use crate::evidence::{DiskError, write_whole};
use std::path::Path;

/// The comparison for programs.
pub const COMPARISON_FILE: &str = "comparison.json";
/// The trend for programs.
pub const TREND_FILE: &str = "trend.json";

/// Writes `comparison.json` and `comparison.md` into a folder, which is made if it is not there.
///
/// # Errors
/// The file system said no.
pub fn write_comparison(folder: &Path, compared: &Comparison) -> Result<(), ReportError> {
    make(folder)?;
    write_whole(&folder.join(COMPARISON_FILE), pretty(compared).as_bytes())?;
    write_whole(&folder.join("comparison.md"), comparison::markdown(compared).as_bytes())?;
    Ok(())
}

/// Writes `trend.json`, `trend.md` and the plot, as SVG and PNG.
///
/// # Errors
/// The file system or the drawing library said no.
pub fn write_trend(folder: &Path, runs: &Trend) -> Result<(), ReportError> {
    let plots = folder.join("plots");
    make(&plots)?;
    write_whole(&folder.join(TREND_FILE), pretty(runs).as_bytes())?;
    write_whole(&folder.join("trend.md"), trend::markdown(runs).as_bytes())?;
    let picture = plots::trend(runs)?;
    write_whole(&plots.join("trend.svg"), picture.svg.as_bytes())?;
    write_whole(&plots.join("trend.png"), &picture.png)?;
    Ok(())
}

fn make(folder: &Path) -> Result<(), DiskError> {
    std::fs::create_dir_all(folder).map_err(|source| DiskError::Io { path: folder.into(), source })
}
