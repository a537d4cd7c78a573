//! What seeding a full school takes, and what each kind of read costs uncached and cached.
//!
//! `cargo run -p platform --example cost`. In process, without a socket; one reader at a time.

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use http::Request;
use platform::{Config, Size};
use serde_json::{Value, json};
use tower::ServiceExt as _;

/// Reads per arm; the median is printed.
const READS: usize = 25;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let size = if std::env::args().any(|arg| arg == "--small") { Size::small() } else { Size::default() };
    let config = Config { size, ..Config::default() };
    let started = Instant::now();
    let platform = platform::start(&config).await?;
    println!("start: {:.2?}; {}", started.elapsed(), serde_json::to_string(&platform.population())?);
    let router = platform.router();
    for username in ["teacher-1", "tutor-1", "student-1", "parent-1"] {
        let body = json!({ "username": username, "password": config.password }).to_string();
        let login =
            Request::post("/api/login/").header("content-type", "application/json").body(body.into())?;
        let token = send(&router, login).await?.1["token"].as_str().unwrap_or_default().to_owned();
        let mut targets = vec![
            "/api/reports/?page_size=100".to_owned(),
            "/api/reports/".to_owned(),
            "/api/reports/export/".to_owned(),
            "/api/reports/export/?format=csv".to_owned(),
        ];
        for kind in ["student_progress", "grade_distribution", "analytics", "custom"] {
            let list = format!("/api/reports/?type={kind}&page_size=1");
            let (_, list) = send(&router, request(&list, &token, "max-age=0")?).await?;
            if let Some(id) = list["results"][0]["id"].as_i64() {
                println!("  {username}: /{id}/ is {kind}");
                targets.extend([format!("/api/reports/{id}/"), format!("/api/reports/{id}/stats/")]);
            }
        }
        for target in targets {
            let (uncached, bytes) = median(&router, &target, &token, ("no-cache", "BYPASS")).await?;
            send(&router, request(&target, &token, "max-age=0")?).await?;
            let (cached, cached_bytes) = median(&router, &target, &token, ("max-age=0", "HIT")).await?;
            assert_eq!(cached_bytes, bytes, "{target}");
            let ratio = uncached.as_secs_f64() / cached.as_secs_f64();
            println!(
                "{username:10} {target:36} {bytes:8} B  {uncached:>9.2?}  cached {cached:>9.2?}  {ratio:6.0}x"
            );
        }
    }
    Ok(())
}

fn request(target: &str, token: &str, cache_control: &str) -> http::Result<Request<Body>> {
    Request::get(target)
        .header("authorization", format!("Bearer {token}"))
        .header("cache-control", cache_control)
        .body(Body::empty())
}

async fn median(
    router: &Router,
    target: &str,
    token: &str,
    (cache_control, expected): (&str, &str),
) -> Result<(Duration, usize), Box<dyn std::error::Error>> {
    let mut took = Vec::with_capacity(READS);
    let mut bytes = 0;
    for _ in 0..READS {
        let request = request(target, token, cache_control)?;
        let started = Instant::now();
        let response = router.clone().oneshot(request).await?;
        let source = response.headers().get("x-cache").cloned();
        bytes = to_bytes(response.into_body(), usize::MAX).await?.len();
        took.push(started.elapsed());
        if source.is_none_or(|source| source != expected) {
            return Err(format!("{target} was not a {expected}").into());
        }
    }
    took.sort_unstable();
    Ok((took[READS / 2], bytes))
}

async fn send(router: &Router, request: Request<Body>) -> Result<(usize, Value), Box<dyn std::error::Error>> {
    let response = router.clone().oneshot(request).await?;
    let body = to_bytes(response.into_body(), usize::MAX).await?;
    Ok((body.len(), serde_json::from_slice(&body).unwrap_or(Value::Null)))
}
