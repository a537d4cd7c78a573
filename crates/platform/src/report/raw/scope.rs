//! Which submissions and answers a report covers, as a WHERE clause.

use sqlx::AssertSqlSafe;

use crate::db::{Arg, args};
use crate::domain::ReportKind;
use crate::report::Header;
use crate::report::analytics::first_week;

/// A condition over `submissions u` and `assignments g`, with its values.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    condition: &'static str,
    values: Vec<Arg>,
}

impl Scope {
    /// What the report's figures are computed from.
    pub(super) fn of(header: &Header) -> Self {
        match header.kind {
            ReportKind::StudentProgress => Self {
                condition: "u.student_id = ?1 AND g.week <= ?2",
                values: args![header.student_id, header.week],
            },
            ReportKind::GradeDistribution => Self {
                condition: "g.class_id = ?1 AND g.subject_id = ?2 AND g.week <= ?3",
                values: args![header.class_id, header.subject_id, header.week],
            },
            ReportKind::Analytics => Self {
                condition: "g.class_id = ?1 AND g.week BETWEEN ?2 AND ?3",
                values: args![header.class_id, first_week(header), header.week],
            },
            ReportKind::Custom => Self {
                condition: "u.student_id IN (SELECT student_id FROM custom_members WHERE report_id = ?1) \
                            AND g.week <= ?2",
                values: args![header.id, header.week],
            },
        }
    }

    /// One student's work up to the week of `header`.
    pub(super) fn student(student: i64, header: &Header) -> Self {
        Self { condition: "u.student_id = ?1 AND g.week <= ?2", values: args![student, header.week] }
    }

    /// All work of one student, whatever the week.
    pub(super) fn whole_term(student: Option<i64>) -> Self {
        Self { condition: "u.student_id = ?1", values: args![student] }
    }

    /// The values for the condition, in order.
    pub(super) fn values(&self) -> Vec<Arg> {
        self.values.clone()
    }

    /// `SELECT {what}` over the answers covered; `rest` groups and orders.
    ///
    /// `what` and `rest` are literals of this crate; what people typed travels in [`Scope::values`].
    pub(super) fn answers(&self, what: &'static str, rest: &'static str) -> AssertSqlSafe<String> {
        AssertSqlSafe(format!(
            "SELECT {what} FROM submissions u JOIN assignments g ON g.id = u.assignment_id \
             JOIN answers a ON a.submission_id = u.id JOIN subjects s ON s.id = g.subject_id \
             WHERE {} {rest}",
            self.condition
        ))
    }

    /// `SELECT {what}` over the submissions covered, answered or not.
    pub(super) fn submissions(&self, what: &'static str, rest: &'static str) -> AssertSqlSafe<String> {
        AssertSqlSafe(format!(
            "SELECT {what} FROM submissions u JOIN assignments g ON g.id = u.assignment_id WHERE {} {rest}",
            self.condition
        ))
    }
}
