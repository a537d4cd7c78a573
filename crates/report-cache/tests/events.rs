//! What was removed, why and how fast: the stream that other nodes and an auditor follow.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use report_cache::{
    CacheConfig, Clock, EventScope, Invalidation, Limits, MemoryStore, Reason, ReportCache, ReportType, Store,
};

use crate::stats::text;
use crate::support::stores::Fickle;
use crate::support::{Origin, School};

fn graded(users: std::ops::Range<u64>) -> Invalidation {
    let scopes = users.map(|user| (user, ReportType::Analytics)).collect();
    Invalidation { reason: Reason::GradeChanged, scopes }
}

#[tokio::test]
async fn each_removal_is_in_the_stream_with_reason_scope_size_and_duration() {
    let school = School::on_memory(Origin::counting());
    for user in [7, 8] {
        school.ask_as(user, "GET /reports/42", &[]).await;
    }
    school.get(43).await;
    school.cache.invalidate(&graded(8..9)).await.unwrap();
    school.cache.forget_report(43).await.unwrap();
    school.cache.clear().await.unwrap();
    let events = school.cache.events(None, 10).await.unwrap();
    let told: Vec<_> =
        events.iter().map(|(_, event)| (event.reason, event.scope.clone(), event.removed)).collect();
    let expected = [
        (Reason::GradeChanged, EventScope::People(vec![(8, ReportType::Analytics)]), 1),
        (Reason::Requested, EventScope::Report(43), 1),
        (Reason::Requested, EventScope::Everything, 1),
    ];
    assert_eq!(told, expected);
    assert!(events.iter().all(|(_, event)| event.took > Duration::ZERO && event.at_unix_ms > 0));
}

#[tokio::test]
async fn another_node_follows_from_where_it_was() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Limits::default()));
    let node = || ReportCache::new(Arc::clone(&store), CacheConfig::default());
    let (writer, follower) = (node(), node());
    writer.invalidate(&graded(1..2)).await.unwrap();
    let seen = follower.events(None, 10).await.unwrap();
    let last = seen.last().unwrap().0.clone();
    writer.invalidate(&graded(2..3)).await.unwrap();
    writer.invalidate(&graded(3..4)).await.unwrap();
    let next = follower.events(Some(&last), 10).await.unwrap();
    let scopes: Vec<_> = next.iter().map(|(_, event)| event.scope.clone()).collect();
    let of = |user| EventScope::People(vec![(user, ReportType::Analytics)]);
    assert_eq!(scopes, [of(2), of(3)]);
    assert_eq!(follower.events(Some(&last), 1).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_was_made_good_later_is_in_the_stream_too() {
    let (clock, hand) = Clock::manual(1.0);
    let store = Arc::new(Fickle::new());
    let config = CacheConfig { clock, ..CacheConfig::default() };
    let school = School::new(ReportCache::new(Arc::<Fickle>::clone(&store), config), Origin::counting());
    school.get(42).await;
    store.fails.store(true, Ordering::SeqCst);
    assert!(school.cache.invalidate(&graded(7..8)).await.is_err());
    store.fails.store(false, Ordering::SeqCst);
    hand.advance(Duration::from_secs(1));
    assert_eq!(school.get(42).await.x_cache(), "MISS");
    let events = loop {
        // Readers do not wait for the stream.
        let events = school.cache.events(None, 10).await.unwrap();
        if !events.is_empty() {
            break events;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!((events.len(), events[0].1.reason, events[0].1.removed), (1, Reason::Replayed, 1));
}

#[tokio::test]
async fn unusual_patterns_of_invalidation_are_counted_for_an_alert() {
    let (school, hand) = School::on_manual_clock(Origin::counting(), 1.0, CacheConfig::default());
    let metrics = prometheus::Registry::new();
    school.cache.register(&metrics).unwrap();
    let told = |pattern: &str, times: u64| {
        let line = format!("report_cache_unusual_invalidations_total{{pattern=\"{pattern}\"}} {times}");
        assert!(text(&metrics).contains(&line), "{line} in {}", text(&metrics));
    };
    school.cache.invalidate(&graded(0..126)).await.unwrap();
    for pattern in ["burst", "reach", "everything"] {
        told(pattern, 0);
    }
    hand.advance(Duration::from_secs(60));
    for _ in 0..120 {
        school.cache.invalidate(&graded(7..8)).await.unwrap();
    }
    told("burst", 1);
    school.cache.invalidate(&graded(0..1_001)).await.unwrap();
    told("reach", 1);
    school.cache.clear().await.unwrap();
    told("everything", 1);
}
