//! What changed, and what therefore must go.

use serde::{Deserialize, Serialize};

use crate::key::ReportType;

/// Why entries go. A label of the metrics; written as [`Reason::as_str`] says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// An answer was scored.
    GradeChanged,
    /// A student handed in an assignment.
    AssignmentSubmitted,
    /// A student read or finished material.
    MaterialProgress,
    /// A student finished an element.
    ElementProgress,
    /// A report was saved.
    ReportSaved,
    /// A report was deleted.
    ReportDeleted,
    /// A guardian, tutor or class link was made or cut.
    LinkChanged,
    /// Something else that reports show: for events no other reason names, and services that are no school.
    DataChanged,
    /// Staff asked for one report, or all, to go.
    Requested,
    /// What the store missed while it was away, made good.
    Replayed,
}

impl Reason {
    /// The label value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GradeChanged => "grade_changed",
            Self::AssignmentSubmitted => "assignment_submitted",
            Self::MaterialProgress => "material_progress",
            Self::ElementProgress => "element_progress",
            Self::ReportSaved => "report_saved",
            Self::ReportDeleted => "report_deleted",
            Self::LinkChanged => "link_changed",
            Self::DataChanged => "data_changed",
            Self::Requested => "requested",
            Self::Replayed => "replayed",
        }
    }
}

/// One event: whose reports of which type it changes. Their collections go with them.
///
/// As JSON it fits a row of an [`Outbox`](crate::Outbox).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invalidation {
    /// Why.
    pub reason: Reason,
    /// Whose (person), and of which type.
    pub scopes: Vec<(u64, ReportType)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalidation_reads_back_from_its_row() {
        let scopes = vec![(7, ReportType::Analytics), (8, ReportType::Default)];
        let event = Invalidation { reason: Reason::GradeChanged, scopes };
        let row = serde_json::to_string(&event).unwrap();
        assert_eq!(row, r#"{"reason":"grade_changed","scopes":[[7,"analytics"],[8,"default"]]}"#);
        assert_eq!(serde_json::from_str::<Invalidation>(&row).unwrap(), event);
    }

    #[test]
    fn a_reason_is_written_as_its_label() {
        for reason in [Reason::GradeChanged, Reason::LinkChanged, Reason::DataChanged, Reason::Requested] {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.as_str());
        }
    }
}
