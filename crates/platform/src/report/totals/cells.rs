//! Rows of `work_totals`: what each submission comes to.

use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, FromRow, Row as _};

use crate::db::{Arg, Session, args};

/// One submission.
#[derive(Debug)]
pub(super) struct Cell {
    pub(super) student_id: i64,
    pub(super) week: i64,
    pub(super) assignment_id: i64,
    pub(super) assignment: String,
    pub(super) subject_id: i64,
    pub(super) subject: String,
    pub(super) submission_id: i64,
    pub(super) on_time: bool,
    pub(super) answers: i64,
    pub(super) score_sum: i64,
    /// Of every answer, in no order.
    pub(super) scores: Vec<i64>,
    /// Revision and id of the answer written last; the pair orders answers.
    pub(super) last: Option<(i64, i64)>,
    pub(super) revision: i64,
}

/// Submissions that a condition over `work_totals t` and `assignments g` keeps.
pub(super) async fn cells(
    session: &mut Session,
    condition: &'static str,
    values: Vec<Arg>,
) -> sqlx::Result<Vec<Cell>> {
    let sql = format!(
        "SELECT t.student_id, t.week, t.assignment_id, g.title, t.subject_id, s.name, t.submission_id, \
         t.on_time, t.answers, t.score_sum, t.scores, t.last_revision, t.last_answer, t.revision \
         FROM work_totals t JOIN assignments g ON g.id = t.assignment_id \
         JOIN subjects s ON s.id = t.subject_id WHERE {condition}"
    );
    session.rows(AssertSqlSafe(sql), values).await
}

/// All submissions of these students; `students` is a [`super::list`].
pub(super) async fn of_students(session: &mut Session, students: &str) -> sqlx::Result<Vec<Cell>> {
    cells(session, "t.student_id IN (SELECT value FROM json_each(?1))", args![students]).await
}

impl FromRow<'_, SqliteRow> for Cell {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        let last: (Option<i64>, Option<i64>) = (row.try_get(11)?, row.try_get(12)?);
        Ok(Self {
            student_id: row.try_get(0)?,
            week: row.try_get(1)?,
            assignment_id: row.try_get(2)?,
            assignment: row.try_get(3)?,
            subject_id: row.try_get(4)?,
            subject: row.try_get(5)?,
            submission_id: row.try_get(6)?,
            on_time: row.try_get(7)?,
            answers: row.try_get(8)?,
            score_sum: row.try_get(9)?,
            scores: scores(row.try_get(10)?),
            last: last.0.zip(last.1),
            revision: row.try_get(13)?,
        })
    }
}

/// Reads the column `scores`.
pub(super) fn scores(column: Option<&str>) -> Vec<i64> {
    let score = |text: &str| text.parse().expect("scores are whole numbers between commas");
    column.map(|column| column.split(',').map(score).collect()).unwrap_or_default()
}
