//! A store that fails, hangs or comes back: readers are served all the same.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use http::StatusCode;
use report_cache::{CacheConfig, Clock, Invalidation, Reason, ReportCache, ReportType, Status, StoreError};
use tokio::time::Instant;

use crate::support::stores::Fickle;
use crate::support::{Origin, School};

fn school(config: CacheConfig) -> (School, Arc<Fickle>) {
    let store = Arc::new(Fickle::new());
    (School::new(ReportCache::new(Arc::<Fickle>::clone(&store), config), Origin::counting()), store)
}

fn graded() -> Invalidation {
    Invalidation { reason: Reason::GradeChanged, scopes: vec![(7, ReportType::Analytics)] }
}

#[tokio::test]
async fn while_the_store_fails_the_origin_answers() {
    let (school, store) = school(CacheConfig::default());
    school.get(42).await;
    store.fails.store(true, Ordering::SeqCst);
    for _ in 0..10 {
        let got = school.get(42).await;
        assert_eq!((got.status, got.x_cache()), (StatusCode::OK, "BYPASS"));
        assert_eq!(got.header("cache-status"), "report-cache; fwd=bypass; detail=STORE_DOWN");
        assert!(got.headers.contains_key("etag"));
    }
    let rate = school.cache.hit_rate();
    assert_eq!((rate.hits, rate.misses, rate.total_requests), (0, 1, 1));
    assert!(matches!(school.cache.stats().await, Err(StoreError::Operation { .. })));
}

#[tokio::test]
async fn a_store_that_keeps_failing_is_left_alone_and_tried_again_after_the_rest() {
    let (clock, hand) = Clock::manual(1.0);
    let (school, store) = school(CacheConfig { clock, ..CacheConfig::default() });
    store.fails.store(true, Ordering::SeqCst);
    for _ in 0..20 {
        school.get(42).await;
    }
    assert_eq!(store.calls(), 3, "after three failures nobody asks");
    store.fails.store(false, Ordering::SeqCst);
    assert_eq!(school.get(42).await.x_cache(), "BYPASS");
    assert_eq!(school.cache.stats().await.unwrap().status, Status::Degraded);
    hand.advance(Duration::from_secs(1));
    assert_eq!(school.get(42).await.x_cache(), "MISS");
    assert_eq!(school.get(42).await.x_cache(), "HIT");
    assert_eq!(school.cache.stats().await.unwrap().status, Status::Ok);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_delays_a_reader_no_longer_than_its_timeout() {
    let timeout = Duration::from_millis(40);
    let (school, store) = school(CacheConfig { store_timeout: timeout, ..CacheConfig::default() });
    store.hangs.store(true, Ordering::SeqCst);
    let started = Instant::now();
    for _ in 0..5 {
        assert_eq!(school.get(42).await.x_cache(), "BYPASS");
    }
    // Three pay the timeout, two find the breaker open. A timer may be a millisecond late each time.
    let took = started.elapsed();
    assert!(took >= timeout * 3 && took <= timeout * 3 + Duration::from_millis(3), "{took:?}");
}

#[tokio::test]
async fn what_was_invalidated_while_the_store_was_away_is_not_served_when_it_is_back() {
    let (clock, hand) = Clock::manual(1.0);
    let (school, store) = school(CacheConfig { clock, ..CacheConfig::default() });
    school.get(42).await;
    school.ask_as(8, "GET /reports/42", &[]).await;
    store.fails.store(true, Ordering::SeqCst);
    assert!(school.cache.invalidate(&graded()).await.is_err());
    store.fails.store(false, Ordering::SeqCst);
    hand.advance(Duration::from_secs(1));
    let got = school.get(42).await;
    assert_eq!((got.x_cache(), got.body.as_str()), ("MISS", "{\"call\": 3}"));
    assert_eq!(school.ask_as(8, "GET /reports/42", &[]).await.x_cache(), "HIT", "nothing else went");
    assert_eq!(school.get(42).await.x_cache(), "HIT", "and it is made good once");
}

#[tokio::test]
async fn a_removal_ends_although_its_caller_is_gone() {
    let (school, store) =
        school(CacheConfig { sweep_timeout: Duration::from_millis(30), ..CacheConfig::default() });
    school.get(42).await;
    store.hangs.store(true, Ordering::SeqCst);
    let calls = store.calls();
    let writer = {
        let cache = school.cache.clone();
        tokio::spawn(async move { cache.invalidate(&graded()).await })
    };
    while store.calls() == calls {
        tokio::task::yield_now().await;
    }
    writer.abort();
    assert!(writer.await.unwrap_err().is_cancelled());
    // The store never confirms; the removal is owed once its time is up.
    let metrics = prometheus::Registry::new();
    school.cache.register(&metrics).unwrap();
    while !crate::stats::text(&metrics).contains("report_cache_store_errors_total{op=\"invalidate\"} 1") {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    store.hangs.store(false, Ordering::SeqCst);
    assert_eq!(school.get(42).await.x_cache(), "MISS");
}
