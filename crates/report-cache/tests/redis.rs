//! The Redis store on a real server.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use report_cache::{
    Invalidation, Limits, MemoryStore, Reason, RedisStore, ReportType, Store, StoreError, contract,
};

use crate::support::redis::RedisServer;
use crate::support::{Origin, School};

const PREFIX: &str = "cacheproof:test:";

async fn school(server: &RedisServer) -> School {
    let store = RedisStore::connect(&server.url(), PREFIX).await.unwrap();
    School::with_store(Arc::new(store), Origin::counting())
}

fn graded() -> Invalidation {
    Invalidation { reason: Reason::GradeChanged, scopes: vec![(7, ReportType::Analytics)] }
}

#[tokio::test]
async fn the_memory_store_keeps_the_contract() {
    contract::every_clause(&MemoryStore::new(Limits::default())).await;
}

#[tokio::test]
async fn the_memory_store_keeps_its_caps_and_is_true_under_races() {
    contract::every_clause_about_caps(Arc::new(MemoryStore::new(contract::CAPS))).await;
    contract::every_clause_about_races(Arc::new(MemoryStore::new(Limits::default()))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_redis_store_keeps_its_caps_and_is_true_under_races() {
    let server = RedisServer::start();
    let store = RedisStore::connect(&server.url(), PREFIX).await.unwrap();
    contract::every_clause_about_caps(Arc::new(store.with_limits(contract::CAPS))).await;
    let store = RedisStore::connect(&server.url(), PREFIX).await.unwrap();
    contract::every_clause_about_races(Arc::new(store)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_on_one_redis_keep_the_contract() {
    let server = RedisServer::start();
    let one = RedisStore::connect(&server.url(), PREFIX).await.unwrap();
    let other = RedisStore::connect(&server.url(), PREFIX).await.unwrap();
    contract::every_clause_about_nodes(Arc::new(one), Arc::new(other)).await;
}

#[tokio::test]
async fn the_redis_store_keeps_the_contract_and_its_prefix() {
    let server = RedisServer::start();
    server.ask::<()>("SET someone-elses-key 1").await;
    let store = RedisStore::connect(&server.url(), PREFIX).await.unwrap();
    contract::every_clause(&store).await;
    let keys: Vec<String> = server.ask("KEYS *").await;
    let foreign: Vec<_> = keys.iter().filter(|key| !key.starts_with(PREFIX)).collect();
    assert_eq!(foreign, ["someone-elses-key"]);
}

#[tokio::test]
async fn nothing_is_left_in_redis_when_the_entries_are_gone() {
    let server = RedisServer::start();
    let store = RedisStore::connect(&server.url(), PREFIX).await.unwrap();
    contract::every_clause(&store).await;
    store.remove_everything().await.unwrap();
    assert_eq!(store.usage().await.unwrap().entries, 0);
    let keys: Vec<String> = server.ask("KEYS *").await;
    assert_eq!(keys, Vec::<String>::new(), "an empty cache keeps no books either");
}

#[tokio::test]
async fn entries_in_redis_expire_on_their_own() {
    let server = RedisServer::start();
    let school = school(&server).await;
    school.get(42).await;
    let entries: Vec<String> = server.ask(&format!("KEYS {PREFIX}{{7}}:report:*")).await;
    let ttl_ms: i64 = server.ask(&format!("PTTL {}", entries[0])).await;
    assert!((1_700_000..=1_800_000).contains(&ttl_ms), "{ttl_ms}");
}

#[tokio::test]
async fn two_nodes_share_entries_and_invalidations_through_redis() {
    let server = RedisServer::start();
    let (one, two) = (school(&server).await, school(&server).await);
    assert_eq!(one.get(42).await.x_cache(), "MISS");
    assert_eq!(two.get(42).await.x_cache(), "HIT");
    assert_eq!(two.cache.invalidate(&graded()).await.unwrap(), 1);
    assert_eq!(one.get(42).await.x_cache(), "MISS");
}

#[tokio::test]
async fn lost_epochs_in_redis_leave_old_entries_cold() {
    let server = RedisServer::start();
    let school = school(&server).await;
    school.get(42).await;
    server.ask::<()>(&format!("DEL {PREFIX}{{7}}:epochs")).await;
    assert_eq!(school.get(42).await.x_cache(), "MISS");
    assert_eq!(school.get(42).await.x_cache(), "HIT");
}

#[tokio::test]
async fn an_unreachable_redis_is_one_clear_error_within_three_seconds() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for address in [free, silent.local_addr().unwrap()] {
        let started = Instant::now();
        let url = format!("redis://:secret@{address}/");
        let error = RedisStore::connect(&url, PREFIX).await.unwrap_err();
        assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
        assert!(matches!(error, StoreError::Connect { .. }));
        let said = error.to_string();
        assert!(said.contains(&address.to_string()) && !said.contains("secret"), "{said}");
    }
    assert!(RedisStore::connect("not a url", PREFIX).await.is_err());
}
