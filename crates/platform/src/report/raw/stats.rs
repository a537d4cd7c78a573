//! Statistics, from the rows.

use super::revision;
use super::scope::Scope;
use crate::db::Session;
use crate::domain::calendar::week_start;
use crate::report::spread::Spread;
use crate::report::stats::{Figures, Stats, Student, Subject, Week};
use crate::report::{Header, Shared, percent, rounded};

/// Computes them.
pub(in crate::report) async fn stats(session: &mut Session, header: Header) -> sqlx::Result<Stats> {
    let scope = Scope::of(&header);
    let scores: Vec<(i64,)> = session.rows(scope.answers("a.score", ""), scope.values()).await?;
    let (submissions, on_time, students): (i64, i64, i64) = session
        .row(
            scope.submissions(
                "COUNT(*), COALESCE(SUM(u.submitted_at <= g.due_at), 0), COUNT(DISTINCT u.student_id)",
                "",
            ),
            scope.values(),
        )
        .await?;
    let subjects: Vec<(String, i64, f64)> = session
        .rows(scope.answers("s.name, COUNT(*), AVG(a.score)", "GROUP BY s.id ORDER BY s.id"), scope.values())
        .await?;
    let weeks: Vec<(i64, i64, f64)> = session
        .rows(
            scope.answers("g.week, COUNT(*), AVG(a.score)", "GROUP BY g.week ORDER BY g.week"),
            scope.values(),
        )
        .await?;
    let by_student: Vec<(i64, i64, f64, i64, i64)> = session
        .rows(
            scope.answers(
                "u.student_id, COUNT(*), AVG(a.score), MIN(a.score), MAX(a.score)",
                "GROUP BY u.student_id ORDER BY u.student_id",
            ),
            scope.values(),
        )
        .await?;
    let revision = revision(session, &header).await?;
    let figures = Figures {
        students,
        scores: Spread::of(scores.into_iter().map(|(score,)| score).collect()),
        submissions,
        on_time,
        on_time_percent: percent(on_time, submissions),
        by_subject: subjects
            .into_iter()
            .map(|(subject, answers, average)| Subject { subject, answers, average: rounded(average) })
            .collect(),
        by_week: weeks
            .into_iter()
            .map(|(week, answers, average)| Week {
                week_start: week_start(week),
                answers,
                average: rounded(average),
            })
            .collect(),
        by_student: by_student
            .into_iter()
            .map(|(student_id, answers, average, min, max)| Student {
                student_id,
                answers,
                average: rounded(average),
                min,
                max,
            })
            .collect(),
    };
    Ok(Stats { header, revision, figures: Shared::new(figures) })
}
