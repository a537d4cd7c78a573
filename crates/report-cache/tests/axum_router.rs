//! The one line in an axum service.

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::routing::get;
use http::{Request, StatusCode};
use report_cache::{CacheConfig, Limits, MemoryStore, ReportCache};
use std::sync::Arc;
use tower::ServiceExt;

use crate::support::{Got, classify, read};

fn app() -> Router {
    let store = Arc::new(MemoryStore::new(Limits::default()));
    let cache = ReportCache::new(store, CacheConfig::default());
    Router::new()
        .route("/reports/{id}", get(|Path(id): Path<u64>| async move { format!("report {id}") }))
        .route("/healthz", get(|| async { "ok" }))
        .layer(cache.layer(classify))
}

async fn ask(app: &Router, method: &str, path: &str, etag: &str) -> Got {
    let request = Request::builder().method(method).uri(path).header("authorization", "user-7");
    let request = request.header("if-none-match", etag).body(Body::empty()).unwrap();
    read(app.clone().oneshot(request).await.unwrap()).await
}

#[tokio::test]
async fn a_router_needs_one_line() {
    let app = app();
    let miss = ask(&app, "GET", "/reports/42", "").await;
    let hit = ask(&app, "GET", "/reports/42", "").await;
    assert_eq!((miss.x_cache(), hit.x_cache()), ("MISS", "HIT"));
    assert_eq!((hit.body.as_str(), hit.header("content-length")), ("report 42", "9"));
    let head = ask(&app, "HEAD", "/reports/42", "").await;
    assert_eq!((head.x_cache(), head.body.as_str(), head.header("content-length")), ("HIT", "", "9"));
    let confirmed = ask(&app, "GET", "/reports/42", hit.header("etag")).await;
    assert_eq!((confirmed.status, confirmed.body.as_str()), (StatusCode::NOT_MODIFIED, ""));
}

#[tokio::test]
async fn head_on_a_cold_key_fills_it_through_axum() {
    let app = app();
    let head = ask(&app, "HEAD", "/reports/42", "").await;
    assert_eq!((head.x_cache(), head.body.as_str(), head.header("content-length")), ("MISS", "", "9"));
    assert_eq!(ask(&app, "GET", "/reports/42", "").await.x_cache(), "HIT");
}

#[tokio::test]
async fn routes_that_are_no_reports_are_untouched() {
    let app = app();
    let health = ask(&app, "GET", "/healthz", "*").await;
    assert_eq!((health.status, health.body.as_str(), health.x_cache()), (StatusCode::OK, "ok", ""));
    assert_eq!(ask(&app, "POST", "/reports/42", "").await.status, StatusCode::METHOD_NOT_ALLOWED);
}
