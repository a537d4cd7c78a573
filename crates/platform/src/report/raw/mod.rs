//! Reports computed from the rows alone, one statement after the other: what an uncached report costs.
//!
//! Nothing is remembered and no total is read. This is the reference that `totals` must equal, byte for
//! byte.

mod analytics;
mod custom;
mod grade_distribution;
mod revision;
mod scope;
mod stats;
mod student_progress;
mod summary;

use revision::revision;
pub(super) use stats::stats;

use super::{Content, Header, Report, Row, Shared};
use crate::db::Session;
use crate::domain::ReportKind;

/// Computes a report in full.
pub(super) async fn report(session: &mut Session, header: Header) -> sqlx::Result<Report> {
    let content = match header.kind {
        ReportKind::StudentProgress => {
            Content::StudentProgress(student_progress::compute(session, &header).await?)
        }
        ReportKind::GradeDistribution => {
            Content::GradeDistribution(grade_distribution::compute(session, &header).await?)
        }
        ReportKind::Analytics => Content::Analytics(analytics::compute(session, &header).await?),
        ReportKind::Custom => Content::Custom(custom::compute(session, &header).await?),
    };
    let revision = revision(session, &header).await?;
    Ok(Report { header, revision, content: Shared::new(content) })
}

/// Computes a list's row of a report.
pub(super) async fn row(session: &mut Session, header: Header) -> sqlx::Result<Row> {
    let summary = summary::summary(session, &header).await?;
    let revision = revision(session, &header).await?;
    Ok(Row { header, revision, summary })
}
