//! What a store may do to its readers short of being away: it refuses, holds what is not ours, or was told late.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use report_cache::{
    CacheConfig, Clock, ClockHand, Entry, Filters, Invalidation, Reason, RedisStore, ReportCache,
    ReportFacts, ReportKey, ReportType, Store, Usage,
};

use crate::support::redis::RedisServer;
use crate::support::stores::Fickle;
use crate::support::{Origin, School, facts, made};

const PREFIX: &str = "cacheproof:test:";

fn graded(users: &[u64]) -> Invalidation {
    let scopes = users.iter().map(|&user| (user, ReportType::Analytics)).collect();
    Invalidation { reason: Reason::GradeChanged, scopes }
}

/// A node on `server`, whose breaker rests until the clock is moved by hand.
fn node(server: &RedisServer) -> (School, ClockHand) {
    let (clock, hand) = Clock::manual(1.0);
    let store = RedisStore::open(&server.url(), PREFIX).unwrap();
    let config = CacheConfig { clock, ..CacheConfig::default() };
    (School::new(ReportCache::new(Arc::new(store), config), Origin::counting()), hand)
}

#[tokio::test]
async fn a_redis_that_is_full_still_serves_what_it_has() {
    let server = RedisServer::start();
    let (school, _hand) = node(&server);
    assert_eq!(school.get(42).await.x_cache(), "MISS");
    server.ask::<()>("CONFIG SET maxmemory-policy noeviction").await;
    server.ask::<()>("CONFIG SET maxmemory 1").await;
    for report in 100..110 {
        assert_eq!(school.get(report).await.status, 200);
    }
    assert_eq!(school.get(42).await.x_cache(), "HIT", "a server that answers is not away");
    // It frees memory, so it is done.
    assert_eq!(school.cache.invalidate(&graded(&[7])).await.unwrap(), 1);
    assert_ne!(school.get(42).await.x_cache(), "HIT");
}

#[tokio::test]
async fn a_redis_that_stores_nothing_more_still_serves_what_it_has() {
    let server = RedisServer::start();
    let (school, _hand) = node(&server);
    school.get(41).await;
    school.get(42).await;
    school.cache.forget_report(41).await.unwrap();
    school.cache.invalidate(&graded(&[8])).await.unwrap();
    server.ask::<()>("CONFIG SET maxmemory 1").await;
    let many = (0..8).map(|_| {
        let school = school.clone();
        tokio::spawn(async move { school.get(41).await })
    });
    for asked in many.collect::<Vec<_>>() {
        assert_eq!(asked.await.unwrap().status, 200);
    }
    assert_eq!(school.get(42).await.x_cache(), "HIT");
}

#[tokio::test]
async fn a_key_of_another_type_in_an_entrys_place_is_a_miss_and_is_written_over() {
    let server = RedisServer::start();
    let (school, _hand) = node(&server);
    school.get(42).await;
    let name = format!("{PREFIX}{{7}}:{}", ReportKey::new(42, 7, &Filters::empty()));
    server.ask::<()>(&format!("DEL {name}")).await;
    server.ask::<()>(&format!("LPUSH {name} foreign")).await;
    assert_eq!(school.get(42).await.x_cache(), "MISS");
    assert_eq!(school.get(42).await.x_cache(), "HIT");
}

#[tokio::test]
async fn a_key_of_another_type_in_a_book_costs_its_person_at_most_and_not_for_ever() {
    for book in ["epochs", "books", "expiry", "arrival", "index"] {
        let server = RedisServer::start();
        let (school, hand) = node(&server);
        school.get(42).await;
        school.ask_as(8, "GET /reports/42", &[]).await;
        server.ask::<()>(&format!("DEL {PREFIX}{{7}}:{book}")).await;
        server.ask::<()>(&format!("SET {PREFIX}{{7}}:{book} foreign")).await;
        for _ in 0..5 {
            assert_eq!(school.get(42).await.status, 200, "{book}");
        }
        let other = school.ask_as(8, "GET /reports/42", &[]).await;
        assert_eq!(other.x_cache(), "HIT", "{book}: of person 7, not of 8");
        let _ = school.cache.invalidate(&graded(&[7, 8])).await;
        hand.advance(Duration::from_secs(2));
        let before = school.origin.calls();
        for user in [7, 8] {
            school.ask_as(user, "GET /reports/42", &[]).await;
            assert_eq!(school.ask_as(user, "GET /reports/42", &[]).await.x_cache(), "HIT", "{book} {user}");
        }
        assert_eq!(school.origin.calls() - before, 2, "{book}: computed anew after the invalidation");
    }
}

