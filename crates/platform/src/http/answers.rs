//! Answers, for the teachers who grade them.

use std::sync::{Arc, LazyLock};

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, RawQuery, State};
use report_cache::{Invalidation, QueryRules, Reason};
use serde::{Deserialize, Serialize};

use super::auth::Reader;
use super::params::{number, page};
use super::problem::Problem;
use crate::Service;
use crate::db::{Purpose, args};
use crate::domain::{Person, Role};

const PAGE: i64 = 20;
const PAGE_MAX: i64 = 100;
/// Characters of a comment.
const COMMENT_MAX: usize = 2_000;

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
    require_teacher(&teacher)?;
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Grade {
    /// 0 to 100; absent leaves it.
    score: Option<i64>,
    /// Absent leaves it.
    comment: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Graded {
    id: i64,
    student_id: i64,
    class_id: i64,
    score: i64,
    comment: String,
    revision: i64,
}

/// `PATCH /api/answers/{id}/grade/`
pub(super) async fn grade(
    State(service): State<Arc<Service>>,
    Reader(teacher): Reader,
    Path(id): Path<String>,
    body: Result<Json<Grade>, JsonRejection>,
) -> Result<Json<Graded>, Problem> {
    require_teacher(&teacher)?;
    let id: i64 = id.parse().map_err(|_| Problem::NotFound)?;
    let Json(grade) = body?;
    check(&grade)?;
    // A task of its own: were the teacher to hang up after the commit, the invalidation must still run.
    tokio::spawn(async move { write(&service, &teacher, id, grade).await })
        .await
        .map_err(|error| Problem::Internal(error.to_string()))?
        .map(Json)
}

fn require_teacher(person: &Person) -> Result<(), Problem> {
    if person.role == Role::Teacher { Ok(()) } else { Err(Problem::Forbidden) }
}

fn check(grade: &Grade) -> Result<(), Problem> {
    let refuse = |why: &str| Err(Problem::Unprocessable(why.to_owned()));
    match grade {
        Grade { score: None, comment: None } => refuse("give a score, a comment or both"),
        Grade { score: Some(score), .. } if !(0..=100).contains(score) => {
            refuse("score must be a whole number from 0 to 100")
        }
        Grade { comment: Some(comment), .. } if comment.chars().count() > COMMENT_MAX => {
            refuse("comment must have at most 2000 characters")
        }
        Grade { .. } => Ok(()),
    }
}

async fn write(service: &Service, teacher: &Person, id: i64, grade: Grade) -> Result<Graded, Problem> {
    let mut session = service.db.write(Purpose::Write).await?;
    let found: Option<(i64, i64)> = session
        .find(
            "SELECT u.student_id, g.class_id FROM answers a JOIN submissions u ON u.id = a.submission_id \
             JOIN assignments g ON g.id = u.assignment_id WHERE a.id = ?",
            args![id],
        )
        .await?;
    let (student_id, class_id) = found.ok_or(Problem::NotFound)?;
    if !service.relations.teaches(teacher.id, class_id) {
        return Err(Problem::Forbidden);
    }
    let revision = session.next_revision().await?;
    let (score, comment): (i64, String) = session
        .row(
            "UPDATE answers SET score = COALESCE(?1, score), comment = COALESCE(?2, comment), revision = ?3 \
             WHERE id = ?4 RETURNING score, comment",
            args![grade.score, grade.comment, revision, id],
        )
        .await?;
    session.commit().await?;
    let scopes = service.relations.touched_by_grade(student_id, teacher.id);
    let event = Invalidation { reason: Reason::GradeChanged, scopes };
    if let Err(error) = service.cache.invalidate(&event).await {
        // The grade is committed and stands. Cached reports may be stale until their TTL.
        tracing::error!(%error, answer = id, student = student_id, "a grade was saved but not invalidated");
    }
    Ok(Graded { id, student_id, class_id, score, comment, revision })
}
