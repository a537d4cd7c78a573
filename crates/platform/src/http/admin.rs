//! The management API of the cache, for staff.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, RawQuery, State};
use futures::{StreamExt as _, stream};
use report_cache::{Filters, HitRate, QueryRules, ReportCache, ReportFacts, ReportKey, Stats, StoreError};
use serde::{Deserialize, Serialize};

use super::auth::Staff;
use super::params::{number, one, unknown};
use super::problem::Problem;
use super::reports;
use crate::Service;
use crate::db::Purpose;
use crate::domain::{Links, Person, ReportKind, Role};

/// Readers warmed per report when the request names none.
const READERS_MAX: usize = 50;
/// (report, reader) pairs one request may warm.
const PAIRS_MAX: usize = 5_000;
/// Reports computed at once while warming; leaves connections to people who wait.
const AT_ONCE: usize = 4;
/// What lists and exports have for a report's id in their keys.
const COLLECTIONS: u64 = 0;
/// The longest window the hit rate is kept for.
const WINDOW_MAX_SECS: i64 = 3_600;

static HIT_RATE: LazyLock<QueryRules> =
    LazyLock::new(|| QueryRules::new().param("role", None).param("window", None));

/// `GET /api/reports/cache/stats/`
pub(super) async fn stats(_: Staff, State(service): State<Arc<Service>>) -> Result<Json<Stats>, Problem> {
    service.cache.stats().await.map(Json).map_err(store_failed)
}

/// `GET /api/reports/cache/hit-rate/?role=&window=`
pub(super) async fn hit_rate(
    _: Staff,
    State(service): State<Arc<Service>>,
    RawQuery(query): RawQuery,
) -> Result<Json<HitRate>, Problem> {
    Ok(Json(Asked::read(query.as_deref())?.of(&service.cache)))
}

/// Which part of the hit rate is asked for; absent means all.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    role: Option<Role>,
    /// The last so many seconds of wall time.
    window: Option<Duration>,
}

impl Asked {
    fn read(query: Option<&str>) -> Result<Self, Problem> {
        let filters = HIT_RATE.filters(query).map_err(|error| Problem::BadRequest(error.to_string()))?;
        let role = one(&filters, "role")?
            .map(|text| {
                let reads = Role::parse(text).filter(|role| *role != Role::Staff);
                reads.ok_or_else(|| unknown("role", text, "teacher, tutor, student, parent"))
            })
            .transpose()?;
        let seconds = number(&filters, "window", WINDOW_MAX_SECS)?;
        Ok(Self { role, window: seconds.map(|seconds| Duration::from_secs(seconds.unsigned_abs())) })
    }

    fn of(&self, cache: &ReportCache) -> HitRate {
        cache.hit_rate_of(self.role.map(Role::as_str), self.window)
    }
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
    // The cache's number for lists and exports, which are no report: they go by person.
    if report_id == COLLECTIONS {
        return Err(Problem::NotFound);
    }
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
    let links = service.relations.refresh(&service.db).await?;
    let pairs = pairs(&links, &request)?;
    let total = pairs.len();
    let cached = stream::iter(pairs)
        .map(|(report, reader)| warm_one(&service, report, reader))
        .buffer_unordered(AT_ONCE)
        .filter(|cached| std::future::ready(*cached))
        .count()
        .await;
    Ok(Json(Warmed { total, cached, failed: total - cached }))
}

/// Whom to warm what for, each pair once. A report that is not there, or a reader it does not concern,
/// stays in and fails.
fn pairs(links: &Links, request: &WarmRequest) -> Result<BTreeSet<(i64, Option<i64>)>, Problem> {
    let refuse = |why: String| Err(Problem::Unprocessable(why));
    let Some(kind) = ReportKind::parse(&request.report_type) else {
        return refuse(format!(
            "report_type cannot be {:?}; use student_progress, grade_distribution, analytics or custom",
            request.report_type
        ));
    };
    let mut pairs = BTreeSet::new();
    for &id in &request.report_ids {
        let report = links.report(id);
        if report.is_some_and(|report| report.kind != kind) {
            return refuse(format!("report {id} is not a {} report", kind.as_str()));
        }
        match (&request.user_ids, report) {
            (Some(users), _) => pairs.extend(users.iter().map(|&user| (id, Some(user)))),
            (None, Some(report)) => {
                let readers = links.readers_of(report).into_iter().take(READERS_MAX);
                pairs.extend(readers.map(|user| (id, Some(user))));
            }
            (None, None) => {
                pairs.insert((id, None));
            }
        }
        if pairs.len() > PAIRS_MAX {
            return refuse(format!("that is more than {PAIRS_MAX} reports and readers; ask in parts"));
        }
    }
    Ok(pairs)
}

/// Whether the reader's first read will now be a hit.
async fn warm_one(service: &Service, id: i64, reader: Option<i64>) -> bool {
    let links = service.relations.now();
    let Some((facts, reader)) = reader.and_then(|reader| entitled(&links, id, reader)) else {
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

fn entitled(links: &Links, id: i64, reader: i64) -> Option<(ReportFacts, &Person)> {
    let report = links.report(id)?;
    let reader = links.person(reader)?;
    if !links.may_read(reader, report) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hit_rate_is_asked_for_by_role_and_window() {
        let all = Asked { role: None, window: None };
        assert_eq!(Asked::read(None).unwrap(), all);
        let minute = Some(Duration::from_secs(60));
        let teachers = Asked { role: Some(Role::Teacher), window: minute };
        assert_eq!(Asked::read(Some("role=teacher&window=60")).unwrap(), teachers);
        for query in ["role=staff", "role=ghost", "window=0", "window=3601", "window=1m", "since=60"] {
            let problem = Asked::read(Some(query)).unwrap_err();
            assert!(matches!(problem, Problem::BadRequest(_)), "{query}: {problem}");
        }
    }
}
