//! The numbers of a report, without its texts.

use serde::Serialize;

use super::scope::Scope;
use super::spread::Spread;
use super::{Header, percent, revision, rounded};
use crate::db::Session;
use crate::domain::calendar::week_start;

/// Statistics over the answers and submissions that a report covers.
#[derive(Debug, Serialize)]
pub(crate) struct Stats {
    #[serde(flatten)]
    header: Header,
    revision: i64,
    students: i64,
    /// `None` without answers.
    scores: Option<Spread>,
    submissions: i64,
    on_time: i64,
    on_time_percent: Option<f64>,
    by_subject: Vec<Subject>,
    by_week: Vec<Week>,
    by_student: Vec<Student>,
}

#[derive(Debug, Serialize)]
struct Subject {
    subject: String,
    answers: i64,
    average: f64,
}

#[derive(Debug, Serialize)]
struct Week {
    week_start: Option<&'static str>,
    answers: i64,
    average: f64,
}

#[derive(Debug, Serialize)]
struct Student {
    student_id: i64,
    answers: i64,
    average: f64,
    min: i64,
    max: i64,
}

/// Computes them.
pub(crate) async fn stats(session: &mut Session, header: Header) -> sqlx::Result<Stats> {
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
    Ok(Stats {
        header,
        revision,
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
    })
}
