//! Reports: list, retrieve, statistics, export. Computed on every call; caching is the layer's business.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{Uri, header};
use serde::Serialize;

use super::auth::Reader;
use super::params::{Asked, Format, Selection, asked};
use super::problem::Problem;
use crate::Service;
use crate::db::Purpose;
use crate::domain::{Person, ReportFacts};
use crate::report::{self, Header, Report, Stats, Summary};

const JSON: &str = "application/json";
const CSV: &str = "text/csv; charset=utf-8";

/// Who asked; no two people's answers are equal.
#[derive(Serialize)]
struct ReaderView<'p> {
    user_id: i64,
    name: &'p str,
    role: &'static str,
}

impl<'p> From<&'p Person> for ReaderView<'p> {
    fn from(person: &'p Person) -> Self {
        Self { user_id: person.id, name: &person.name, role: person.role.as_str() }
    }
}

#[derive(Serialize)]
struct One<'p, T> {
    reader: ReaderView<'p>,
    #[serde(flatten)]
    report: T,
}

#[derive(Serialize)]
struct Many<'p, T> {
    reader: ReaderView<'p>,
    count: i64,
    page: i64,
    page_size: i64,
    /// The newest among `results`; null when there are none.
    revision: Option<i64>,
    results: Vec<T>,
}

#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    header: Header,
    revision: i64,
    summary: Summary,
}

/// `GET /api/reports/`
pub(super) async fn list(
    State(service): State<Arc<Service>>,
    Reader(reader): Reader,
    uri: Uri,
) -> Result<Response, Problem> {
    let (Asked::List(selection), _) = asked(&uri)? else { return Err(Problem::NotFound) };
    let mut session = service.db.read(Purpose::Report).await?;
    let Selection { filter, ordering, page } = &selection;
    let listed = report::select(&mut session, &reader, filter, *ordering, *page).await?;
    let mut rows = Vec::with_capacity(listed.headers.len());
    for header in listed.headers {
        let summary = report::summary(&mut session, &header).await?;
        let revision = report::revision(&mut session, &header).await?;
        rows.push(Row { header, revision, summary });
    }
    session.commit().await?;
    let revision = rows.iter().map(|row| row.revision).max();
    Ok(typed(JSON, many(&reader, listed.count, &selection, revision, rows)?))
}

/// `GET /api/reports/export/`
pub(super) async fn export(
    State(service): State<Arc<Service>>,
    Reader(reader): Reader,
    uri: Uri,
) -> Result<Response, Problem> {
    let (Asked::Export(selection, format), _) = asked(&uri)? else { return Err(Problem::NotFound) };
    let mut session = service.db.read(Purpose::Report).await?;
    let Selection { filter, ordering, page } = &selection;
    let listed = report::select(&mut session, &reader, filter, *ordering, *page).await?;
    let mut reports: Vec<Report> = Vec::with_capacity(listed.headers.len());
    for header in listed.headers {
        reports.push(report::compute(&mut session, header).await?);
    }
    session.commit().await?;
    let revision = reports.iter().map(|report| report.revision).max();
    let body = many(&reader, listed.count, &selection, revision, reports)?;
    Ok(match format {
        Format::Json => typed(JSON, body),
        Format::Csv => typed(CSV, report::csv(&serde_json::from_slice(&body)?).into()),
    })
}

/// `GET /api/reports/{id}/`
pub(super) async fn retrieve(
    State(service): State<Arc<Service>>,
    Reader(reader): Reader,
    Path(_): Path<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    let (Asked::Report(id), _) = asked(&uri)? else { return Err(Problem::NotFound) };
    permitted(&service, &reader, id)?;
    Ok(typed(JSON, full(&service, &reader, id, Purpose::Report).await?))
}

/// `GET /api/reports/{id}/stats/`
pub(super) async fn stats(
    State(service): State<Arc<Service>>,
    Reader(reader): Reader,
    Path(_): Path<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    let (Asked::Stats(id), _) = asked(&uri)? else { return Err(Problem::NotFound) };
    permitted(&service, &reader, id)?;
    let mut session = service.db.read(Purpose::Report).await?;
    let header = Header::find(&mut session, id).await?.ok_or(Problem::NotFound)?;
    let report: Stats = report::stats(&mut session, header).await?;
    session.commit().await?;
    Ok(typed(JSON, serde_json::to_vec(&One { reader: (&reader).into(), report })?.into()))
}

/// The body of a retrieved report. Warming uses it too, so that what it stores is what a read gets.
pub(super) async fn full(
    service: &Service,
    reader: &Person,
    id: i64,
    purpose: Purpose,
) -> Result<Bytes, Problem> {
    let mut session = service.db.read(purpose).await?;
    let header = Header::find(&mut session, id).await?.ok_or(Problem::NotFound)?;
    let report = report::compute(&mut session, header).await?;
    session.commit().await?;
    Ok(serde_json::to_vec(&One { reader: reader.into(), report })?.into())
}

/// 404 for a report that is not there, 403 for one that does not concern the reader.
fn permitted(service: &Service, reader: &Person, id: i64) -> Result<ReportFacts, Problem> {
    let report = service.relations.report(id).ok_or(Problem::NotFound)?;
    if service.relations.may_read(reader, report) { Ok(report) } else { Err(Problem::Forbidden) }
}

fn many<T: Serialize>(
    reader: &Person,
    count: i64,
    selection: &Selection,
    revision: Option<i64>,
    results: Vec<T>,
) -> Result<Bytes, Problem> {
    let Selection { page, .. } = selection;
    let body =
        Many { reader: reader.into(), count, page: page.number, page_size: page.size, revision, results };
    Ok(serde_json::to_vec(&body)?.into())
}

fn typed(content_type: &'static str, body: Bytes) -> Response {
    ([(header::CONTENT_TYPE, content_type)], body).into_response()
}
