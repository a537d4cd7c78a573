//! What the stores themselves cost: `cargo bench -p report-cache --bench store [-- memory | redis]`.
//!
//! Nanoseconds of a lookup that hits, a put and an invalidation in process, and what it costs to
//! invalidate one class while 10, 1,000 and 100,000 entries of other people lie beside it: it should not
//! depend on them. For Redis (left out where redis-server is not installed) the same in round trips as a
//! service sees them.

use std::error::Error;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use report_cache::{
    Entry, Filters, Limits, Made, MemoryStore, RedisStore, ReportFacts, ReportKey, ReportType, Store,
};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Students of a class, each with two of a family and a tutor; and six teachers.
const CLASS: u64 = 30 * 4 + 6;
/// Entries of each of them: reports, statistics, lists.
const EACH: u64 = 5;
const BESIDE: [u64; 3] = [10, 1_000, 100_000];
const TTL: Duration = Duration::from_secs(3_600);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let wants = |name: &str| wanted.is_empty() || wanted.iter().any(|arg| arg == name);
    if wants("memory") {
        let store = MemoryStore::new(Limits { user_bytes: u64::MAX, total_bytes: u64::MAX });
        bench(&store, 200_000).await?;
    }
    if wants("redis") {
        match Redis::start()? {
            Some(redis) => bench(&RedisStore::connect(&redis.url, "bench:").await?, 2_000).await?,
            None => println!("redis-server is not installed: left out"),
        }
    }
    Ok(())
}

fn facts(report: u64, user: u64) -> ReportFacts {
    let key = ReportKey::new(report, user, &Filters::empty());
    ReportFacts { key, report_type: ReportType::Analytics, role: "teacher" }
}

async fn fill(store: &dyn Store, report: u64, user: u64) -> Outcome<()> {
    let facts = facts(report, user);
    let generation = store.lookup(&facts.key, facts.report_type).await?.generation;
    let made = Made { at_unix_ms: 0, took: Duration::ZERO, ttl: TTL };
    let body = Bytes::from(vec![b'x'; 2_048]);
    store.put(&facts.key, Entry::json(&facts, generation, body, made), TTL).await?;
    Ok(())
}

async fn bench(store: &dyn Store, times: u32) -> Outcome<()> {
    println!("{} store", store.backend());
    fill(store, 1, 1).await?;
    let facts = facts(1, 1);
    let found = store.lookup(&facts.key, facts.report_type).await?;
    let entry = found.entry.ok_or("what was stored is not there")?;
    let started = Instant::now();
    for _ in 0..times {
        std::hint::black_box(store.lookup(&facts.key, facts.report_type).await?);
    }
    println!("  get         {:>12.0} ns", each(started, times));
    let started = Instant::now();
    for _ in 0..times {
        std::hint::black_box(store.put(&facts.key, entry.clone(), TTL).await?);
    }
    println!("  set         {:>12.0} ns", each(started, times));
    let mut spent = Duration::ZERO;
    for _ in 0..times {
        fill(store, 1, 1).await?;
        let started = Instant::now();
        std::hint::black_box(store.invalidate(&[(1, ReportType::Analytics)]).await?);
        spent += started.elapsed();
    }
    println!("  invalidate  {:>12.0} ns (one entry)", spent.as_secs_f64() * 1e9 / f64::from(times));

    println!("  invalidating a class: {CLASS} people, {EACH} entries each");
    let scopes: Vec<_> = (1..=CLASS).map(|user| (user, ReportType::Analytics)).collect();
    let mut first = None;
    for beside in BESIDE {
        store.clear().await?;
        for other in 0..beside {
            fill(store, other % 50 + 1, CLASS + 1 + other / 50).await?;
        }
        let mut took = Vec::new();
        for _ in 0..11 {
            for user in 1..=CLASS {
                for report in 1..=EACH {
                    fill(store, report, user).await?;
                }
            }
            let started = Instant::now();
            let removed = store.invalidate(&scopes).await?;
            took.push(started.elapsed().as_secs_f64() * 1e6);
            if removed != CLASS * EACH {
                return Err(format!("{removed} entries went instead of {}", CLASS * EACH).into());
            }
        }
        took.sort_by(f64::total_cmp);
        let median = took[took.len() / 2];
        let first = *first.get_or_insert(median);
        println!("    beside {beside:>7} others {median:>10.0} µs {:>6.2}x", median / first);
    }
    store.clear().await?;
    Ok(())
}

fn each(started: Instant, times: u32) -> f64 {
    started.elapsed().as_secs_f64() * 1e9 / f64::from(times)
}

struct Redis {
    child: Child,
    url: String,
    _dir: tempfile::TempDir,
}

impl Redis {
    fn start() -> Outcome<Option<Self>> {
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let dir = tempfile::tempdir()?;
        let started = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--dir"])
            .arg(dir.path())
            .stdout(Stdio::null())
            .spawn();
        let Ok(child) = started else { return Ok(None) };
        let redis = Self { child, url: format!("redis://127.0.0.1:{port}/"), _dir: dir };
        let deadline = Instant::now() + Duration::from_secs(10);
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            if Instant::now() > deadline {
                return Err("redis-server did not listen within 10 s".into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(Some(redis))
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
