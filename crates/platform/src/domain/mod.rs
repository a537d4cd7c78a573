//! The school's nouns: who people are, what kinds of report there are, who may read what.

pub(crate) mod calendar;
mod change;
mod links;
pub(crate) mod password;
mod people;
mod relations;
mod touched;

pub(crate) use change::Change;
pub(crate) use links::{Links, ReportFacts};
pub(crate) use people::{Person, Role};
pub(crate) use relations::{Relations, Turn};
pub(crate) use touched::{Touched, Work};

use report_cache::ReportType;

/// What a report is about. The cache's [`ReportType`] without its catch-all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum ReportKind {
    /// One student, week by week.
    StudentProgress,
    /// One subject of one class: how its scores are spread.
    GradeDistribution,
    /// One class over the last four weeks.
    Analytics,
    /// A chosen group of students and chosen sections.
    Custom,
}

impl ReportKind {
    /// As stored, and as written in requests.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::StudentProgress => "student_progress",
            Self::GradeDistribution => "grade_distribution",
            Self::Analytics => "analytics",
            Self::Custom => "custom",
        }
    }

    /// Reads what [`ReportKind::as_str`] writes.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::StudentProgress, Self::GradeDistribution, Self::Analytics, Self::Custom]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }

    /// The cache's name for it.
    pub(crate) fn cached_as(self) -> ReportType {
        match self {
            Self::StudentProgress => ReportType::StudentProgress,
            Self::GradeDistribution => ReportType::GradeDistribution,
            Self::Analytics => ReportType::Analytics,
            Self::Custom => ReportType::Custom,
        }
    }
}
