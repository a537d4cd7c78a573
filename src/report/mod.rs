//! A verdict and its evidence as files that people and programs read.
//!
//! In: [`Evidence`] and [`Verdict`]. Out: `verdict.json`, `report.html`, `summary.md`,
//! `junit.xml`, `histograms.hlog` and `plots/` in the run folder, and the table in the
//! terminal. [`compose`] turns both into one view model; the files only render it.

mod breakpoint;
mod charts;
mod comparison;
mod compose;
mod folder;
mod hlog;
mod html;
mod junit;
mod ledger;
mod markdown;
pub mod plots;
mod side_by_side;
mod style;
mod terminal;
#[cfg(test)]
mod tests;
mod trend;
mod words;

pub use breakpoint::Breakpoint;
pub use comparison::comparison_terminal;
pub use compose::{SourceRow, View, compose};
pub use folder::{Folder, FolderError};
pub use side_by_side::{COMPARISON_FILE, TREND_FILE, write_comparison, write_trend};
pub use terminal::terminal;
pub use trend::trend_terminal;
pub use words::Line;

use crate::evidence::{DiskError, Evidence, write_whole};
use crate::verdict::Verdict;

/// The report itself.
pub const HTML_FILE: &str = "report.html";
/// The verdict for programs.
pub const VERDICT_FILE: &str = "verdict.json";
/// The scenario as it was resolved.
pub const SCENARIO_FILE: &str = "scenario.yaml";

/// Why the files could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The file system said no.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// A chart could not be drawn.
    #[error(transparent)]
    Plot(#[from] plots::PlotError),
    /// The histogram log could not be written.
    #[error("histograms.hlog: {0}")]
    Histograms(String),
    /// The JUnit file could not be written.
    #[error("junit.xml: {0}")]
    Junit(#[from] quick_junit::SerializeError),
}

/// Writes every file of the report into the run folder; the verdict first.
pub fn write(folder: &Folder, evidence: &Evidence, verdict: &Verdict) -> Result<(), ReportError> {
    let file = |name: &str, bytes: &[u8]| write_whole(&folder.path().join(name), bytes);
    file(VERDICT_FILE, to_json(verdict).as_bytes())?;
    file("junit.xml", junit::render(verdict)?.as_bytes())?;
    let view = compose(evidence, verdict);
    file("summary.md", markdown::render(&view).as_bytes())?;
    file("histograms.hlog", &hlog::render(evidence)?)?;
    let charts = charts::draw(evidence, verdict)?;
    let plots = folder.plots()?;
    for chart in &charts {
        write_whole(&plots.join(format!("{}.svg", chart.name)), chart.picture.svg.as_bytes())?;
        write_whole(&plots.join(format!("{}.png", chart.name)), &chart.picture.png)?;
    }
    file(HTML_FILE, html::render(&view, &charts).as_bytes())?;
    Ok(())
}

/// `verdict.json`.
pub fn to_json(verdict: &Verdict) -> String {
    pretty(verdict)
}

/// A verdict, a comparison or a trend as JSON.
pub fn pretty(value: &impl serde::Serialize) -> String {
    let mut text = serde_json::to_string_pretty(value).expect("it has only string keys and finite numbers");
    text.push('\n');
    text
}
