//! What a list says about each report.

use serde::Serialize;

/// A few figures of a report, over the same rows as the whole.
#[derive(Debug, Serialize)]
pub(crate) struct Summary {
    /// Answers in the report's own week alone, for reports about one student or class over time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) week: Option<Figures>,
    #[serde(flatten)]
    pub(super) whole: Figures,
    pub(super) submissions: i64,
    pub(super) on_time_percent: Option<f64>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    pub(super) answers: i64,
    /// `None` without answers.
    pub(super) average: Option<f64>,
}
