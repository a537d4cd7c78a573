//! Grading: one answer, or many at once.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};

use super::auth::Reader;
use super::params::id;
use super::problem::Problem;
use super::write::{Write, to_the_end};
use crate::db::args;
use crate::domain::{Person, Role, Work};
use crate::{Service, aggregates};

/// Characters of a comment.
const COMMENT_MAX: usize = 2_000;
/// Answers graded by one request.
const GRADES_MAX: usize = 200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Grade {
    /// 0 to 100; absent leaves it.
    score: Option<i64>,
    /// Absent leaves it.
    comment: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Grades {
    grades: Vec<GradeOf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GradeOf {
    /// The answer.
    id: i64,
    score: Option<i64>,
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

#[derive(Serialize)]
pub(super) struct AllGraded {
    count: usize,
    results: Vec<Graded>,
}

/// `PATCH /api/answers/{id}/grade/`
pub(super) async fn one(
    State(service): State<Arc<Service>>,
    Reader(teacher): Reader,
    Path(answer): Path<String>,
    body: Result<Json<Grade>, JsonRejection>,
) -> Result<Json<Graded>, Problem> {
    teacher.require(Role::Teacher)?;
    let answer = id(&answer)?;
    let Json(grade) = body?;
    grade.check().map_err(|why| Problem::Unprocessable(why.to_owned()))?;
    to_the_end(async move {
        let mut write = Write::begin(&service).await?;
        let (graded, work) = save(&mut write, &teacher, answer, grade).await?;
        write.commit_work(&[work]).await?;
        Ok(Json(graded))
    })
    .await
}

/// `POST /api/answers/grades/`: all of them or none.
pub(super) async fn many(
    State(service): State<Arc<Service>>,
    Reader(teacher): Reader,
    body: Result<Json<Grades>, JsonRejection>,
) -> Result<Json<AllGraded>, Problem> {
    teacher.require(Role::Teacher)?;
    let Json(Grades { grades }) = body?;
    let refuse = |why: String| Err(Problem::Unprocessable(why));
    if grades.is_empty() || grades.len() > GRADES_MAX {
        return refuse(format!("grades must hold 1 to {GRADES_MAX} grades, not {}", grades.len()));
    }
    let mut checked = Vec::with_capacity(grades.len());
    let mut seen = BTreeSet::new();
    for GradeOf { id, score, comment } in grades {
        let grade = Grade { score, comment };
        if let Err(why) = grade.check() {
            return refuse(format!("answer {id}: {why}"));
        }
        if !seen.insert(id) {
            return refuse(format!("answer {id} is graded twice; send each answer once"));
        }
        checked.push((id, grade));
    }
    to_the_end(async move {
        let mut write = Write::begin(&service).await?;
        let (mut results, mut works) = (Vec::new(), Vec::new());
        for (id, grade) in checked {
            let (graded, work) =
                save(&mut write, &teacher, id, grade).await.map_err(|problem| match problem {
                    // The path is there; it is the body that names what is not.
                    Problem::NotFound => Problem::Unprocessable(format!("there is no answer {id}")),
                    other => other,
                })?;
            results.push(graded);
            works.push(work);
        }
        write.commit_work(&works).await?;
        Ok(Json(AllGraded { count: results.len(), results }))
    })
    .await
}

impl Grade {
    fn check(&self) -> Result<(), &'static str> {
        match self {
            Self { score: None, comment: None } => Err("give a score, a comment or both"),
            Self { score: Some(score), .. } if !(0..=100).contains(score) => {
                Err("score must be a whole number from 0 to 100")
            }
            Self { comment: Some(comment), .. } if comment.chars().count() > COMMENT_MAX => {
                Err("comment must have at most 2000 characters")
            }
            Self { .. } => Ok(()),
        }
    }
}

async fn save(
    write: &mut Write<'_>,
    teacher: &Person,
    id: i64,
    grade: Grade,
) -> Result<(Graded, Work), Problem> {
    let found: Option<(i64, i64, i64, i64)> = write
        .session()
        .find(
            "SELECT u.student_id, g.class_id, g.subject_id, g.id FROM answers a \
             JOIN submissions u ON u.id = a.submission_id JOIN assignments g ON g.id = u.assignment_id \
             WHERE a.id = ?",
            args![id],
        )
        .await?;
    let (student, class, subject, assignment) = found.ok_or(Problem::NotFound)?;
    if !write.links().teaches(teacher.id, class) {
        return Err(Problem::Forbidden);
    }
    let session = write.session();
    let revision = session.next_revision().await?;
    let (score, comment): (i64, String) = session
        .row(
            "UPDATE answers SET score = COALESCE(?1, score), comment = COALESCE(?2, comment), revision = ?3 \
             WHERE id = ?4 RETURNING score, comment",
            args![grade.score, grade.comment, revision, id],
        )
        .await?;
    aggregates::work_changed(session, assignment, student).await?;
    let graded = Graded { id, student_id: student, class_id: class, score, comment, revision };
    Ok((graded, Work::Graded { student, class, subject, grader: teacher.id }))
}
