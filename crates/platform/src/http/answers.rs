//! The list of answers, for the teachers who grade them.

use std::sync::{Arc, LazyLock};

use axum::Json;
use axum::extract::{RawQuery, State};
use report_cache::QueryRules;
use serde::Serialize;

use super::auth::Reader;
use super::params::{number, page};
use super::problem::Problem;
use crate::Service;
use crate::db::{Purpose, args};
use crate::domain::Role;

const PAGE: i64 = 20;
const PAGE_MAX: i64 = 100;

static PARAMS: LazyLock<QueryRules> = LazyLock::new(|| {
    QueryRules::new().param("student", None).param("page", Some("1")).param("page_size", Some("20"))
});

#[derive(Serialize)]
pub(super) struct Answers {
    count: i64,
    page: i64,
    page_size: i64,
    results: Vec<Answer>,
}

#[derive(Serialize)]
struct Answer {
    id: i64,
    student_id: i64,
    class_id: i64,
    assignment_id: i64,
    score: i64,
    comment: String,
    revision: i64,
}

/// The fields of an [`Answer`], in order.
type AnswerRow = (i64, i64, i64, i64, i64, String, i64);

/// `GET /api/answers/`: answers of students in the teacher's classes.
pub(super) async fn list(
    State(service): State<Arc<Service>>,
    Reader(teacher): Reader,
    RawQuery(query): RawQuery,
) -> Result<Json<Answers>, Problem> {
    teacher.require(Role::Teacher)?;
    let filters = PARAMS.filters(query.as_deref()).map_err(|error| Problem::BadRequest(error.to_string()))?;
    let student = number(&filters, "student", i64::MAX)?;
    let page = page(&filters, PAGE, PAGE_MAX)?;
    let offset = (page.number - 1).saturating_mul(page.size);
    let mut session = service.db.read(Purpose::Write).await?;
    // Two statements rather than one with `?2 IS NULL OR`: each can use the index that fits it.
    let (count, results): ((i64,), Vec<AnswerRow>) = match student {
        Some(student) => {
            let count = "SELECT COUNT(*) FROM submissions u JOIN assignments g ON g.id = u.assignment_id \
                 JOIN answers a ON a.submission_id = u.id WHERE u.student_id = ?2 \
                 AND g.class_id IN (SELECT class_id FROM teaching WHERE teacher_id = ?1)";
            let select = "SELECT a.id, u.student_id, g.class_id, g.id, a.score, a.comment, a.revision \
                 FROM submissions u JOIN assignments g ON g.id = u.assignment_id \
                 JOIN answers a ON a.submission_id = u.id WHERE u.student_id = ?2 \
                 AND g.class_id IN (SELECT class_id FROM teaching WHERE teacher_id = ?1) \
                 ORDER BY a.id LIMIT ?3 OFFSET ?4";
            (
                session.row(count, args![teacher.id, student]).await?,
                session.rows(select, args![teacher.id, student, page.size, offset]).await?,
            )
        }
        None => {
            let count = "SELECT COUNT(*) FROM assignments g JOIN submissions u ON u.assignment_id = g.id \
                 JOIN answers a ON a.submission_id = u.id \
                 WHERE g.class_id IN (SELECT class_id FROM teaching WHERE teacher_id = ?1)";
            let select = "SELECT a.id, u.student_id, g.class_id, g.id, a.score, a.comment, a.revision \
                 FROM assignments g JOIN submissions u ON u.assignment_id = g.id \
                 JOIN answers a ON a.submission_id = u.id \
                 WHERE g.class_id IN (SELECT class_id FROM teaching WHERE teacher_id = ?1) \
                 ORDER BY a.id LIMIT ?2 OFFSET ?3";
            (
                session.row(count, args![teacher.id]).await?,
                session.rows(select, args![teacher.id, page.size, offset]).await?,
            )
        }
    };
    session.commit().await?;
    let results = results
        .into_iter()
        .map(|(id, student_id, class_id, assignment_id, score, comment, revision)| Answer {
            id,
            student_id,
            class_id,
            assignment_id,
            score,
            comment,
            revision,
        })
        .collect();
    Ok(Json(Answers { count: count.0, page: page.number, page_size: page.size, results }))
}
