//! Reports: list, retrieve, statistics, export. Computed on every call, from the totals or, where the
//! layer was bypassed, from the rows; caching is the layer's business.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::{FromRequestParts, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Uri, header};
use report_cache::Bypass;
use serde::Serialize;

use super::auth::Reader;
use super::params::{Asked, Format, Selection, asked};
use super::problem::Problem;
use crate::Service;
use crate::db::{Purpose, Session};
use crate::domain::Person;
use crate::report::{self, Found, Header, Source};

const JSON: &str = "application/json";
const CSV: &str = "text/csv; charset=utf-8";
const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");
/// L2's member (RFC 9211 §2.1): the totals answered; nothing went on to the rows.
const TOTALS: &str = "school-totals; hit";

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

/// Whether the layer asked to leave the totals aside.
pub(super) struct Around(bool);

impl<S: Sync> FromRequestParts<S> for Around {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.extensions.get::<Bypass>().is_some()))
    }
}

impl Around {
    fn source(self, service: &Service) -> Source<'_> {
        if self.0 { Source::Rows } else { Source::Totals(&service.classes) }
    }
}

/// `GET /api/reports/`
pub(super) async fn list(
    State(service): State<Arc<Service>>,
    Reader(reader): Reader,
    around: Around,
    uri: Uri,
) -> Result<Response, Problem> {
    let (Asked::List(selection), _) = asked(&uri)? else { return Err(Problem::NotFound) };
    let source = around.source(&service);
    let mut session = service.db.read(Purpose::Report).await?;
    let Selection { filter, ordering, page } = &selection;
    let listed = report::select(&mut session, &reader, filter, *ordering, *page).await?;
    let rows = report::rows(&mut session, source, listed.headers).await?;
    session.commit().await?;
    let revision = rows.iter().map(|row| row.revision).max();
    Ok(typed(JSON, source, many(&reader, listed.count, &selection, revision, rows)?))
}

/// `GET /api/reports/export/`
pub(super) async fn export(
    State(service): State<Arc<Service>>,
    Reader(reader): Reader,
    around: Around,
    uri: Uri,
) -> Result<Response, Problem> {
    let (Asked::Export(selection, format), _) = asked(&uri)? else { return Err(Problem::NotFound) };
    let source = around.source(&service);
    let mut session = service.db.read(Purpose::Report).await?;
    let Selection { filter, ordering, page } = &selection;
    let listed = report::select(&mut session, &reader, filter, *ordering, *page).await?;
    let reports = report::compute(&mut session, source, listed.headers).await?;
    session.commit().await?;
    let revision = reports.iter().map(|report| report.revision).max();
    let body = many(&reader, listed.count, &selection, revision, reports)?;
    Ok(match format {
        Format::Json => typed(JSON, source, body),
        Format::Csv => typed(CSV, source, report::csv(&serde_json::from_slice(&body)?).into()),
    })
}

/// `GET /api/reports/{id}/`
pub(super) async fn retrieve(
    State(service): State<Arc<Service>>,
    Reader(reader): Reader,
    around: Around,
    uri: Uri,
) -> Result<Response, Problem> {
    let (Asked::Report(id), _) = asked(&uri)? else { return Err(Problem::NotFound) };
    let source = around.source(&service);
    Ok(typed(JSON, source, one(&service, &reader, id, source, Purpose::Report).await?))
}

/// `GET /api/reports/{id}/stats/`
pub(super) async fn stats(
    State(service): State<Arc<Service>>,
    Reader(reader): Reader,
    around: Around,
    uri: Uri,
) -> Result<Response, Problem> {
    let (Asked::Stats(id), _) = asked(&uri)? else { return Err(Problem::NotFound) };
    let source = around.source(&service);
    let mut session = service.db.read(Purpose::Report).await?;
    let header = theirs(&mut session, id, &reader).await?;
    let report = report::stats(&mut session, source, header).await?;
    session.commit().await?;
    Ok(typed(JSON, source, serde_json::to_vec(&One { reader: (&reader).into(), report })?.into()))
}

/// The body of a retrieved report. Warming uses it too, so that what it stores is what a read gets.
pub(super) async fn full(
    service: &Service,
    reader: &Person,
    id: i64,
    purpose: Purpose,
) -> Result<Bytes, Problem> {
    one(service, reader, id, Source::Totals(&service.classes), purpose).await
}

async fn one(
    service: &Service,
    reader: &Person,
    id: i64,
    source: Source<'_>,
    purpose: Purpose,
) -> Result<Bytes, Problem> {
    let mut session = service.db.read(purpose).await?;
    let header = theirs(&mut session, id, reader).await?;
    let mut reports = report::compute(&mut session, source, vec![header]).await?;
    session.commit().await?;
    let report = reports.pop().ok_or(Problem::NotFound)?;
    Ok(serde_json::to_vec(&One { reader: reader.into(), report })?.into())
}

/// 404 for a report that is not there, 403 for one that does not concern the reader. The rows decide, in
/// the transaction that computes: the index in memory may be behind another process, and a link may have
/// been cut since it was asked.
async fn theirs(session: &mut Session, id: i64, reader: &Person) -> Result<Header, Problem> {
    match Header::find(session, id, reader).await? {
        Found::Absent => Err(Problem::NotFound),
        Found::Foreign => Err(Problem::Forbidden),
        Found::Theirs(header) => Ok(header),
    }
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

/// The layer writes its own member of `Cache-Status` after ours: members stand in the order an answer
/// passed the caches (RFC 9211 §2).
fn typed(content_type: &'static str, source: Source<'_>, body: Bytes) -> Response {
    let mut response = ([(header::CONTENT_TYPE, content_type)], body).into_response();
    match source {
        Source::Rows => {}
        Source::Totals(_) => {
            response.headers_mut().insert(CACHE_STATUS, HeaderValue::from_static(TOTALS));
        }
    }
    response
}
