//! The management API of the cache, for staff.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use futures::{StreamExt as _, stream};
use report_cache::{Filters, HitRate, ReportFacts, ReportKey, Stats, StoreError};
use serde::{Deserialize, Serialize};

use super::auth::Staff;
use super::problem::Problem;
use super::reports;
use crate::Service;
use crate::db::Purpose;
use crate::domain::{Person, ReportKind};

/// Readers warmed per report when the request names none.
const READERS_MAX: usize = 50;
/// (report, reader) pairs one request may warm.
const PAIRS_MAX: usize = 5_000;
/// Reports computed at once while warming; leaves connections to people who wait.
const AT_ONCE: usize = 4;

/// `GET /api/reports/cache/stats/`
pub(super) async fn stats(_: Staff, State(service): State<Arc<Service>>) -> Result<Json<Stats>, Problem> {
    service.cache.stats().await.map(Json).map_err(store_failed)
}

/// `GET /api/reports/cache/hit-rate/`
pub(super) async fn hit_rate(_: Staff, State(service): State<Arc<Service>>) -> Json<HitRate> {
    Json(service.cache.hit_rate())
}

#[derive(Serialize)]
pub(super) struct Cleared {
    message: &'static str,
    invalidated_keys: u64,
}

/// `DELETE /api/reports/cache/`
pub(super) async fn clear(_: Staff, State(service): State<Arc<Service>>) -> Result<Json<Cleared>, Problem> {
    let invalidated_keys = service.cache.clear().await.map_err(store_failed)?;
    Ok(Json(Cleared { message: "all cached reports were removed", invalidated_keys }))
}

#[derive(Serialize)]
pub(super) struct Forgotten {
    message: &'static str,
    report_id: u64,
    invalidated_keys: u64,
}

/// `DELETE /api/reports/cache/{report_id}/`
pub(super) async fn forget(
    _: Staff,
    State(service): State<Arc<Service>>,
    Path(report_id): Path<String>,
) -> Result<Json<Forgotten>, Problem> {
    let report_id: u64 = report_id.parse().map_err(|_| Problem::NotFound)?;
    let invalidated_keys = service.cache.forget_report(report_id).await.map_err(store_failed)?;
    Ok(Json(Forgotten {
        message: "every cached variant of the report was removed",
        report_id,
        invalidated_keys,
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WarmRequest {
    report_ids: Vec<i64>,
    report_type: String,
    /// Absent: the author and the persons concerned, up to [`READERS_MAX`] a report.
    user_ids: Option<Vec<i64>>,
}

/// Counted in (report, reader).
#[derive(Serialize)]
pub(super) struct Warmed {
    total: usize,
    cached: usize,
    failed: usize,
}

/// `POST /api/reports/cache/warm/`
pub(super) async fn warm(
    _: Staff,
    State(service): State<Arc<Service>>,
    body: Result<Json<WarmRequest>, JsonRejection>,
) -> Result<Json<Warmed>, Problem> {
    let Json(request) = body?;
    let pairs = pairs(&service, &request)?;
    let total = pairs.len();
    let cached = stream::iter(pairs)
        .map(|(report, reader)| warm_one(&service, report, reader))
        .buffer_unordered(AT_ONCE)
        .filter(|cached| std::future::ready(*cached))
        .count()
        .await;
    Ok(Json(Warmed { total, cached, failed: total - cached }))
}

/// Whom to warm what for. A report that is not there, or a reader it does not concern, stays in and fails.
fn pairs(service: &Service, request: &WarmRequest) -> Result<Vec<(i64, Option<i64>)>, Problem> {
    let refuse = |why: String| Err(Problem::Unprocessable(why));
    let Some(kind) = ReportKind::parse(&request.report_type) else {
        return refuse(format!(
            "report_type cannot be {:?}; use student_progress, grade_distribution, analytics or custom",
            request.report_type
        ));
    };
    let mut pairs = Vec::new();
    for &id in &request.report_ids {
        let report = service.relations.report(id);
        if report.is_some_and(|report| report.kind != kind) {
            return refuse(format!("report {id} is not a {} report", kind.as_str()));
        }
        match (&request.user_ids, report) {
            (Some(users), _) => pairs.extend(users.iter().map(|&user| (id, Some(user)))),
            (None, Some(report)) => {
                let readers = service.relations.readers_of(report).into_iter().take(READERS_MAX);
                pairs.extend(readers.map(|user| (id, Some(user))));
            }
            (None, None) => pairs.push((id, None)),
        }
        if pairs.len() > PAIRS_MAX {
            return refuse(format!("that is more than {PAIRS_MAX} reports and readers; ask in parts"));
        }
    }
    Ok(pairs)
}

/// Whether the reader's first read will now be a hit.
async fn warm_one(service: &Service, id: i64, reader: Option<i64>) -> bool {
    let Some((facts, reader)) = reader.and_then(|reader| entitled(service, id, reader)) else {
        return false;
    };
    match service.cache.fill(&facts, reports::full(service, reader, id, Purpose::Management)).await {
        Ok(filled) => filled.is_cached(),
        Err(error) => {
            tracing::warn!(%error, report = id, "a report could not be warmed");
            false
        }
    }
}

fn entitled(service: &Service, id: i64, reader: i64) -> Option<(ReportFacts, &Person)> {
    let report = service.relations.report(id)?;
    let reader = service.relations.person(reader)?;
    if !service.relations.may_read(reader, report) {
        return None;
    }
    // The plain read: what somebody gets who opens the report.
    let key = ReportKey::new(id.unsigned_abs(), reader.id.unsigned_abs(), &Filters::empty());
    let facts = ReportFacts { key, report_type: report.kind.cached_as(), role: reader.role.as_str() };
    Some((facts, reader))
}

fn store_failed(error: StoreError) -> Problem {
    Problem::Store(error.to_string())
}
