//! Assignments, for the students who hand them in.

use std::sync::{Arc, LazyLock};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use report_cache::QueryRules;
use serde::{Deserialize, Serialize};

use super::auth::Reader;
use super::params::{id, page};
use super::problem::Problem;
use super::write::{Write, to_the_end};
use crate::db::{Purpose, args};
use crate::domain::calendar::week_start;
use crate::domain::{Person, Role, Work};
use crate::{Service, aggregates};

const PAGE: i64 = 20;
const PAGE_MAX: i64 = 100;

static PARAMS: LazyLock<QueryRules> =
    LazyLock::new(|| QueryRules::new().param("page", Some("1")).param("page_size", Some("20")));

#[derive(Serialize)]
pub(super) struct Assignments {
    count: i64,
    page: i64,
    page_size: i64,
    results: Vec<Assignment>,
}

#[derive(Serialize)]
struct Assignment {
    id: i64,
    title: String,
    subject: String,
    week_start: Option<&'static str>,
    /// Seconds since 1970, like every time here.
    due_at: i64,
    submitted: bool,
    submitted_at: Option<i64>,
}

/// The fields of an [`Assignment`] in the order of the statement.
type AssignmentRow = (i64, String, String, i64, i64, Option<i64>);

/// `GET /api/assignments/`: the student's own class's, newest first.
pub(super) async fn list(
    State(service): State<Arc<Service>>,
    Reader(student): Reader,
    RawQuery(query): RawQuery,
) -> Result<Json<Assignments>, Problem> {
    student.require(Role::Student)?;
    let filters = PARAMS.filters(query.as_deref()).map_err(|error| Problem::BadRequest(error.to_string()))?;
    let page = page(&filters, PAGE, PAGE_MAX)?;
    let mut session = service.db.read(Purpose::Write).await?;
    let (count,): (i64,) = session
        .row(
            "SELECT COUNT(*) FROM assignments \
             WHERE class_id = (SELECT class_id FROM students WHERE student_id = ?)",
            args![student.id],
        )
        .await?;
    let rows: Vec<AssignmentRow> = session
        .rows(
            "SELECT g.id, g.title, s.name, g.week, g.due_at, u.submitted_at \
             FROM assignments g JOIN subjects s ON s.id = g.subject_id \
             LEFT JOIN submissions u ON u.assignment_id = g.id AND u.student_id = ?1 \
             WHERE g.class_id = (SELECT class_id FROM students WHERE student_id = ?1) \
             ORDER BY g.id DESC LIMIT ?2 OFFSET ?3",
            args![student.id, page.size, (page.number - 1).saturating_mul(page.size)],
        )
        .await?;
    session.commit().await?;
    let assignment = |(id, title, subject, week, due_at, submitted_at): AssignmentRow| Assignment {
        id,
        title,
        subject,
        week_start: week_start(week),
        due_at,
        submitted: submitted_at.is_some(),
        submitted_at,
    };
    let results = rows.into_iter().map(assignment).collect();
    Ok(Json(Assignments { count, page: page.number, page_size: page.size, results }))
}

/// What is handed in. The answers come with the teacher's marks, so that there is nothing to send yet.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Handed {}

#[derive(Serialize)]
pub(super) struct Submitted {
    id: i64,
    assignment_id: i64,
    student_id: i64,
    class_id: i64,
    submitted_at: i64,
    revision: i64,
}

/// `POST /api/assignments/{id}/submissions/`: 201 the first time, 200 when it is handed in again.
pub(super) async fn submit(
    State(service): State<Arc<Service>>,
    Reader(student): Reader,
    Path(assignment): Path<String>,
    body: Result<Option<Json<Handed>>, JsonRejection>,
) -> Result<(StatusCode, Json<Submitted>), Problem> {
    student.require(Role::Student)?;
    let assignment = id(&assignment)?;
    body?;
    to_the_end(async move { save(&service, &student, assignment).await }).await
}

async fn save(
    service: &Service,
    student: &Person,
    assignment: i64,
) -> Result<(StatusCode, Json<Submitted>), Problem> {
    let mut write = Write::begin(service).await?;
    let found: Option<(i64, i64)> = write
        .session()
        .find("SELECT class_id, subject_id FROM assignments WHERE id = ?", args![assignment])
        .await?;
    let (class, subject) = found.ok_or(Problem::NotFound)?;
    if write.links().class_of(student.id) != Some(class) {
        return Err(Problem::Forbidden);
    }
    let session = write.session();
    let revision = session.next_revision().await?;
    let now = unix_secs();
    let again: Option<(i64,)> = session
        .find(
            "UPDATE submissions SET submitted_at = ?1, revision = ?2 \
             WHERE assignment_id = ?3 AND student_id = ?4 RETURNING id",
            args![now, revision, assignment, student.id],
        )
        .await?;
    let (status, id) = match again {
        Some((id,)) => (StatusCode::OK, id),
        None => {
            let (id,): (i64,) = session
                .row(
                    "INSERT INTO submissions (assignment_id, student_id, submitted_at, revision) \
                     VALUES (?, ?, ?, ?) RETURNING id",
                    args![assignment, student.id, now, revision],
                )
                .await?;
            (StatusCode::CREATED, id)
        }
    };
    aggregates::work_changed(session, assignment, student.id).await?;
    write.commit_work(&[Work::Submitted { student: student.id, class, subject }]).await?;
    let submitted = Submitted {
        id,
        assignment_id: assignment,
        student_id: student.id,
        class_id: class,
        submitted_at: now,
        revision,
    };
    Ok((status, Json(submitted)))
}

fn unix_secs() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    i64::try_from(since).unwrap_or(i64::MAX)
}
