//! One class over four weeks: students, hardest assignments, timeliness.

use serde::Serialize;

use super::{Header, percent, rounded};

/// Weeks that the report looks back on, its own included.
const WEEKS: i64 = 4;

/// The report. It covers the report's week and the three before.
#[derive(Debug, Serialize)]
pub(crate) struct Analytics {
    pub(super) class: String,
    pub(super) from_week: Option<&'static str>,
    pub(super) students: Vec<Student>,
    pub(super) hardest: Vec<Assignment>,
    pub(super) timeliness: Vec<Timeliness>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Student {
    pub(super) student_id: i64,
    pub(super) name: String,
    pub(super) answers: i64,
    /// `None` for somebody without an answer.
    pub(super) average: Option<f64>,
    pub(super) submitted: i64,
    pub(super) late: i64,
}

#[derive(Debug, Serialize)]
pub(crate) struct Assignment {
    pub(super) assignment_id: i64,
    pub(super) title: String,
    pub(super) subject: String,
    pub(super) answers: i64,
    pub(super) average: f64,
}

#[derive(Debug, Serialize)]
pub(crate) struct Timeliness {
    pub(super) subject: String,
    pub(super) assigned: i64,
    pub(super) submitted: i64,
    pub(super) on_time: i64,
    pub(super) late: i64,
    pub(super) missing: i64,
    pub(super) on_time_percent: Option<f64>,
    /// Hours left until the work was due, late work counting below zero.
    pub(super) mean_hours_ahead: Option<f64>,
}

/// The first week that an analytics report covers.
pub(super) fn first_week(header: &Header) -> i64 {
    (header.week - WEEKS + 1).max(0)
}

/// What one subject's work comes to.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct HandedIn {
    pub(super) assignments: i64,
    pub(super) submitted: i64,
    pub(super) on_time: i64,
    /// Of whole seconds, so that the sum is the same in any order. `None` without submissions.
    pub(super) mean_secs_ahead: Option<f64>,
}

impl Timeliness {
    pub(super) fn new(subject: String, students: i64, work: HandedIn) -> Self {
        let HandedIn { assignments, submitted, on_time, mean_secs_ahead } = work;
        Self {
            subject,
            assigned: assignments * students,
            submitted,
            on_time,
            late: submitted - on_time,
            missing: assignments * students - submitted,
            on_time_percent: percent(on_time, submitted),
            mean_hours_ahead: mean_secs_ahead.map(|secs| rounded(secs / 3_600.0)),
        }
    }
}
