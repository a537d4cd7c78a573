//! Saving and deleting reports, for their authors.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;

use super::auth::Reader;
use super::draft::{Checked, CheckedPatch, Draft, Patch};
use super::params::id;
use super::problem::Problem;
use super::write::{Write, to_the_end};
use crate::Service;
use crate::db::{Session, args};
use crate::domain::{Change, Person, ReportFacts, Role};

/// The row of a report, as it was saved.
#[derive(Serialize)]
pub(super) struct Saved {
    id: i64,
    report_type: &'static str,
    title: String,
    status: String,
    week_start: String,
    student_id: Option<i64>,
    class_id: Option<i64>,
    subject: Option<String>,
    author_id: i64,
    sections: Option<Vec<String>>,
    members: BTreeSet<i64>,
    revision: i64,
}

/// `POST /api/reports/`
pub(super) async fn create(
    State(service): State<Arc<Service>>,
    Reader(author): Reader,
    body: Result<Json<Draft>, JsonRejection>,
) -> Result<(StatusCode, Json<Saved>), Problem> {
    writes_reports(&author)?;
    let Json(draft) = body?;
    to_the_end(async move {
        let mut write = Write::begin(&service).await?;
        let subject = match &draft.subject {
            Some(name) => subject(write.session(), name).await?,
            None => None,
        };
        let report = draft.check(&author, write.links(), subject)?;
        let saved = insert(write.session(), &report).await?;
        let Checked { facts, group, .. } = report;
        write.commit_change(&Change::ReportSaved { id: saved.id, report: facts, group }).await?;
        Ok((StatusCode::CREATED, Json(saved)))
    })
    .await
}

/// `PATCH /api/reports/{id}/`
pub(super) async fn change(
    State(service): State<Arc<Service>>,
    Reader(author): Reader,
    Path(report): Path<String>,
    body: Result<Json<Patch>, JsonRejection>,
) -> Result<Json<Saved>, Problem> {
    writes_reports(&author)?;
    let report_id = id(&report)?;
    let Json(patch) = body?;
    to_the_end(async move {
        let mut write = Write::begin(&service).await?;
        let report = own(&write, &author, report_id)?;
        let patch = patch.check(&author, report, write.links())?;
        let group = patch.group.clone().unwrap_or_else(|| write.links().group_of(report_id));
        let saved = update(write.session(), report_id, report, patch, &group).await?;
        write.commit_change(&Change::ReportSaved { id: report_id, report, group }).await?;
        Ok(Json(saved))
    })
    .await
}

/// `DELETE /api/reports/{id}/`
pub(super) async fn delete(
    State(service): State<Arc<Service>>,
    Reader(author): Reader,
    Path(report): Path<String>,
) -> Result<StatusCode, Problem> {
    writes_reports(&author)?;
    let id = id(&report)?;
    to_the_end(async move {
        let mut write = Write::begin(&service).await?;
        own(&write, &author, id)?;
        let session = write.session();
        session.execute("DELETE FROM custom_members WHERE report_id = ?", args![id]).await?;
        session.execute("DELETE FROM reports WHERE id = ?", args![id]).await?;
        write.commit_change(&Change::ReportDeleted { id }).await?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// The id of a subject.
pub(super) async fn subject(session: &mut Session, name: &str) -> sqlx::Result<Option<i64>> {
    let found: Option<(i64,)> = session.find("SELECT id FROM subjects WHERE name = ?", args![name]).await?;
    Ok(found.map(|(id,)| id))
}

fn writes_reports(person: &Person) -> Result<(), Problem> {
    match person.role {
        Role::Teacher | Role::Tutor => Ok(()),
        Role::Staff | Role::Student | Role::Parent => Err(Problem::Forbidden),
    }
}

/// A report belongs to who wrote it.
fn own(write: &Write<'_>, author: &Person, id: i64) -> Result<ReportFacts, Problem> {
    let report = write.links().report(id).ok_or(Problem::NotFound)?;
    if report.author == author.id { Ok(report) } else { Err(Problem::Forbidden) }
}

async fn insert(session: &mut Session, report: &Checked) -> sqlx::Result<Saved> {
    let revision = session.next_revision().await?;
    // Revisions never repeat, and no id is above the last one: so the id of a deleted report never
    // comes back for another.
    let id = revision;
    let ReportFacts { kind, subject, student, class, author } = report.facts;
    session
        .execute(
            "INSERT INTO reports (id, report_type, title, status, subject_id, student_id, class_id, author_id, \
             week, week_start, sections, revision) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            args![
                id,
                kind.as_str(),
                report.title.as_str(),
                report.status.as_str(),
                subject,
                student,
                class,
                author,
                report.week,
                report.week_start.as_str(),
                report.sections.as_deref(),
                revision,
            ],
        )
        .await?;
    members(session, id, &report.group).await?;
    saved(session, id, report.facts, &report.group).await
}

async fn update(
    session: &mut Session,
    id: i64,
    report: ReportFacts,
    patch: CheckedPatch,
    group: &BTreeSet<i64>,
) -> sqlx::Result<Saved> {
    let revision = session.next_revision().await?;
    session
        .execute(
            "UPDATE reports SET title = COALESCE(?1, title), status = COALESCE(?2, status), \
             sections = COALESCE(?3, sections), revision = ?4 WHERE id = ?5",
            args![patch.title, patch.status, patch.sections, revision, id],
        )
        .await?;
    if patch.group.is_some() {
        members(session, id, group).await?;
    }
    saved(session, id, report, group).await
}

async fn members(session: &mut Session, report: i64, group: &BTreeSet<i64>) -> sqlx::Result<()> {
    session.execute("DELETE FROM custom_members WHERE report_id = ?", args![report]).await?;
    for student in group {
        let sql = "INSERT INTO custom_members (report_id, student_id) VALUES (?, ?)";
        session.execute(sql, args![report, *student]).await?;
    }
    Ok(())
}

async fn saved(
    session: &mut Session,
    id: i64,
    report: ReportFacts,
    group: &BTreeSet<i64>,
) -> sqlx::Result<Saved> {
    type Row = (String, String, String, Option<String>, Option<String>, i64);
    let (title, status, week_start, subject, sections, revision): Row = session
        .row(
            "SELECT r.title, r.status, r.week_start, s.name, r.sections, r.revision FROM reports r \
             LEFT JOIN subjects s ON s.id = r.subject_id WHERE r.id = ?",
            args![id],
        )
        .await?;
    Ok(Saved {
        id,
        report_type: report.kind.as_str(),
        title,
        status,
        week_start,
        student_id: report.student,
        class_id: report.class,
        subject,
        author_id: report.author,
        sections: sections.map(|sections| sections.split(',').map(str::to_owned).collect()),
        members: group.clone(),
        revision,
    })
}
