//! The numbers of a report, without its texts.

use serde::Serialize;

use super::spread::Spread;
use super::{Header, Shared};

/// Statistics over the answers and submissions that a report covers.
#[derive(Debug, Serialize)]
pub(crate) struct Stats {
    #[serde(flatten)]
    pub(super) header: Header,
    pub(super) revision: i64,
    #[serde(flatten)]
    pub(super) figures: Shared<Figures>,
}

/// The numbers themselves.
#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    pub(super) students: i64,
    /// `None` without answers.
    pub(super) scores: Option<Spread>,
    pub(super) submissions: i64,
    pub(super) on_time: i64,
    pub(super) on_time_percent: Option<f64>,
    pub(super) by_subject: Vec<Subject>,
    pub(super) by_week: Vec<Week>,
    pub(super) by_student: Vec<Student>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Subject {
    pub(super) subject: String,
    pub(super) answers: i64,
    pub(super) average: f64,
}

#[derive(Debug, Serialize)]
pub(crate) struct Week {
    pub(super) week_start: Option<&'static str>,
    pub(super) answers: i64,
    pub(super) average: f64,
}

#[derive(Debug, Serialize)]
pub(crate) struct Student {
    pub(super) student_id: i64,
    pub(super) answers: i64,
    pub(super) average: f64,
    pub(super) min: i64,
    pub(super) max: i64,
}
