//! One subject of one class: histogram and quartiles.

use serde::Serialize;

use super::Header;
use super::scope::Scope;
use super::spread::Spread;
use crate::db::{Session, args};

/// The report. It covers the term up to the report's week.
#[derive(Debug, Serialize)]
pub(crate) struct GradeDistribution {
    class: String,
    overall: Option<Spread>,
    histogram: Vec<Bucket>,
    assignments: Vec<Assignment>,
}

/// Answers with `from <= score <= to`.
#[derive(Debug, Serialize)]
struct Bucket {
    from: i64,
    to: i64,
    answers: i64,
}

#[derive(Debug, Serialize)]
struct Assignment {
    assignment_id: i64,
    title: String,
    spread: Option<Spread>,
}

pub(super) async fn compute(session: &mut Session, header: &Header) -> sqlx::Result<GradeDistribution> {
    let scope = Scope::of(header);
    let (class,): (String,) =
        session.row("SELECT name FROM classes WHERE id = ?", args![header.class_id]).await?;
    let scores: Vec<(i64,)> = session.rows(scope.answers("a.score", ""), scope.values()).await?;
    let counts: Vec<(i64, i64)> = session
        .rows(scope.answers("MIN(a.score / 10, 9) AS bucket, COUNT(*)", "GROUP BY bucket"), scope.values())
        .await?;
    Ok(GradeDistribution {
        class,
        overall: Spread::of(scores.into_iter().map(|(score,)| score).collect()),
        histogram: (0..10).map(|bucket| histogram_bucket(bucket, &counts)).collect(),
        assignments: assignments(session, header).await?,
    })
}

/// Ten wide; the last one also takes the full 100.
fn histogram_bucket(bucket: i64, counts: &[(i64, i64)]) -> Bucket {
    let answers = counts.iter().find(|(of, _)| *of == bucket).map_or(0, |(_, answers)| *answers);
    let to = if bucket == 9 { 100 } else { bucket * 10 + 9 };
    Bucket { from: bucket * 10, to, answers }
}

async fn assignments(session: &mut Session, header: &Header) -> sqlx::Result<Vec<Assignment>> {
    let rows: Vec<(i64, String)> = session
        .rows(
            "SELECT id, title FROM assignments WHERE class_id = ? AND subject_id = ? AND week <= ? ORDER BY id",
            args![header.class_id, header.subject_id, header.week],
        )
        .await?;
    let mut assignments = Vec::with_capacity(rows.len());
    for (assignment_id, title) in rows {
        let scores: Vec<(i64,)> = session
            .rows(
                "SELECT a.score FROM submissions u JOIN answers a ON a.submission_id = u.id \
                 WHERE u.assignment_id = ?",
                args![assignment_id],
            )
            .await?;
        let spread = Spread::of(scores.into_iter().map(|(score,)| score).collect());
        assignments.push(Assignment { assignment_id, title, spread });
    }
    Ok(assignments)
}
