//! Learning materials and their elements, for the students who work through them.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};

use super::auth::Reader;
use super::params::id;
use super::problem::Problem;
use super::write::{Write, to_the_end};
use crate::db::{Purpose, args};
use crate::domain::{Role, Work};
use crate::{Service, aggregates};

#[derive(Serialize)]
pub(super) struct Materials {
    count: usize,
    results: Vec<Material>,
}

#[derive(Serialize)]
struct Material {
    id: i64,
    title: String,
    subject: String,
    /// The student's own; 0 before they begin.
    percent: i64,
    elements: Vec<Element>,
}

#[derive(Serialize)]
struct Element {
    id: i64,
    title: String,
    done: bool,
}

/// `GET /api/materials/`: all materials, with the student's own progress.
pub(super) async fn list(
    State(service): State<Arc<Service>>,
    Reader(student): Reader,
) -> Result<Json<Materials>, Problem> {
    student.require(Role::Student)?;
    let mut session = service.db.read(Purpose::Write).await?;
    let materials: Vec<(i64, String, String, i64)> = session
        .rows(
            "SELECT m.id, m.title, s.name, COALESCE(p.percent, 0) FROM materials m \
             JOIN subjects s ON s.id = m.subject_id \
             LEFT JOIN material_progress p ON p.material_id = m.id AND p.student_id = ? ORDER BY m.id",
            args![student.id],
        )
        .await?;
    let rows: Vec<(i64, i64, String, bool)> = session
        .rows(
            "SELECT e.material_id, e.id, e.title, COALESCE(p.done, 0) FROM elements e \
             LEFT JOIN element_progress p ON p.element_id = e.id AND p.student_id = ? ORDER BY e.id",
            args![student.id],
        )
        .await?;
    session.commit().await?;
    let mut elements: HashMap<i64, Vec<Element>> = HashMap::new();
    for (material, id, title, done) in rows {
        elements.entry(material).or_default().push(Element { id, title, done });
    }
    let results: Vec<Material> = materials
        .into_iter()
        .map(|(id, title, subject, percent)| Material {
            id,
            title,
            subject,
            percent,
            elements: elements.remove(&id).unwrap_or_default(),
        })
        .collect();
    Ok(Json(Materials { count: results.len(), results }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MaterialProgress {
    /// 0 to 100.
    percent: i64,
}

#[derive(Serialize)]
pub(super) struct MaterialSaved {
    material_id: i64,
    student_id: i64,
    percent: i64,
    revision: i64,
}

/// `PUT /api/materials/{id}/progress/`
pub(super) async fn put_material(
    State(service): State<Arc<Service>>,
    Reader(student): Reader,
    Path(material): Path<String>,
    body: Result<Json<MaterialProgress>, JsonRejection>,
) -> Result<Json<MaterialSaved>, Problem> {
    student.require(Role::Student)?;
    let material_id = id(&material)?;
    let Json(MaterialProgress { percent }) = body?;
    if !(0..=100).contains(&percent) {
        return Err(Problem::Unprocessable("percent must be a whole number from 0 to 100".to_owned()));
    }
    to_the_end(async move {
        let mut write = Write::begin(&service).await?;
        let session = write.session();
        let found: Option<(i64,)> =
            session.find("SELECT id FROM materials WHERE id = ?", args![material_id]).await?;
        found.ok_or(Problem::NotFound)?;
        let revision = session.next_revision().await?;
        session
            .execute(
                "INSERT INTO material_progress (student_id, material_id, percent, revision) \
                 VALUES (?, ?, ?, ?) ON CONFLICT (student_id, material_id) \
                 DO UPDATE SET percent = excluded.percent, revision = excluded.revision",
                args![student.id, material_id, percent, revision],
            )
            .await?;
        aggregates::progress_changed(session, student.id).await?;
        write.commit_work(&[Work::Material { student: student.id }]).await?;
        Ok(Json(MaterialSaved { material_id, student_id: student.id, percent, revision }))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ElementProgress {
    done: bool,
}

#[derive(Serialize)]
pub(super) struct ElementSaved {
    element_id: i64,
    student_id: i64,
    done: bool,
    revision: i64,
}

/// `PUT /api/elements/{id}/progress/`
pub(super) async fn put_element(
    State(service): State<Arc<Service>>,
    Reader(student): Reader,
    Path(element): Path<String>,
    body: Result<Json<ElementProgress>, JsonRejection>,
) -> Result<Json<ElementSaved>, Problem> {
    student.require(Role::Student)?;
    let element_id = id(&element)?;
    let Json(ElementProgress { done }) = body?;
    to_the_end(async move {
        let mut write = Write::begin(&service).await?;
        let session = write.session();
        let found: Option<(i64,)> =
            session.find("SELECT id FROM elements WHERE id = ?", args![element_id]).await?;
        found.ok_or(Problem::NotFound)?;
        let revision = session.next_revision().await?;
        session
            .execute(
                "INSERT INTO element_progress (student_id, element_id, done, revision) \
                 VALUES (?, ?, ?, ?) ON CONFLICT (student_id, element_id) \
                 DO UPDATE SET done = excluded.done, revision = excluded.revision",
                args![student.id, element_id, i64::from(done), revision],
            )
            .await?;
        aggregates::progress_changed(session, student.id).await?;
        write.commit_work(&[Work::Element { student: student.id }]).await?;
        Ok(Json(ElementSaved { element_id, student_id: student.id, done, revision }))
    })
    .await
}