#[tokio::test]
async fn a_key_of_another_type_in_the_books_of_all_does_not_end_the_cache() {
    for book in ["epoch", "known", "bytes", "counts", "total", "expiry", "leaving", "events"] {
        let server = RedisServer::start();
        let (school, hand) = node(&server);
        school.get(42).await;
        server.ask::<()>(&format!("DEL {PREFIX}{{meta}}:{book}")).await;
        server.ask::<()>(&format!("SADD {PREFIX}{{meta}}:{book} foreign")).await;
        for report in 1..5 {
            assert_eq!(school.get(report).await.status, 200, "{book}");
        }
        let _ = school.cache.clear().await;
        hand.advance(Duration::from_secs(2));
        school.get(42).await;
        hand.advance(Duration::from_secs(2));
        school.get(42).await;
        assert_eq!(school.get(42).await.x_cache(), "HIT", "{book}");
        let _ = school.cache.invalidate(&graded(&[7])).await;
        assert_ne!(school.get(42).await.x_cache(), "HIT", "{book}");
    }
}

#[tokio::test]
async fn whatever_one_person_had_that_has_expired_does_not_count() {
    let server = RedisServer::start();
    let store = RedisStore::connect(&server.url(), PREFIX).await.unwrap();
    for report in 1..=250 {
        let key = ReportKey::new(report, 7, &Filters::empty());
        let facts = ReportFacts { key, report_type: ReportType::Custom, role: "teacher" };
        let generation = store.lookup(&key, facts.report_type).await.unwrap().generation;
        let entry = Entry::json(&facts, generation, Bytes::from_static(b"{}"), made());
        store.put(&key, entry, Duration::from_millis(1_000)).await.unwrap();
    }
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    while server.ask::<u64>(&format!("EXISTS {PREFIX}{{7}}:report:250:7:99914b932bd3")).await > 0 {
        assert!(std::time::Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tokio::time::sleep(Duration::from_millis(2)).await;
    assert_eq!(store.usage().await.unwrap(), Usage::default());
}

/// Two nodes on one store that fails on command; neither has an outbox.
fn two_nodes() -> (ReportCache, School, Arc<Fickle>) {
    let store = Arc::new(Fickle::new());
    let node = || ReportCache::new(Arc::<Fickle>::clone(&store), CacheConfig::default());
    (node(), School::new(node(), Origin::counting()), store)
}

#[tokio::test]
async fn what_a_node_owes_is_made_good_with_its_next_write_though_it_reads_nothing() {
    let (writer, reader, store) = two_nodes();
    reader.get(42).await;
    store.fails.store(true, Ordering::SeqCst);
    assert!(writer.invalidate(&graded(&[7])).await.is_err());
    store.fails.store(false, Ordering::SeqCst);
    assert_eq!(reader.get(42).await.x_cache(), "HIT", "nobody has told the store");
    writer.invalidate(&graded(&[8])).await.unwrap();
    assert_eq!(reader.get(42).await.x_cache(), "MISS");
}

#[tokio::test(start_paused = true)]
async fn what_a_node_owes_is_made_good_in_the_background_too() {
    let (writer, reader, store) = two_nodes();
    let interval = Duration::from_millis(500);
    writer.keep_replaying(interval);
    reader.get(42).await;
    store.fails.store(true, Ordering::SeqCst);
    assert!(writer.invalidate(&graded(&[7])).await.is_err());
    store.fails.store(false, Ordering::SeqCst);
    tokio::time::sleep(interval + Duration::from_millis(1)).await;
    assert_eq!(reader.get(42).await.x_cache(), "MISS");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clearings_of_two_nodes_that_overlap_leave_nothing_that_is_counted_and_never_served() {
    let server = RedisServer::start();
    for round in 0..15 {
        let prefix = format!("{PREFIX}{round}:");
        let nodes = [0; 2].map(|_| Arc::new(RedisStore::open(&server.url(), prefix.clone()).unwrap()));
        let fills = (0..8).map(|worker| {
            let store = Arc::clone(&nodes[worker % 2]);
            tokio::spawn(async move {
                for step in 0..25_u64 {
                    let user = (worker as u64 + step) % 10 + 1;
                    let facts = facts(step % 5 + 1, user);
                    let lookup = store.lookup(&facts.key, facts.report_type).await.unwrap();
                    let entry = Entry::json(&facts, lookup.generation, Bytes::from_static(b"{}"), made());
                    store.put(&facts.key, entry, Duration::from_secs(600)).await.unwrap();
                }
            })
        });
        let mut tasks: Vec<_> = fills.collect();
        for node in &nodes {
            let store = Arc::clone(node);
            tasks.push(tokio::spawn(async move {
                for _ in 0..4 {
                    store.clear().await.unwrap();
                }
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
        let mut served = 0;
        for (report, user) in (1..=5).flat_map(|report| (1..=10).map(move |user| (report, user))) {
            let facts = facts(report, user);
            let lookup = nodes[0].lookup(&facts.key, facts.report_type).await.unwrap();
            served += u64::from(lookup.entry.is_some());
        }
        assert_eq!(nodes[0].usage().await.unwrap().entries, served, "round {round}");
        let keys: Vec<String> = server.ask(&format!("KEYS {prefix}*:report:*")).await;
        assert_eq!(keys.len() as u64, served, "round {round}: none lies there uncounted");
    }
}
