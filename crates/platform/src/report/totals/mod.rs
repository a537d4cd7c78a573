//! Reports computed from the totals that every write keeps up to date: what a miss costs.
//!
//! The reports of students and groups are computed many at a time, in as many statements as one would
//! take; what a class's reports say is computed once for each version of the class and shared by all who
//! read it. The bytes equal those of `raw`: sums of whole numbers have no order, and every mean is one
//! division of such a sum, as SQLite's AVG is.

mod analytics;
mod cells;
mod classes;
mod custom;
mod grade_distribution;
mod rows;
mod stats;
mod student_progress;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

pub(crate) use classes::ClassReports;
pub(super) use rows::rows;
pub(super) use stats::stats;

use super::{Content, Header, Report, Shared, rounded};
use crate::db::Session;
use crate::domain::ReportKind;

/// Something computed, with the newest revision among the rows it comes from; the report's own row apart.
#[derive(Debug)]
struct Computed<T> {
    newest: Option<i64>,
    value: Shared<T>,
}

impl<T> Computed<T> {
    fn new(newest: Option<i64>, value: T) -> Self {
        Self { newest, value: Shared::new(value) }
    }

    /// The revision of the whole report.
    fn revision(&self, header: &Header) -> i64 {
        newest(header, self.newest)
    }
}

impl<T> Clone for Computed<T> {
    fn clone(&self) -> Self {
        Self { newest: self.newest, value: self.value.clone() }
    }
}

fn newest(header: &Header, of_rows: Option<i64>) -> i64 {
    of_rows.map_or(header.own_revision, |newest| newest.max(header.own_revision))
}

/// Computes reports in full, in the order of their headers.
pub(super) async fn reports(
    session: &mut Session,
    classes: &ClassReports,
    headers: Vec<Header>,
) -> sqlx::Result<Vec<Report>> {
    let (mut students, mut groups, mut of_class) = (Vec::new(), Vec::new(), Vec::new());
    for header in &headers {
        match header.kind {
            ReportKind::StudentProgress => students.push(header),
            ReportKind::Custom => groups.push(header),
            ReportKind::GradeDistribution | ReportKind::Analytics => of_class.push(header),
        }
    }
    let mut contents = student_progress::compute(session, &students).await?;
    contents.extend(custom::compute(session, &groups).await?);
    contents.extend(classes.contents(session, &of_class).await?);
    let report = |header: Header| {
        let content = contents.remove(&header.id).expect("each kind computes every header it is given");
        Report { revision: content.revision(&header), header, content: content.value }
    };
    Ok(headers.into_iter().map(report).collect())
}

/// What reports say, by report id.
type Contents = HashMap<i64, Computed<Content>>;

/// Ids as a JSON array, for `IN (SELECT value FROM json_each(?))`: one statement for any number of them.
fn list(ids: impl IntoIterator<Item = i64>) -> String {
    let ids: Vec<String> = ids.into_iter().map(|id| id.to_string()).collect();
    format!("[{}]", ids.join(","))
}

/// Answers, and the sum of their scores.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    answers: i64,
    score_sum: i64,
}

impl Tally {
    fn add(&mut self, more: Self) {
        self.answers += more.answers;
        self.score_sum += more.score_sum;
    }

    /// `None` without answers; to sort by.
    fn mean(self) -> Option<f64> {
        (self.answers > 0).then(|| self.score_sum as f64 / self.answers as f64)
    }

    /// `None` without answers; to show.
    fn average(self) -> Option<f64> {
        self.mean().map(rounded)
    }
}
