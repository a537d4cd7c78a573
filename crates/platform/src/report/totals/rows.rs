//! A list's rows: one statement for all reports of a kind.

use std::collections::HashMap;

use sqlx::AssertSqlSafe;

use super::{Tally, list, newest};
use crate::db::{Session, args};
use crate::domain::ReportKind;
use crate::report::summary::{Figures, Summary};
use crate::report::{Header, Row, percent};

/// The kinds, each with what is added up for it.
const KINDS: [(ReportKind, Sums); 4] = [
    (
        ReportKind::StudentProgress,
        Sums {
            // The whole term, for the revision; figures stop at the report's week.
            from: "LEFT JOIN work_totals t ON t.student_id = r.student_id",
            week: "t.week",
            submissions: "COUNT(t.submission_id) FILTER (WHERE t.week <= r.week)",
            progress: "(SELECT MAX(MAX(COALESCE(p.material_revision, 0), COALESCE(p.element_revision, 0))) \
                       FROM progress_totals p WHERE p.student_id = r.student_id)",
        },
    ),
    (
        ReportKind::GradeDistribution,
        Sums {
            from: "LEFT JOIN assignments g ON g.class_id = r.class_id AND g.subject_id = r.subject_id \
                   AND g.week <= r.week LEFT JOIN assignment_totals t ON t.assignment_id = g.id",
            week: "g.week",
            submissions: "COALESCE(SUM(t.submissions), 0)",
            progress: "NULL",
        },
    ),
    (
        ReportKind::Analytics,
        Sums {
            // The weeks from `analytics::first_week` on.
            from: "LEFT JOIN assignments g ON g.class_id = r.class_id AND g.week BETWEEN r.week - 3 AND r.week \
                   LEFT JOIN assignment_totals t ON t.assignment_id = g.id",
            week: "g.week",
            submissions: "COALESCE(SUM(t.submissions), 0)",
            progress: "NULL",
        },
    ),
    (
        ReportKind::Custom,
        Sums {
            from: "LEFT JOIN custom_members m ON m.report_id = r.id \
                   LEFT JOIN work_totals t ON t.student_id = m.student_id AND t.week <= r.week",
            week: "t.week",
            submissions: "COUNT(t.submission_id)",
            progress: "(SELECT MAX(p.material_revision) FROM custom_members o \
                       JOIN progress_totals p ON p.student_id = o.student_id WHERE o.report_id = r.id)",
        },
    ),
];

/// What to add up for each of the `reports r`, over totals `t`.
struct Sums {
    from: &'static str,
    /// The week that a row of totals belongs to.
    week: &'static str,
    submissions: &'static str,
    /// The newest revision of the progress that the report shows.
    progress: &'static str,
}

/// Computes them in the order of their headers.
pub(in crate::report) async fn rows(session: &mut Session, headers: Vec<Header>) -> sqlx::Result<Vec<Row>> {
    let mut found = HashMap::with_capacity(headers.len());
    for (kind, sums) in &KINDS {
        let of_kind = headers.iter().filter(|header| header.kind == *kind).map(|header| header.id);
        let reports: Vec<i64> = of_kind.collect();
        if !reports.is_empty() {
            found.extend(sums.of(session, reports).await?);
        }
    }
    let row = |header: Header| {
        let sums = found.get(&header.id).expect("reports of every kind were asked for");
        Row { revision: newest(&header, sums.newest), summary: sums.summary(header.kind), header }
    };
    Ok(headers.into_iter().map(row).collect())
}

/// What the statement found for one report.
struct Found {
    whole: Tally,
    /// In the report's own week.
    week: Tally,
    submissions: i64,
    on_time: i64,
    newest: Option<i64>,
}

impl Sums {
    async fn of(&self, session: &mut Session, reports: Vec<i64>) -> sqlx::Result<Vec<(i64, Found)>> {
        type Sum = (i64, i64, i64, i64, i64, i64, i64, Option<i64>, Option<i64>);
        let Self { from, week, submissions, progress } = self;
        let sum = |what, weeks| format!("COALESCE(SUM(t.{what}) FILTER (WHERE {week} {weeks} r.week), 0)");
        let sql = format!(
            "SELECT r.id, {}, {}, {}, {}, {submissions}, {}, MAX(t.revision), {progress} \
             FROM reports r {from} WHERE r.id IN (SELECT value FROM json_each(?1)) GROUP BY r.id",
            sum("answers", "<="),
            sum("score_sum", "<="),
            sum("answers", "="),
            sum("score_sum", "="),
            sum("on_time", "<="),
        );
        let rows: Vec<Sum> = session.rows(AssertSqlSafe(sql), args![list(reports)]).await?;
        let found =
            |(id, answers, score_sum, week_answers, week_sum, submissions, on_time, work, progress)| {
                let found = Found {
                    whole: Tally { answers, score_sum },
                    week: Tally { answers: week_answers, score_sum: week_sum },
                    submissions,
                    on_time,
                    newest: Option::max(work, progress),
                };
                (id, found)
            };
        Ok(rows.into_iter().map(found).collect())
    }
}

impl Found {
    fn summary(&self, kind: ReportKind) -> Summary {
        let figures = |tally: Tally| Figures { answers: tally.answers, average: tally.average() };
        Summary {
            week: (kind != ReportKind::Custom).then(|| figures(self.week)),
            whole: figures(self.whole),
            submissions: self.submissions,
            on_time_percent: percent(self.on_time, self.submissions),
        }
    }
}
