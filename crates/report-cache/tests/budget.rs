//! What a bad store may cost a reader: time on a paused clock, and calls counted.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use http::StatusCode;
use report_cache::error::Cause;
use report_cache::{
    CacheConfig, Clock, Invalidation, Outbox, Reason, Recorded, ReportCache, ReportType, Store,
};
use tokio::time::Instant;

use crate::support::gates::{After, Slow, comes, held, numbered};
use crate::support::stores::Fickle;
use crate::support::{Got, Origin, School, all_others_wait};

const BUDGET: Duration = Duration::from_millis(250);
/// Tokio's timers go by whole milliseconds, and round up.
const TICK: Duration = Duration::from_millis(1);
const FOREVER: Duration = Duration::from_secs(86_400);

fn school(store: Arc<dyn Store>, origin: Origin) -> School {
    let config = CacheConfig { store_timeout: BUDGET, ..CacheConfig::default() };
    School::new(ReportCache::new(store, config), origin)
}

async fn timed(asked: impl Future<Output = Got>) -> (Got, Duration) {
    let started = Instant::now();
    let got = asked.await;
    (got, started.elapsed())
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_delays_a_request_by_its_timeout_and_no_more() {
    let store = Arc::new(Fickle::new());
    let school = school(Arc::<Fickle>::clone(&store), Origin::counting());
    store.hangs.store(true, Ordering::SeqCst);
    for request in 0..20 {
        let (got, took) = timed(school.get(42)).await;
        assert_eq!((got.status, got.x_cache()), (StatusCode::OK, "BYPASS"));
        let allowed = if request < 3 { BUDGET + TICK } else { Duration::ZERO };
        assert!(took <= allowed, "request {request} took {took:?}");
    }
    assert_eq!(store.calls(), 3, "then the breaker is open");
}

#[tokio::test(start_paused = true)]
async fn lookup_and_store_together_delay_a_miss_by_no_more_than_the_timeout() {
    let lookup = Duration::from_millis(200);
    let store = Arc::new(Slow::new(lookup, After::Delay(FOREVER)));
    let school = school(store, Origin::counting());
    let (got, took) = timed(school.get(42)).await;
    assert_eq!((got.status, got.body.as_str()), (StatusCode::OK, "{\"call\": 1}"));
    assert_eq!(got.header("cache-status"), "report-cache; fwd=uri-miss", "nobody has confirmed it");
    assert!(took >= lookup && took <= BUDGET + TICK * 2, "{took:?}");
}

/// A table that takes its time.
struct Sluggish(Duration);

#[async_trait::async_trait]
impl Outbox for Sluggish {
    async fn pending(&self, _: Duration, _: usize) -> Result<Vec<Recorded>, Cause> {
        tokio::time::sleep(self.0).await;
        Ok(Vec::new())
    }

    async fn confirm(&self, _: &[i64]) -> Result<(), Cause> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_made_good_first_and_the_lookup_together_delay_a_reader_by_no_more_than_the_timeout() {
    let lookup = Duration::from_millis(140);
    for (table, served) in [(100, "MISS"), (200, "BYPASS")] {
        let store = Arc::new(Slow::new(lookup, After::Delay(Duration::ZERO)));
        let config = CacheConfig { store_timeout: BUDGET, ..CacheConfig::default() };
        let table = Arc::new(Sluggish(Duration::from_millis(table)));
        let school = School::new(ReportCache::with_outbox(store, table, config), Origin::counting());
        let (got, took) = timed(school.get(42)).await;
        assert_eq!((got.status, got.x_cache()), (StatusCode::OK, served));
        assert!(took <= BUDGET + TICK, "{took:?}");
        // What a reader did not wait for is made good all the same.
        tokio::time::sleep(BUDGET).await;
        let (got, took) = timed(school.get(43)).await;
        assert_eq!((got.x_cache(), took), ("MISS", lookup));
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_anothers_answer_does_not_wait_for_the_store_to_have_it() {
    let (origin, reached, gate) = held(numbered);
    let store = Arc::new(Slow::new(Duration::ZERO, After::Delay(FOREVER)));
    let school = school(store, origin);
    let ask = |school: &School| {
        let school = school.clone();
        tokio::spawn(async move { timed(school.get(42)).await })
    };
    let leader = ask(&school);
    comes(&reached).await;
    let waiter = ask(&school);
    all_others_wait().await;
    gate.add_permits(1);
    let (shared, took) = waiter.await.unwrap();
    assert_eq!(shared.header("cache-status"), "report-cache; hit; detail=COALESCED");
    assert_eq!(took, Duration::ZERO);
    // Nor who comes while the store is still at it.
    let (joined, took) = timed(school.get(42)).await;
    assert_eq!((joined.x_cache(), took), ("HIT", Duration::ZERO));
    assert!(leader.await.unwrap().1 <= BUDGET + TICK);
    assert_eq!(school.origin.calls(), 1);
}

#[tokio::test]
async fn while_the_breaker_is_open_a_request_costs_the_store_one_call_at_most_and_is_never_a_5xx() {
    let (clock, hand) = Clock::manual(1.0);
    let store = Arc::new(Fickle::new());
    let config = CacheConfig { clock, ..CacheConfig::default() };
    let school = School::new(ReportCache::new(Arc::<Fickle>::clone(&store), config), Origin::counting());
    store.fails.store(true, Ordering::SeqCst);
    for _ in 0..3 {
        school.get(42).await;
    }
    let mut probes = 0;
    for report in 0..100 {
        hand.advance(Duration::from_millis(100));
        let before = store.calls();
        let got = school.get(report).await;
        assert_eq!((got.status, got.x_cache()), (StatusCode::OK, "BYPASS"));
        let calls = store.calls() - before;
        assert!(calls <= 1, "{calls} calls for one request");
        probes += calls;
    }
    assert_eq!(probes, 10, "one try a second");
}

#[tokio::test(start_paused = true)]
async fn what_is_owed_to_a_store_that_hangs_delays_three_readers_and_no_more() {
    let (clock, _hand) = Clock::manual(1.0);
    let store = Arc::new(Fickle::new());
    let config = CacheConfig { clock, store_timeout: BUDGET, ..CacheConfig::default() };
    let school = School::new(ReportCache::new(Arc::<Fickle>::clone(&store), config), Origin::counting());
    school.get(42).await;
    store.hangs.store(true, Ordering::SeqCst);
    let event = Invalidation { reason: Reason::GradeChanged, scopes: vec![(7, ReportType::Analytics)] };
    assert!(school.cache.invalidate(&event).await.is_err());
    let mut delayed = 0;
    for _ in 0..20 {
        let (got, took) = timed(school.get(42)).await;
        assert_eq!((got.status, got.x_cache()), (StatusCode::OK, "BYPASS"));
        assert!(took <= BUDGET + TICK, "{took:?}");
        delayed += usize::from(!took.is_zero());
    }
    assert!(delayed <= 3, "{delayed} readers waited for what the store does not do");
}

/// An outbox in a database that takes its time.
struct SlowTable;

#[async_trait]
impl Outbox for SlowTable {
    async fn pending(&self, _: Duration, _: usize) -> Result<Vec<Recorded>, Cause> {
        tokio::time::sleep(BUDGET * 4 / 5).await;
        Ok(Vec::new())
    }

    async fn confirm(&self, _: &[i64]) -> Result<(), Cause> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn making_good_and_looking_up_together_delay_a_reader_by_no_more_than_the_timeout() {
    let store = Arc::new(Slow::new(BUDGET * 4 / 5, After::Delay(Duration::ZERO)));
    let config = CacheConfig { store_timeout: BUDGET, ..CacheConfig::default() };
    let school =
        School::new(ReportCache::with_outbox(store, Arc::new(SlowTable), config), Origin::counting());
    // The first waits for the table alone; the second for what is left of that, and for too little of the
    // lookup; then nothing is left to be made good.
    for expected in ["BYPASS", "BYPASS", "MISS"] {
        let (got, took) = timed(school.get(42)).await;
        assert_eq!((got.status, got.x_cache()), (StatusCode::OK, expected));
        assert!(took <= BUDGET + TICK, "{took:?}");
    }
}

#[tokio::test]
async fn only_if_cached_computes_nothing_while_the_store_is_away() {
    let store = Arc::new(Fickle::new());
    let school = school(Arc::<Fickle>::clone(&store), Origin::counting());
    store.fails.store(true, Ordering::SeqCst);
    let got = school.ask("GET /reports/42", &[("cache-control", "only-if-cached")]).await;
    assert_eq!((got.status, school.origin.calls()), (StatusCode::GATEWAY_TIMEOUT, 0));
}
