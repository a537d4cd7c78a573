//! A list's figures of one report, from the rows.

use super::scope::Scope;
use crate::db::Session;
use crate::domain::ReportKind;
use crate::report::summary::{Figures, Summary};
use crate::report::{Header, percent, rounded};

/// Computes it: two or three statements.
pub(super) async fn summary(session: &mut Session, header: &Header) -> sqlx::Result<Summary> {
    let scope = Scope::of(header);
    let whole = figures(session, &scope, "").await?;
    let week = match header.kind {
        ReportKind::StudentProgress => Some(figures(session, &scope, "AND g.week = ?2").await?),
        ReportKind::GradeDistribution | ReportKind::Analytics => {
            Some(figures(session, &scope, "AND g.week = ?3").await?)
        }
        ReportKind::Custom => None,
    };
    let (submissions, on_time): (i64, i64) = session
        .row(scope.submissions("COUNT(*), COALESCE(SUM(u.submitted_at <= g.due_at), 0)", ""), scope.values())
        .await?;
    Ok(Summary { week, whole, submissions, on_time_percent: percent(on_time, submissions) })
}

async fn figures(session: &mut Session, scope: &Scope, rest: &'static str) -> sqlx::Result<Figures> {
    let (answers, average): (i64, Option<f64>) =
        session.row(scope.answers("COUNT(*), AVG(a.score)", rest), scope.values()).await?;
    Ok(Figures { answers, average: average.map(rounded) })
}
