//! One student: latest answers, averages, trend, completion, materials.

use serde::Serialize;

use super::{percent, rounded};
use crate::domain::calendar::week_start;

/// The report. Figures cover the term up to the report's week.
#[derive(Debug, Serialize)]
pub(crate) struct StudentProgress {
    pub(super) student: String,
    pub(super) answers: Vec<Answer>,
    pub(super) averages: Vec<SubjectAverage>,
    pub(super) trend: Vec<Week>,
    pub(super) completion: Completion,
    pub(super) assignments: Vec<Assignment>,
    pub(super) materials: Vec<Material>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Answer {
    pub(super) id: i64,
    pub(super) assignment_id: i64,
    pub(super) assignment: String,
    pub(super) subject: String,
    pub(super) question: i64,
    pub(super) score: i64,
    pub(super) comment: String,
    pub(super) revision: i64,
}

#[derive(Debug, Serialize)]
pub(crate) struct SubjectAverage {
    pub(super) subject: String,
    pub(super) answers: i64,
    pub(super) average: f64,
    pub(super) best: i64,
    pub(super) worst: i64,
    /// What the teacher last wrote in this subject up to the report's week.
    pub(super) last_comment: Option<String>,
    pub(super) weeks: Vec<Week>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Week {
    pub(super) week_start: Option<&'static str>,
    pub(super) answers: i64,
    pub(super) average: f64,
}

impl Week {
    pub(super) fn new(week: i64, answers: i64, average: f64) -> Self {
        Self { week_start: week_start(week), answers, average: rounded(average) }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct Completion {
    pub(super) assigned: i64,
    pub(super) submitted: i64,
    pub(super) on_time: i64,
    pub(super) late: i64,
    pub(super) missing: i64,
    pub(super) percent: Option<f64>,
}

impl Completion {
    pub(super) fn new(assigned: i64, submitted: i64, on_time: i64) -> Self {
        Self {
            assigned,
            submitted,
            on_time,
            late: submitted - on_time,
            missing: assigned - submitted,
            percent: percent(submitted, assigned),
        }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct Assignment {
    pub(super) assignment_id: i64,
    pub(super) title: String,
    pub(super) answers: i64,
    pub(super) average: f64,
    pub(super) on_time: bool,
}

#[derive(Debug, Serialize)]
pub(crate) struct Material {
    pub(super) subject: String,
    pub(super) materials: i64,
    pub(super) percent: f64,
    pub(super) elements: i64,
    pub(super) elements_done: i64,
}
