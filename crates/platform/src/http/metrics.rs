//! The Prometheus page, and the count of requests.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use prometheus::{Gauge, IntCounterVec, Opts, Registry, TextEncoder};

use super::problem::Problem;
use crate::Service;

/// Requests answered, by route template and status class.
#[derive(Clone)]
pub(crate) struct Requests(IntCounterVec);

impl Requests {
    /// Registers the counter, and when the process started.
    pub(crate) fn register(registry: &Registry) -> prometheus::Result<Self> {
        let requests = IntCounterVec::new(
            Opts::new("platform_requests_total", "Requests answered."),
            &["route", "status"],
        )?;
        registry.register(Box::new(requests.clone()))?;
        let start =
            Gauge::new("process_start_time_seconds", "When the service started, in seconds since 1970.")?;
        start.set(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64()));
        registry.register(Box::new(start))?;
        Ok(Self(requests))
    }
}

/// Counts every answer, a cached one too.
pub(super) async fn count(
    State(service): State<Arc<Service>>,
    route: Option<MatchedPath>,
    request: Request,
    next: Next,
) -> Response {
    let response = next.run(request).await;
    let route = route.as_ref().map_or("unmatched", MatchedPath::as_str);
    service.requests.0.with_label_values(&[route, class(response.status())]).inc();
    response
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}

/// `GET /metrics`
pub(super) async fn page(State(service): State<Arc<Service>>) -> Result<Response, Problem> {
    // Brings the gauges up to date; with the store away they keep their last values.
    if let Err(error) = service.cache.stats().await {
        tracing::warn!(%error, "the cache's gauges are out of date");
    }
    let text = TextEncoder::new()
        .encode_to_string(&service.registry.gather())
        .map_err(|error| Problem::Internal(error.to_string()))?;
    Ok(([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response())
}
