//! Reports: computed by SQL from the rows, each time they are asked for.
//!
//! In: a [`Header`], the row that says what a report covers, and a database session. Out: [`Content`],
//! one struct per report type, a [`Summary`] for lists, or [`Stats`]. Nothing here knows HTTP or the
//! cache. A report shows only rows of the people it is about, so that a write changes no other report.

mod analytics;
mod custom;
mod export;
mod grade_distribution;
mod header;
mod list;
mod revision;
mod scope;
mod spread;
mod stats;
mod student_progress;
mod summary;

pub(crate) use export::csv;
pub(crate) use header::Header;
pub(crate) use list::{Filter, Ordering, Page, select};
pub(crate) use revision::revision;
pub(crate) use stats::{Stats, stats};
pub(crate) use summary::{Summary, summary};

use serde::Serialize;

use crate::db::Session;
use crate::domain::ReportKind;

/// What a report says; on the wire its fields stand beside the header's.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Content {
    StudentProgress(student_progress::StudentProgress),
    GradeDistribution(grade_distribution::GradeDistribution),
    Analytics(analytics::Analytics),
    Custom(custom::Custom),
}

/// A whole report.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    #[serde(flatten)]
    pub(crate) header: Header,
    /// The newest revision among the rows it was computed from.
    pub(crate) revision: i64,
    #[serde(flatten)]
    pub(crate) content: Content,
}

/// Computes a report in full.
pub(crate) async fn compute(session: &mut Session, header: Header) -> sqlx::Result<Report> {
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
    Ok(Report { header, revision, content })
}

/// To two decimals: more would be noise in a grade.
fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// `part` of `whole` in percent; `None` when there is no whole.
fn percent(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| rounded(part as f64 * 100.0 / whole as f64))
}
