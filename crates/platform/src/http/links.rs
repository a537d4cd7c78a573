//! Links between people and classes, for the staff who make and cut them.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};

use super::auth::Staff;
use super::authoring::subject;
use super::params::id;
use super::problem::Problem;
use super::write::{Write, to_the_end};
use crate::Service;
use crate::db::args;
use crate::domain::{Change, Links, Role};

/// A link as it is after the call. A call that changes nothing removes nothing from the cache.
#[derive(Serialize)]
pub(super) struct Guardian {
    student_id: i64,
    parent_id: i64,
    linked: bool,
}

/// `PUT /api/students/{id}/guardians/{parent_id}/`
pub(super) async fn put_guardian(
    _: Staff,
    State(service): State<Arc<Service>>,
    Path((student, parent)): Path<(String, String)>,
) -> Result<Json<Guardian>, Problem> {
    guardian(service, id(&student)?, id(&parent)?, true).await
}

/// `DELETE /api/students/{id}/guardians/{parent_id}/`
pub(super) async fn delete_guardian(
    _: Staff,
    State(service): State<Arc<Service>>,
    Path((student, parent)): Path<(String, String)>,
) -> Result<Json<Guardian>, Problem> {
    guardian(service, id(&student)?, id(&parent)?, false).await
}

async fn guardian(
    service: Arc<Service>,
    student: i64,
    parent: i64,
    linked: bool,
) -> Result<Json<Guardian>, Problem> {
    let sql = if linked {
        "INSERT INTO guardians (parent_id, student_id) VALUES (?, ?)"
    } else {
        "DELETE FROM guardians WHERE parent_id = ? AND student_id = ?"
    };
    to_the_end(async move {
        let mut write = Write::begin(&service).await?;
        let links = write.links();
        in_role(links, student, Role::Student)?;
        in_role(links, parent, Role::Parent)?;
        if links.is_guardian(parent, student) != linked {
            write.session().execute(sql, args![parent, student]).await?;
            write.commit_change(&Change::Guardian { student, parent, linked }).await?;
        }
        Ok(Json(Guardian { student_id: student, parent_id: parent, linked }))
    })
    .await
}

/// As [`Guardian`].
#[derive(Serialize)]
pub(super) struct Tutor {
    student_id: i64,
    tutor_id: i64,
    linked: bool,
}

/// `PUT /api/students/{id}/tutors/{tutor_id}/`
pub(super) async fn put_tutor(
    _: Staff,
    State(service): State<Arc<Service>>,
    Path((student, tutor_id)): Path<(String, String)>,
) -> Result<Json<Tutor>, Problem> {
    tutor(service, id(&student)?, id(&tutor_id)?, true).await
}

/// `DELETE /api/students/{id}/tutors/{tutor_id}/`
pub(super) async fn delete_tutor(
    _: Staff,
    State(service): State<Arc<Service>>,
    Path((student, tutor_id)): Path<(String, String)>,
) -> Result<Json<Tutor>, Problem> {
    tutor(service, id(&student)?, id(&tutor_id)?, false).await
}

async fn tutor(
    service: Arc<Service>,
    student: i64,
    tutor: i64,
    linked: bool,
) -> Result<Json<Tutor>, Problem> {
    let sql = if linked {
        "INSERT INTO tutoring (tutor_id, student_id) VALUES (?, ?)"
    } else {
        "DELETE FROM tutoring WHERE tutor_id = ? AND student_id = ?"
    };
    to_the_end(async move {
        let mut write = Write::begin(&service).await?;
        let links = write.links();
        in_role(links, student, Role::Student)?;
        in_role(links, tutor, Role::Tutor)?;
        if links.tutors(tutor, student) != linked {
            write.session().execute(sql, args![tutor, student]).await?;
            write.commit_change(&Change::Tutor { student, tutor, linked }).await?;
        }
        Ok(Json(Tutor { student_id: student, tutor_id: tutor, linked }))
    })
    .await
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Seat {
    class_id: i64,
}

/// `PUT /api/students/{id}/class/`
pub(super) async fn put_class(
    _: Staff,
    State(service): State<Arc<Service>>,
    Path(student): Path<String>,
    body: Result<Json<Seat>, JsonRejection>,
) -> Result<Json<Seat>, Problem> {
    let student = id(&student)?;
    let Json(Seat { class_id }) = body?;
    to_the_end(async move {
        let mut write = Write::begin(&service).await?;
        let links = write.links();
        in_role(links, student, Role::Student)?;
        has_class(links, class_id)?;
        if links.class_of(student) != Some(class_id) {
            let sql = "UPDATE students SET class_id = ? WHERE student_id = ?";
            write.session().execute(sql, args![class_id, student]).await?;
            write.commit_change(&Change::Class { student, class: class_id }).await?;
        }
        Ok(Json(Seat { class_id }))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Appointment {
    teacher_id: i64,
}

#[derive(Serialize)]
pub(super) struct Teaching {
    class_id: i64,
    subject: String,
    /// Null when nobody teaches it.
    teacher_id: Option<i64>,
}

/// `PUT /api/classes/{id}/teachers/{subject}/`
pub(super) async fn put_teacher(
    _: Staff,
    State(service): State<Arc<Service>>,
    Path((class, subject)): Path<(String, String)>,
    body: Result<Json<Appointment>, JsonRejection>,
) -> Result<Json<Teaching>, Problem> {
    let Json(Appointment { teacher_id }) = body?;
    teacher(service, id(&class)?, subject, Some(teacher_id)).await
}

/// `DELETE /api/classes/{id}/teachers/{subject}/`
pub(super) async fn delete_teacher(
    _: Staff,
    State(service): State<Arc<Service>>,
    Path((class, subject)): Path<(String, String)>,
) -> Result<Json<Teaching>, Problem> {
    teacher(service, id(&class)?, subject, None).await
}

async fn teacher(
    service: Arc<Service>,
    class: i64,
    name: String,
    teacher: Option<i64>,
) -> Result<Json<Teaching>, Problem> {
    to_the_end(async move {
        let mut write = Write::begin(&service).await?;
        let subject = subject(write.session(), &name).await?.ok_or(Problem::NotFound)?;
        let links = write.links();
        if !links.has_class(class) {
            return Err(Problem::NotFound);
        }
        if let Some(teacher) = teacher {
            in_role(links, teacher, Role::Teacher)?;
        }
        if links.teacher_of(class, subject) != teacher {
            match teacher {
                Some(teacher) => {
                    let sql =
                        "INSERT OR REPLACE INTO teaching (class_id, subject_id, teacher_id) VALUES (?, ?, ?)";
                    write.session().execute(sql, args![class, subject, teacher]).await?;
                }
                None => {
                    let sql = "DELETE FROM teaching WHERE class_id = ? AND subject_id = ?";
                    write.session().execute(sql, args![class, subject]).await?;
                }
            }
            write.commit_change(&Change::Teacher { class, subject, teacher }).await?;
        }
        Ok(Json(Teaching { class_id: class, subject: name, teacher_id: teacher }))
    })
    .await
}

/// 404 for nobody, 422 for somebody else.
fn in_role(links: &Links, id: i64, role: Role) -> Result<(), Problem> {
    links.person(id).ok_or(Problem::NotFound)?;
    match links.in_role(id, role) {
        Some(_) => Ok(()),
        None => Err(Problem::Unprocessable(format!("person {id} is not a {}", role.as_str()))),
    }
}

fn has_class(links: &Links, class: i64) -> Result<(), Problem> {
    if links.has_class(class) {
        Ok(())
    } else {
        Err(Problem::Unprocessable(format!("there is no class {class}")))
    }
}
