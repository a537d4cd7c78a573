//! The stream of what was removed from the cache, for staff and auditors.

use std::sync::{Arc, LazyLock};

use axum::Json;
use axum::extract::{RawQuery, State};
use report_cache::{Event, QueryRules};
use serde::Serialize;

use super::auth::Staff;
use super::params::{number, one, unknown};
use super::problem::Problem;
use crate::Service;

const LIMIT: i64 = 100;
const LIMIT_MAX: i64 = 1_000;

static PARAMS: LazyLock<QueryRules> =
    LazyLock::new(|| QueryRules::new().param("after", None).param("limit", Some("100")));

#[derive(Serialize)]
pub(super) struct Events {
    count: usize,
    /// What to give as `after` for those that come next; null when there were none.
    last: Option<String>,
    /// Oldest first.
    results: Vec<Named>,
}

#[derive(Serialize)]
struct Named {
    id: String,
    #[serde(flatten)]
    event: Event,
}

/// `GET /api/reports/cache/events/?after=&limit=`
pub(super) async fn list(
    _: Staff,
    State(service): State<Arc<Service>>,
    RawQuery(query): RawQuery,
) -> Result<Json<Events>, Problem> {
    let filters = PARAMS.filters(query.as_deref()).map_err(|error| Problem::BadRequest(error.to_string()))?;
    let limit = number(&filters, "limit", LIMIT_MAX)?.unwrap_or(LIMIT);
    let limit = usize::try_from(limit).map_err(|error| Problem::BadRequest(error.to_string()))?;
    let after = one(&filters, "after")?;
    if let Some(id) = after
        && !names_an_event(id, service.store)
    {
        return Err(unknown("after", id, "the id of an event, as results give it"));
    }
    let events =
        service.cache.events(after, limit).await.map_err(|error| Problem::Store(error.to_string()))?;
    let results: Vec<Named> = events.into_iter().map(|(id, event)| Named { id, event }).collect();
    let last = results.last().map(|named| named.id.clone());
    Ok(Json(Events { count: results.len(), last, results }))
}

/// Memory counts its events; Redis names each by a time and a number.
fn names_an_event(id: &str, store: &str) -> bool {
    let parts: Vec<&str> = id.split('-').collect();
    let is_number =
        |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit()) && part.parse::<u64>().is_ok();
    parts.iter().all(is_number) && parts.len() <= if store == "redis" { 2 } else { 1 }
}
