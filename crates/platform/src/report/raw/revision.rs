//! The revision of a report: the newest among the rows it is computed from.

use super::scope::Scope;
use crate::db::{Session, args};
use crate::domain::ReportKind;
use crate::report::Header;

/// Computes it. Equal for the list, the report and its statistics.
pub(super) async fn revision(session: &mut Session, header: &Header) -> sqlx::Result<i64> {
    let scope = match header.kind {
        // The latest answers are shown whatever their week.
        ReportKind::StudentProgress => Scope::whole_term(header.student_id),
        ReportKind::GradeDistribution | ReportKind::Analytics | ReportKind::Custom => Scope::of(header),
    };
    let (answers,): (Option<i64>,) =
        session.row(scope.answers("MAX(a.revision)", ""), scope.values()).await?;
    let (submissions,): (Option<i64>,) =
        session.row(scope.submissions("MAX(u.revision)", ""), scope.values()).await?;
    let progress = progress(session, header).await?;
    let newest = [answers, submissions, progress].into_iter().flatten().max();
    Ok(newest.map_or(header.own_revision, |newest| newest.max(header.own_revision)))
}

async fn progress(session: &mut Session, header: &Header) -> sqlx::Result<Option<i64>> {
    let newest: (Option<i64>,) = match header.kind {
        ReportKind::StudentProgress => session
            .row(
                "SELECT MAX(v) FROM (SELECT MAX(revision) AS v FROM material_progress WHERE student_id = ?1 \
                     UNION ALL SELECT MAX(revision) FROM element_progress WHERE student_id = ?1)",
                args![header.student_id],
            )
            .await?,
        ReportKind::Custom => {
            session
                .row(
                    "SELECT MAX(p.revision) FROM custom_members m \
                     JOIN material_progress p ON p.student_id = m.student_id WHERE m.report_id = ?",
                    args![header.id],
                )
                .await?
        }
        ReportKind::GradeDistribution | ReportKind::Analytics => (None,),
    };
    Ok(newest.0)
}
