//! Paths and what answers them.

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::Response;
use axum::routing::{delete, get, patch, post, put};
use http::HeaderValue;
use http::header::CACHE_CONTROL;

use report_cache::headers::{CACHE_STATUS, X_CACHE};

use super::problem::Problem;
use super::{
    admin, answers, assignments, auth, authoring, events, grades, health, links, materials, metrics, people,
    reports,
};
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
        .route("/api/reports/cache/events/", get(events::list))
        .route("/api/reports/cache/warm/", post(admin::warm))
        .route("/api/reports/cache/{report_id}/", delete(admin::forget));
    let writes = Router::new()
        .route("/api/answers/{id}/grade/", patch(grades::one))
        .route("/api/answers/grades/", post(grades::many))
        .route("/api/assignments/{id}/submissions/", post(assignments::submit))
        .route("/api/materials/{id}/progress/", put(materials::put_material))
        .route("/api/elements/{id}/progress/", put(materials::put_element))
        .route("/api/reports/", post(authoring::create))
        .route("/api/reports/{id}/", patch(authoring::change).delete(authoring::delete))
        .route(
            "/api/students/{id}/guardians/{parent_id}/",
            put(links::put_guardian).delete(links::delete_guardian),
        )
        .route("/api/students/{id}/tutors/{tutor_id}/", put(links::put_tutor).delete(links::delete_tutor))
        .route("/api/students/{id}/class/", put(links::put_class))
        .route(
            "/api/classes/{id}/teachers/{subject}/",
            put(links::put_teacher).delete(links::delete_teacher),
        );
    Router::new()
        .merge(reports)
        .merge(writes)
        .merge(management)
        .route("/api/login/", post(auth::login))
        .route("/api/people/", get(people::list))
        .route("/api/answers/", get(answers::list))
        .route("/api/assignments/", get(assignments::list))
        .route("/api/materials/", get(materials::list))
        .route("/metrics", get(metrics::page))
        .route("/healthz", get(health::health))
        .fallback(|| async { Problem::NotFound })
        .layer(map_response(unless_cached))
        .layer(from_fn_with_state(service.clone(), metrics::count))
        .with_state(service)
}

/// What the cache does not answer for, nobody keeps: a browser may keep even a 404 of its own accord
/// (RFC 9110 §15.1), and nothing would tell it of the report that was written since. Nor does such an answer
/// speak of caches: the hit of the totals alone would read as one of the cache.
async fn unless_cached(mut response: Response) -> Response {
    let no_store = HeaderValue::from_static("private, no-store");
    let headers = response.headers_mut();
    headers.entry(CACHE_CONTROL).or_insert(no_store);
    if !headers.contains_key(X_CACHE) {
        headers.remove(CACHE_STATUS);
    }
    response
}
