//! Charts of a run: data rows in, one [`Picture`] (SVG text and PNG bytes) out.
//!
//! | chart | question |
//! |---|---|
//! | [`hit_rate()`] | which share did the cache answer, per role, and was that asked for |
//! | [`latency()`] | how long do hits and misses take, out to the rare ones |
//! | [`speedup()`] | how many times faster than uncached, per action |
//! | [`timeline()`] | when in the run was that |
//! | [`trend()`] | how each SLO line went over many runs |
//!
//! Every chart shows sample sizes, draws what is absent as "no data" instead of
//! zero, and can be read in grey: series differ in marker and dash as well as in
//! colour. The charts draw; they do not judge. Only `canvas` names plotters.

mod axis;
mod canvas;
mod frame;
mod hit_rate;
mod latency;
mod palette;
mod png;
mod rows;
mod speedup;
mod timeline;
mod trend;

#[cfg(test)]
mod tests;

pub use hit_rate::hit_rate;
pub use latency::{Curve, latency};
pub use speedup::speedup;
pub use timeline::{PhaseSpan, TimelinePoint, timeline};
pub use trend::trend;

/// A value with its interval and its target: a row of [`hit_rate`] or [`speedup`].
#[derive(Debug, Clone, PartialEq)]
pub struct EstimateRow {
    /// Whose it is: a role or an action.
    pub label: String,
    /// The value; ignored where `n` is 0.
    pub value: f64,
    /// Lower end of the interval, where there is one.
    pub lo: Option<f64>,
    /// Upper end of the interval, where there is one.
    pub hi: Option<f64>,
    /// Samples it rests on; 0 is drawn as "no data".
    pub n: u64,
    /// What was asked for.
    pub target: Option<f64>,
}

/// One chart in both forms, 900 pixels wide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// A complete SVG document; text stays text.
    pub svg: String,
    /// The same as a PNG file, 8-bit RGB.
    pub png: Vec<u8>,
}

/// Why a chart could not be drawn. Bad data is not among the reasons: it is
/// drawn as "no data".
#[derive(Debug, thiserror::Error)]
pub enum PlotError {
    /// The bundled font was not accepted.
    #[error("plots: the bundled font {0} could not be read")]
    Font(&'static str),
    /// The drawing library refused an element.
    #[error("plots: drawing failed: {0}")]
    Drawing(String),
    /// The PNG could not be compressed.
    #[error("plots: encoding the PNG failed")]
    Png(#[from] std::io::Error),
}
