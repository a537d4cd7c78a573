//! Invalidations of committed writes reach the store, whatever becomes of it and of the process.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use report_cache::{CacheConfig, Clock, ClockHand, Invalidation, Reason, ReportCache, ReportType, Store};

use crate::support::stores::Fickle;
use crate::support::table::Table;
use crate::support::{Origin, School, all_others_wait};

fn graded(user: u64) -> Invalidation {
    Invalidation { reason: Reason::GradeChanged, scopes: vec![(user, ReportType::Analytics)] }
}

/// A node of the service on a store and a table that others may share.
fn node(store: &Arc<Fickle>, table: &Arc<Table>) -> (School, ClockHand) {
    let (clock, hand) = Clock::manual(1.0);
    let config = CacheConfig { clock, ..CacheConfig::default() };
    let store: Arc<dyn Store> = Arc::<Fickle>::clone(store);
    let cache = ReportCache::with_outbox(store, Arc::<Table>::clone(table), config);
    (School::new(cache, Origin::counting()), hand)
}

fn shared() -> (Arc<Fickle>, Arc<Table>) {
    (Arc::new(Fickle::new()), Arc::default())
}

#[tokio::test]
async fn a_confirmed_invalidation_is_struck_off() {
    let (store, table) = shared();
    let (school, _hand) = node(&store, &table);
    school.get(42).await;
    let ids: Vec<_> = (0..5).map(|_| table.record(&graded(7))).collect();
    for id in ids {
        school.cache.invalidate_recorded(id, &graded(7)).await.unwrap();
    }
    table.emptied().await;
    assert_eq!(school.get(42).await.x_cache(), "MISS");
}

#[tokio::test]
async fn what_lay_in_the_outbox_at_the_start_is_replayed_before_the_first_read() {
    let (store, table) = shared();
    let (before, _hand) = node(&store, &table);
    before.get(42).await;
    before.ask_as(8, "GET /reports/42", &[]).await;
    // The write committed, and its process ended before it reached the store.
    table.record(&graded(7));
    drop(before);
    let (after, _hand) = node(&store, &table);
    assert_eq!(after.get(42).await.x_cache(), "MISS");
    assert_eq!(after.ask_as(8, "GET /reports/42", &[]).await.x_cache(), "HIT", "nothing else went");
    assert_eq!(table.len(), 0);
    assert_eq!(after.get(42).await.x_cache(), "HIT", "and it is replayed once");
}

#[tokio::test]
async fn a_write_while_the_store_is_away_is_replayed_first_by_whichever_node_comes_back_first() {
    let (store, table) = shared();
    let ((writer, _), (other, hand)) = (node(&store, &table), node(&store, &table));
    writer.get(42).await;
    assert_eq!(other.get(42).await.x_cache(), "HIT");
    store.fails.store(true, Ordering::SeqCst);
    assert_eq!(other.get(42).await.x_cache(), "BYPASS", "the other node sees the store away too");
    let id = table.record(&graded(7));
    assert!(writer.cache.invalidate_recorded(id, &graded(7)).await.is_err());
    assert_eq!(table.len(), 1, "the row stays until the store has confirmed");
    store.fails.store(false, Ordering::SeqCst);
    hand.advance(Duration::from_secs(1));
    assert_eq!(other.get(42).await.x_cache(), "MISS");
    assert_eq!(table.len(), 0);
}

#[tokio::test]
async fn an_outbox_that_cannot_be_read_keeps_readers_from_the_store() {
    let (store, table) = shared();
    let (school, hand) = node(&store, &table);
    table.fails.store(true, Ordering::SeqCst);
    assert_eq!(school.get(42).await.x_cache(), "BYPASS");
    table.fails.store(false, Ordering::SeqCst);
    hand.advance(Duration::from_secs(1));
    assert_eq!(school.get(42).await.x_cache(), "MISS");
}

#[tokio::test(start_paused = true)]
async fn a_node_that_saw_no_failure_replays_another_nodes_rows_within_the_declared_bound() {
    let (store, table) = shared();
    let (reader, _hand) = node(&store, &table);
    let interval = Duration::from_millis(500);
    reader.cache.keep_replaying(interval);
    reader.get(42).await;
    assert_eq!(reader.get(42).await.x_cache(), "HIT");
    // Another node committed this and lost its connection to the store.
    table.record(&graded(7));
    tokio::time::sleep(report_cache::outbox::GRACE + interval + Duration::from_millis(1)).await;
    assert_eq!(table.len(), 0);
    assert_eq!(reader.get(42).await.x_cache(), "MISS");
}

#[tokio::test(start_paused = true)]
async fn rows_that_are_under_way_are_left_to_their_writer() {
    let (store, table) = shared();
    let (reader, _hand) = node(&store, &table);
    reader.cache.keep_replaying(Duration::from_millis(100));
    reader.get(42).await;
    table.record(&graded(7));
    tokio::time::sleep(Duration::from_millis(900)).await;
    assert_eq!((table.len(), reader.get(42).await.x_cache()), (1, "HIT"));
}

#[tokio::test]
async fn a_failure_during_a_replay_is_not_covered_by_it() {
    let (store, table) = shared();
    let (school, hand) = node(&store, &table);
    school.get(42).await;
    store.fails.store(true, Ordering::SeqCst);
    for _ in 0..3 {
        let id = table.record(&graded(7));
        assert!(school.cache.invalidate_recorded(id, &graded(7)).await.is_err());
        hand.advance(Duration::from_secs(1));
        assert_eq!(school.get(42).await.x_cache(), "BYPASS");
        hand.advance(Duration::from_secs(1));
    }
    store.fails.store(false, Ordering::SeqCst);
    assert_eq!(school.get(42).await.x_cache(), "MISS");
    assert_eq!(table.len(), 0);
}

/// To look at an outbox that is empty is not to ask the store: it must not pass for a sign of life.
#[tokio::test(start_paused = true)]
async fn a_store_that_keeps_failing_is_left_alone_although_there_is_an_outbox_to_look_at() {
    let (store, table) = shared();
    let (school, hand) = node(&store, &table);
    school.cache.keep_replaying(Duration::from_millis(500));
    store.fails.store(true, Ordering::SeqCst);
    for _ in 0..20 {
        assert_eq!(school.get(42).await.x_cache(), "BYPASS");
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    assert_eq!(store.calls(), 3, "after three failures nobody asks");
    // The rest is over: the try is a reader's, however often the outbox was looked at before.
    hand.advance(Duration::from_secs(1));
    for _ in 0..10 {
        tokio::time::advance(Duration::from_millis(500)).await;
        all_others_wait().await;
    }
    store.fails.store(false, Ordering::SeqCst);
    assert_eq!(school.get(42).await.x_cache(), "MISS");
    let registry = prometheus::Registry::new();
    school.cache.register(&registry).unwrap();
    let told = crate::stats::text(&registry);
    let counted = r#"report_cache_store_operation_seconds_count{op="invalidate"}"#;
    assert!(!told.contains(counted), "nothing was told to the store: {told}");
}
