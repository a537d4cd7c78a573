//! Reports: what they say, and how that is computed by SQL.
//!
//! In: a [`Header`], the row that says what a report covers, a database session, and a [`Source`]. Out:
//! [`Report`], with one struct per report type, a [`Row`] for lists, or [`Stats`]. `raw` adds up the rows;
//! `totals` reads what writes keep added up. Both give the same bytes. Nothing here knows HTTP. A report
//! shows only rows of the people it is about, so that a write changes no other report.

mod analytics;
mod concern;
mod custom;
mod export;
mod grade_distribution;
mod header;
mod list;
mod raw;
mod spread;
mod stats;
mod student_progress;
mod summary;
mod totals;

use std::sync::Arc;

pub(crate) use export::csv;
pub(crate) use header::{Found, Header};
pub(crate) use list::{Filter, Ordering, Page, select};
use serde::{Serialize, Serializer};
pub(crate) use stats::Stats;
use summary::Summary;
pub(crate) use totals::ClassReports;

use crate::db::Session;

/// Where the figures come from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Source<'s> {
    /// The rows alone: the bypass.
    Rows,
    /// L2: the totals that writes keep, and what is remembered of classes.
    Totals(&'s ClassReports),
}

/// What a report says; on the wire its fields stand beside the header's.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Content {
    StudentProgress(student_progress::StudentProgress),
    GradeDistribution(grade_distribution::GradeDistribution),
    Analytics(analytics::Analytics),
    Custom(custom::Custom),
}

/// Something computed once and read by many; on the wire the thing itself.
#[derive(Debug)]
pub(crate) struct Shared<T>(Arc<T>);

impl<T> Shared<T> {
    fn new(value: T) -> Self {
        Self(Arc::new(value))
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Serialize> Serialize for Shared<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// A whole report.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    #[serde(flatten)]
    pub(crate) header: Header,
    /// The newest revision among the rows it was computed from; equal in lists and statistics.
    pub(crate) revision: i64,
    #[serde(flatten)]
    content: Shared<Content>,
}

/// A report in a list.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    #[serde(flatten)]
    header: Header,
    pub(crate) revision: i64,
    summary: Summary,
}

/// Computes reports in full, in the order of their headers.
pub(crate) async fn compute(
    session: &mut Session,
    source: Source<'_>,
    headers: Vec<Header>,
) -> sqlx::Result<Vec<Report>> {
    match source {
        Source::Rows => {
            let mut reports = Vec::with_capacity(headers.len());
            for header in headers {
                reports.push(raw::report(session, header).await?);
            }
            Ok(reports)
        }
        Source::Totals(classes) => totals::reports(session, classes, headers).await,
    }
}

/// Computes a list's rows, in the order of their headers.
pub(crate) async fn rows(
    session: &mut Session,
    source: Source<'_>,
    headers: Vec<Header>,
) -> sqlx::Result<Vec<Row>> {
    match source {
        Source::Rows => {
            let mut rows = Vec::with_capacity(headers.len());
            for header in headers {
                rows.push(raw::row(session, header).await?);
            }
            Ok(rows)
        }
        Source::Totals(_) => totals::rows(session, headers).await,
    }
}

/// Computes a report's statistics.
pub(crate) async fn stats(session: &mut Session, source: Source<'_>, header: Header) -> sqlx::Result<Stats> {
    match source {
        Source::Rows => raw::stats(session, header).await,
        Source::Totals(classes) => totals::stats(session, classes, header).await,
    }
}

/// To two decimals: more would be noise in a grade.
fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// `part` of `whole` in percent; `None` when there is no whole.
fn percent(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| rounded(part as f64 * 100.0 / whole as f64))
}
