//! L2: totals kept beside the rows, so that a report need not add up every answer again.
//!
//! Each write brings the totals it touches up to date in its own transaction: whoever reads in another
//! one sees rows and totals of the same state. A touched cell is computed from the rows again, never
//! counted up or down, so that it cannot drift. `report::totals` reads them.

mod memo;

pub(crate) use memo::{Memo, Stamp};
use sqlx::AssertSqlSafe;

use crate::db::{Session, args};

/// Fills the tables from all rows, after the load.
pub(crate) async fn fill(session: &mut Session) -> sqlx::Result<()> {
    session.execute(work("TRUE"), args![]).await?;
    session.execute(assignments("TRUE"), args![]).await?;
    session.execute(progress("TRUE"), args![]).await
}

/// A student's submission or answers for an assignment changed (made, scored, commented, deleted).
///
/// Five statements, over the rows of that assignment alone.
pub(crate) async fn work_changed(session: &mut Session, assignment: i64, student: i64) -> sqlx::Result<()> {
    let cell = args![assignment, student];
    session
        .execute("DELETE FROM work_totals WHERE assignment_id = ?1 AND student_id = ?2", cell.clone())
        .await?;
    session.execute(work("u.assignment_id = ?1 AND u.student_id = ?2"), cell).await?;
    session.execute("DELETE FROM assignment_totals WHERE assignment_id = ?1", args![assignment]).await?;
    session.execute(assignments("u.assignment_id = ?1"), args![assignment]).await?;
    session
        .execute(
            "INSERT INTO class_versions SELECT class_id, 1 FROM assignments WHERE id = ?1 \
             ON CONFLICT DO UPDATE SET version = version + 1",
            args![assignment],
        )
        .await
}

/// A student's progress in materials or elements changed. Two statements.
pub(crate) async fn progress_changed(session: &mut Session, student: i64) -> sqlx::Result<()> {
    session.execute("DELETE FROM progress_totals WHERE student_id = ?1", args![student]).await?;
    session.execute(progress("p.student_id = ?1"), args![student]).await
}

/// What one submission comes to, over `submissions u`.
fn cells(which: &'static str) -> String {
    format!(
        "SELECT u.student_id, g.week, g.id AS assignment_id, u.id AS submission_id, g.class_id, g.subject_id, \
         u.submitted_at <= g.due_at AS on_time, g.due_at - u.submitted_at AS ahead_secs, \
         COUNT(a.id) AS answers, COALESCE(SUM(a.score), 0) AS score_sum, GROUP_CONCAT(a.score) AS scores, \
         (SELECT l.id FROM answers l WHERE l.submission_id = u.id ORDER BY l.revision DESC, l.id DESC LIMIT 1), \
         MAX(a.revision), MAX(u.revision, COALESCE(MAX(a.revision), 0)) AS revision \
         FROM submissions u JOIN assignments g ON g.id = u.assignment_id \
         LEFT JOIN answers a ON a.submission_id = u.id WHERE {which} GROUP BY u.id"
    )
}

fn work(which: &'static str) -> AssertSqlSafe<String> {
    AssertSqlSafe(format!("INSERT INTO work_totals {}", cells(which)))
}

fn assignments(which: &'static str) -> AssertSqlSafe<String> {
    AssertSqlSafe(format!(
        "INSERT INTO assignment_totals \
         SELECT assignment_id, COUNT(*), SUM(on_time), SUM(ahead_secs), SUM(answers), SUM(score_sum), \
         GROUP_CONCAT(scores), MAX(revision) FROM ({}) GROUP BY assignment_id",
        cells(which)
    ))
}

fn progress(whose: &'static str) -> AssertSqlSafe<String> {
    AssertSqlSafe(format!(
        "INSERT INTO progress_totals \
         SELECT student_id, subject_id, SUM(materials), SUM(percent_sum), MAX(material_revision), \
         SUM(elements), SUM(elements_done), MAX(element_revision) FROM ( \
         SELECT p.student_id, m.subject_id, COUNT(*) AS materials, SUM(p.percent) AS percent_sum, \
         MAX(p.revision) AS material_revision, 0 AS elements, 0 AS elements_done, NULL AS element_revision \
         FROM material_progress p JOIN materials m ON m.id = p.material_id WHERE {whose} GROUP BY 1, 2 \
         UNION ALL SELECT p.student_id, m.subject_id, 0, 0, NULL, COUNT(*), SUM(p.done), MAX(p.revision) \
         FROM element_progress p JOIN elements e ON e.id = p.element_id \
         JOIN materials m ON m.id = e.material_id WHERE {whose} GROUP BY 1, 2) GROUP BY 1, 2"
    ))
}
