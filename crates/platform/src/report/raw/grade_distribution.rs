//! A grade distribution, from the rows.

use super::scope::Scope;
use crate::db::{Session, args};
use crate::report::Header;
use crate::report::grade_distribution::{Assignment, GradeDistribution, histogram};
use crate::report::spread::Spread;

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
        histogram: histogram(&counts),
        assignments: assignments(session, header).await?,
    })
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
