//! Paths and what answers them.

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{delete, get, patch, post};

use super::problem::Problem;
use super::{admin, answers, auth, health, metrics, people, reports};
use crate::Service;
use crate::classify::ReportClassifier;

/// The whole service.
pub(crate) fn router(service: Arc<Service>) -> Router {
    let classifier = ReportClassifier::new(&service);
    let reports = Router::new()
        .route("/api/reports/", get(reports::list))
        .route("/api/reports/export/", get(reports::export))
        .route("/api/reports/{id}/", get(reports::retrieve))
        .route("/api/reports/{id}/stats/", get(reports::stats))
        .layer(service.cache.layer(classifier));
    let management = Router::new()
        .route("/api/reports/cache/", delete(admin::clear))
        .route("/api/reports/cache/stats/", get(admin::stats))
        .route("/api/reports/cache/hit-rate/", get(admin::hit_rate))
        .route("/api/reports/cache/warm/", post(admin::warm))
        .route("/api/reports/cache/{report_id}/", delete(admin::forget));
    Router::new()
        .merge(reports)
        .merge(management)
        .route("/api/login/", post(auth::login))
        .route("/api/people/", get(people::list))
        .route("/api/answers/", get(answers::list))
        .route("/api/answers/{id}/grade/", patch(answers::grade))
        .route("/metrics", get(metrics::page))
        .route("/healthz", get(health::health))
        .fallback(|| async { Problem::NotFound })
        .layer(from_fn_with_state(service.clone(), metrics::count))
        .with_state(service)
}
