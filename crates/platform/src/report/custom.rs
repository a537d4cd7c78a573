//! A chosen group of students, and the sections chosen for it.

use serde::Serialize;

use super::Header;

/// What a custom report can show of each student.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Section {
    Averages,
    Completion,
    Timeliness,
    Materials,
    Feedback,
}

impl Section {
    /// What was chosen for a report, in its order.
    pub(super) fn of(header: &Header) -> Vec<Self> {
        header.sections.as_deref().unwrap_or("").split(',').filter_map(Self::parse).collect()
    }

    fn parse(text: &str) -> Option<Self> {
        match text {
            "averages" => Some(Self::Averages),
            "completion" => Some(Self::Completion),
            "timeliness" => Some(Self::Timeliness),
            "materials" => Some(Self::Materials),
            "feedback" => Some(Self::Feedback),
            _ => None,
        }
    }
}

/// The report. Figures cover the term up to the report's week.
#[derive(Debug, Serialize)]
pub(crate) struct Custom {
    pub(super) sections: Vec<Section>,
    pub(super) students: Vec<Student>,
}

/// One of the group; a section that was not chosen is absent.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Student {
    pub(super) student_id: i64,
    pub(super) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) averages: Option<Vec<SubjectAverage>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) completion: Option<Completion>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) timeliness: Option<Timeliness>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) materials: Option<Materials>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) feedback: Option<Vec<Feedback>>,
}

#[derive(Debug, Serialize)]
pub(crate) struct SubjectAverage {
    pub(super) subject: String,
    pub(super) answers: i64,
    pub(super) average: f64,
}

#[derive(Debug, Serialize)]
pub(crate) struct Completion {
    pub(super) assigned: i64,
    pub(super) submitted: i64,
    pub(super) percent: Option<f64>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Timeliness {
    pub(super) on_time: i64,
    pub(super) late: i64,
}

#[derive(Debug, Serialize)]
pub(crate) struct Materials {
    pub(super) materials: i64,
    pub(super) percent: Option<f64>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Feedback {
    pub(super) answer_id: i64,
    pub(super) assignment: String,
    pub(super) score: i64,
    pub(super) comment: String,
    pub(super) revision: i64,
}
