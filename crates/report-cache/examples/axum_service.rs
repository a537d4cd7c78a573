//! A service of your own with the report cache before it.
//!
//! `cargo run -p report-cache --example axum_service [redis://127.0.0.1:6379]`, then
//!
//! ```text
//! curl -i -H 'Authorization: Bearer teacher-7' http://127.0.0.1:8080/reports/42            # MISS, then HIT
//! curl -i -H 'Authorization: Bearer teacher-7' -X POST http://127.0.0.1:8080/grades/42/90  # a write
//! curl -i -H 'Authorization: Bearer teacher-7' http://127.0.0.1:8080/reports/42            # MISS: new grade
//! ```

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use http::request::Parts;
use report_cache::{
    CacheConfig, Classify, Invalidation, Limits, MemoryStore, QueryRules, Reason, RedisStore, ReportCache,
    ReportFacts, ReportKey, ReportType, Store,
};
use serde_json::{Value, json};

/// Who may read what. A real one verifies a signed token, and looks up the reader's reports in an index
/// in memory: no database query before the lookup.
struct Reports {
    retrieve: QueryRules,
}

impl Classify for Reports {
    fn classify(&self, request: &Parts) -> Option<ReportFacts> {
        let token = request.headers.get("authorization")?.to_str().ok()?;
        let user_id = token.strip_prefix("Bearer teacher-")?.parse().ok()?;
        let report_id = request.uri.path().strip_prefix("/reports/")?.parse().ok()?;
        // An unknown parameter is the service's to refuse.
        let filters = self.retrieve.filters(request.uri.query()).ok()?;
        Some(ReportFacts {
            key: ReportKey::new(report_id, user_id, &filters),
            report_type: ReportType::Analytics,
            role: "teacher",
        })
    }
}

#[derive(Clone)]
struct App {
    cache: ReportCache,
    /// Stands for the database.
    grade: Arc<AtomicU64>,
}

async fn report(State(app): State<App>, Path(id): Path<u64>) -> Json<Value> {
    Json(json!({ "report": id, "average": app.grade.load(Ordering::SeqCst) }))
}

/// Commit first, then invalidate, then acknowledge.
async fn grade(State(app): State<App>, Path((_report, score)): Path<(u64, u64)>) -> StatusCode {
    app.grade.store(score, Ordering::SeqCst);
    let readers = [(7, ReportType::Analytics)];
    let event = Invalidation { reason: Reason::GradeChanged, scopes: readers.to_vec() };
    // A store that is away must not fail the write: this node makes it good before it reads again.
    if let Err(error) = app.cache.invalidate(&event).await {
        tracing::warn!(%error, "invalidation is owed");
    }
    StatusCode::NO_CONTENT
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let store: Arc<dyn Store> = match std::env::args().nth(1) {
        Some(url) => Arc::new(RedisStore::connect(&url, "school:").await?),
        None => Arc::new(MemoryStore::new(Limits::default())),
    };
    let cache = ReportCache::new(store, CacheConfig::default());
    // What an outage left undone is made good though nobody reads from this node.
    cache.keep_replaying(Duration::from_secs(1));
    let app = App { cache: cache.clone(), grade: Arc::new(AtomicU64::new(70)) };

    let router = Router::new()
        .route("/reports/{id}", get(report))
        .route("/grades/{report}/{score}", post(grade))
        .with_state(app)
        .layer(cache.layer(Reports { retrieve: QueryRules::new().param("section", None) }));

    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    axum::serve(listener, router).await?;
    Ok(())
}
