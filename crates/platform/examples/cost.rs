//! What each kind of read costs: uncached, as a miss, as the miss of a class's next reader, and as a hit.
//!
//! `cargo run -p platform --example cost [-- --small]` writes a table of tab-separated values to standard
//! output, one line a view and report type; how long seeding took goes to standard error. In process,
//! without a socket; one reader at a time. Queries are the most that a read took, times are medians.

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use http::Request;
use platform::{Config, Platform, Size};
use serde_json::{Value, json};
use tower::ServiceExt as _;

/// Reports, or repeated reads of a list, that a line is measured on.
const READS: usize = 25;
const HEAD: &str = "view\treport_type\treader\tn\tbytes\tuncached_queries\tmiss_queries\tnext_miss_queries\t\
                    uncached_ms\tmiss_ms\tnext_miss_ms\thit_ms";

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let size = if std::env::args().any(|arg| arg == "--small") { Size::small() } else { Size::default() };
    let config = Config { size, ..Config::default() };
    let started = Instant::now();
    let platform = platform::start(&config).await?;
    eprintln!("start: {:.2?}; {}", started.elapsed(), serde_json::to_string(&platform.population())?);
    let bench = Bench { router: platform.router(), platform, password: config.password };
    println!("{HEAD}");
    let teacher = bench.login("teacher-1").await?;
    for (view, target) in [
        ("list of 100", "/api/reports/?page_size=100"),
        ("list", "/api/reports/"),
        ("export of 50", "/api/reports/export/"),
        ("export of 50 as csv", "/api/reports/export/?format=csv"),
    ] {
        bench.line(view, "any", ("teacher-1", &teacher), vec![target.to_owned(); READS]).await?;
    }
    for (reader, kinds) in [
        ("teacher-1", ["student_progress", "grade_distribution", "analytics"].as_slice()),
        ("tutor-1", ["custom"].as_slice()),
    ] {
        let token = bench.login(reader).await?;
        for kind in kinds {
            let list = format!("/api/reports/?type={kind}&page_size={READS}");
            let list = bench.read(&list, &token, "no-cache", "BYPASS").await?;
            let list: Value = serde_json::from_slice(&list.body)?;
            let ids: Vec<i64> = list["results"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|row| row["id"].as_i64())
                .collect();
            for (view, path) in [("report", ""), ("stats", "stats/")] {
                let targets = ids.iter().map(|id| format!("/api/reports/{id}/{path}")).collect();
                bench.line(view, kind, (reader, &token), targets).await?;
            }
        }
    }
    Ok(())
}

struct Bench {
    router: Router,
    platform: Platform,
    password: String,
}

/// One read.
struct Read {
    body: Vec<u8>,
    took: Duration,
    queries: u64,
}

/// What one way of reading took, over all targets.
#[derive(Default)]
struct Arm {
    took: Vec<Duration>,
    queries: u64,
}

impl Arm {
    fn add(&mut self, read: &Read) {
        self.took.push(read.took);
        self.queries = self.queries.max(read.queries);
    }

    /// Empty when nothing was read.
    fn median_ms(&self) -> String {
        let mut took = self.took.clone();
        took.sort_unstable();
        took.get(took.len() / 2).map(|took| format!("{:.3}", took.as_secs_f64() * 1e3)).unwrap_or_default()
    }
}

impl Bench {
    async fn line(
        &self,
        view: &str,
        kind: &str,
        (reader, token): (&str, &str),
        targets: Vec<String>,
    ) -> Result<(), Failure> {
        let [mut uncached, mut miss, mut next, mut hit] = <[Arm; 4]>::default();
        let mut bytes = 0;
        for target in &targets {
            let computed = self.read(target, token, "no-cache", "BYPASS").await?;
            for arm in [&mut miss, &mut next] {
                self.platform.cache().clear().await?;
                let read = self.read(target, token, "max-age=0", "MISS").await?;
                if read.body != computed.body {
                    return Err(format!("{target}: the totals say something else than the rows").into());
                }
                arm.add(&read);
            }
            hit.add(&self.read(target, token, "max-age=0", "HIT").await?);
            bytes = bytes.max(computed.body.len());
            uncached.add(&computed);
        }
        println!(
            "{view}\t{kind}\t{reader}\t{}\t{bytes}\t{}\t{}\t{}\t{}\t{}\t{}\t{}",
            targets.len(),
            uncached.queries,
            miss.queries,
            next.queries,
            uncached.median_ms(),
            miss.median_ms(),
            next.median_ms(),
            hit.median_ms()
        );
        Ok(())
    }

    async fn read(
        &self,
        target: &str,
        token: &str,
        cache_control: &str,
        expected: &str,
    ) -> Result<Read, Failure> {
        let request = Request::get(target)
            .header("authorization", format!("Bearer {token}"))
            .header("cache-control", cache_control)
            .body(Body::empty())?;
        let before = self.queries().await?;
        let started = Instant::now();
        let response = self.router.clone().oneshot(request).await?;
        let source = response.headers().get("x-cache").cloned();
        let body = to_bytes(response.into_body(), usize::MAX).await?.to_vec();
        let took = started.elapsed();
        if source.is_none_or(|source| source != expected) {
            return Err(format!("{target} was not a {expected}").into());
        }
        Ok(Read { body, took, queries: self.queries().await? - before })
    }

    /// Statements sent for reports so far.
    async fn queries(&self) -> Result<u64, Failure> {
        let page = self.router.clone().oneshot(Request::get("/metrics").body(Body::empty())?).await?;
        let page = String::from_utf8(to_bytes(page.into_body(), usize::MAX).await?.to_vec())?;
        let sample = "platform_db_queries_total{purpose=\"report\"} ";
        let value = page.lines().find_map(|line| line.strip_prefix(sample)).ok_or("no counter of queries")?;
        Ok(value.parse()?)
    }

    async fn login(&self, username: &str) -> Result<String, Failure> {
        let body = json!({ "username": username, "password": self.password }).to_string();
        let login = Request::post("/api/login/").header("content-type", "application/json");
        let response = self.router.clone().oneshot(login.body(Body::from(body))?).await?;
        let body: Value = serde_json::from_slice(&to_bytes(response.into_body(), usize::MAX).await?)?;
        Ok(body["token"].as_str().ok_or("the login gave no token")?.to_owned())
    }
}
