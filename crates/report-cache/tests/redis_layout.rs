//! What the Redis store costs and touches: round trips, calls, slots.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use redis::aio::MultiplexedConnection;
use report_cache::{
    Entry, Filters, Limits, Put, RedisStore, ReportFacts, ReportKey, ReportType, Store, Usage, contract,
};

use crate::support::redis::{RedisServer, words};
use crate::support::{facts, made};

const PREFIX: &str = "cacheproof:test:";
const LONG: Duration = Duration::from_secs(600);

async fn offer(store: &RedisStore, report: u64, user: u64, ttl: Duration) -> Result<Put, String> {
    let facts = facts(report, user);
    let lookup = store.lookup(&facts.key, facts.report_type).await.map_err(|error| error.to_string())?;
    let body = Bytes::from_static(b"{\"score\": 1}");
    let entry = Entry::json(&facts, lookup.generation, body, made());
    store.put(&facts.key, entry, ttl).await.map_err(|error| error.to_string())
}

async fn fill(store: &RedisStore, report: u64, user: u64) {
    assert_eq!(offer(store, report, user, LONG).await, Ok(Put::Stored { evicted: 0 }));
}

async fn holds(store: &RedisStore, report: u64, user: u64) -> bool {
    store.lookup(&facts(report, user).key, ReportType::Analytics).await.unwrap().entry.is_some()
}

/// Watches the server over a connection of its own, whose reads it knows.
struct Watch(MultiplexedConnection);

impl Watch {
    async fn over(server: &RedisServer) -> Self {
        Self(server.connection().await)
    }

    /// How often the server has read from other sockets, in round trips: each is one read, if small.
    async fn trips(&mut self) -> u64 {
        let info: redis::InfoDict = words("INFO stats").query_async(&mut self.0).await.unwrap();
        info.get("total_reads_processed").unwrap()
    }

    /// Round trips of `work`; the one that asks is not among them.
    async fn trips_of(&mut self, work: impl Future<Output = ()>) -> u64 {
        let before = self.trips().await;
        work.await;
        self.trips().await - before - 1
    }
}

#[tokio::test]
async fn redis_is_asked_once_per_read() {
    let server = RedisServer::start();
    let store = RedisStore::connect(&server.url(), PREFIX).await.unwrap();
    fill(&store, 42, 7).await;
    let mut watch = Watch::over(&server).await;
    let ten = watch.trips_of(async {
        for _ in 0..10 {
            assert!(holds(&store, 42, 7).await);
        }
    });
    assert_eq!(ten.await, 10);
    // A miss where the epochs are there asks once too; the first ever reader begins them.
    assert_eq!(watch.trips_of(async { assert!(!holds(&store, 42, 8).await) }).await, 2);
    assert_eq!(watch.trips_of(async { assert!(!holds(&store, 42, 8).await) }).await, 1);
}

#[tokio::test]
async fn round_trips_of_an_invalidation_do_not_grow_with_its_people() {
    let server = RedisServer::start();
    let store = RedisStore::connect(&server.url(), PREFIX).await.unwrap();
    let mut watch = Watch::over(&server).await;
    let mut trips = Vec::new();
    // Few enough to be read by the server at once, as one packet.
    for people in [1, 2, 10, 30] {
        for user in 1..=people {
            fill(&store, 42, user).await;
        }
        let scopes: Vec<_> = (1..=people).map(|user| (user, ReportType::Analytics)).collect();
        let work = async { assert_eq!(store.invalidate(&scopes).await.unwrap(), people) };
        trips.push(watch.trips_of(work).await);
    }
    assert_eq!(trips, [2, 2, 2, 2]);
}

#[tokio::test]
async fn cost_of_an_invalidation_in_redis_does_not_depend_on_what_stays() {
    let mut costs = Vec::new();
    for unrelated in [10, 1_000] {
        let server = RedisServer::start();
        let store = RedisStore::connect(&server.url(), PREFIX).await.unwrap();
        for report in 0..unrelated {
            // Half are other people's, half are the same person's of another type.
            let user = if report % 2 == 0 { 7 } else { 1_000 + report };
            let key = ReportKey::new(1_000 + report, user, &Filters::empty());
            let facts = ReportFacts { key, report_type: ReportType::Custom, role: "teacher" };
            let generation = store.lookup(&key, facts.report_type).await.unwrap().generation;
            let entry = Entry::json(&facts, generation, Bytes::from_static(b"{}"), made());
            assert_eq!(store.put(&key, entry, LONG).await.unwrap(), Put::Stored { evicted: 0 });
        }
        for report in 1..=3 {
            fill(&store, report, 7).await;
        }
        server.ask::<()>("CONFIG RESETSTAT").await;
        assert_eq!(store.invalidate(&[(7, ReportType::Analytics)]).await.unwrap(), 3);
        let mut calls = server.calls().await;
        calls.retain(|name, _| !name.starts_with("info") && !name.starts_with("config"));
        assert!(calls["unlink"] == 3, "{calls:?}");
        costs.push(calls);
        assert_eq!(store.usage().await.unwrap().entries, unrelated);
    }
    assert_eq!(costs[0], costs[1]);
}

#[tokio::test]
async fn scripts_are_loaded_once_and_the_keyspace_is_never_scanned() {
    let server = RedisServer::start();
    let store = Arc::new(RedisStore::connect(&server.url(), PREFIX).await.unwrap());
    server.ask::<()>("CONFIG RESETSTAT").await;
    contract::every_clause(&*store).await;
    contract::every_clause_about_races(store).await;
    let calls = server.calls().await;
    assert!(calls["evalsha"] > 1_000, "{calls:?}");
    // The counter itself is asked after a CONFIG RESETSTAT of ours.
    let forbidden = |name: &str| {
        let first = name.split('|').next().unwrap();
        let ours = name == "config|resetstat";
        ["eval", "script", "scan", "keys", "flushall", "flushdb", "randomkey", "config"].contains(&first)
            && !ours
    };
    let found: BTreeMap<_, _> = calls.iter().filter(|(name, _)| forbidden(name)).collect();
    assert!(found.is_empty(), "{found:?}");
}

#[tokio::test]
async fn scripts_that_somebody_flushed_are_loaded_again() {
    let server = RedisServer::start();
    let store = RedisStore::connect(&server.url(), PREFIX).await.unwrap();
    server.ask::<()>("SCRIPT FLUSH").await;
    fill(&store, 42, 7).await;
    server.ask::<()>("SCRIPT FLUSH").await;
    assert_eq!(store.invalidate(&[(7, ReportType::Analytics)]).await.unwrap(), 1);
    assert_eq!(store.usage().await.unwrap().entries, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_is_correct_per_slot_of_a_cluster() {
    let server = RedisServer::start_cluster().await;
    // The control: this server does refuse a script that touches two slots, and a command.
    let two = "#!lua\nreturn redis.call('SET', KEYS[1], 1) and redis.call('SET', '{b}', 1)";
    let (mut eval, mut connection) = (redis::cmd("EVAL"), server.connection().await);
    let refused = eval.arg(two).arg(1).arg("{a}").query_async::<()>(&mut connection);
    assert!(refused.await.unwrap_err().to_string().contains("same slot"));
    assert!(words("DEL {a} {b}").query_async::<()>(&mut connection).await.is_err());

    let store = RedisStore::connect(&server.url(), PREFIX).await.unwrap();
    contract::every_clause(&store).await;
    contract::every_clause_about_races(Arc::new(store)).await;
    let store = RedisStore::connect(&server.url(), PREFIX).await.unwrap();
    contract::every_clause_about_caps(Arc::new(store.with_limits(contract::CAPS))).await;
}

#[tokio::test]
async fn everything_of_a_person_lies_in_one_slot() {
    let server = RedisServer::start_cluster().await;
    let store = RedisStore::connect(&server.url(), PREFIX).await.unwrap();
    for (report, user) in [(42, 7), (43, 7), (42, 8)] {
        fill(&store, report, user).await;
    }
    let keys: Vec<String> = server.ask("KEYS *").await;
    let entry = format!("{PREFIX}{{7}}:report:42:7:99914b932bd3");
    assert!(keys.contains(&entry), "{keys:?}");
    let mut slots: BTreeMap<String, Vec<u16>> = BTreeMap::new();
    for key in keys {
        let tag = key[key.find('{').unwrap()..=key.find('}').unwrap()].to_owned();
        slots.entry(tag).or_default().push(server.ask(&format!("CLUSTER KEYSLOT {key}")).await);
    }
    assert_eq!(
        slots.keys().map(String::as_str).collect::<Vec<_>>(),
        ["{7}", "{8}", "{meta}", "{r42}", "{r43}"]
    );
    let mut distinct: Vec<u16> = slots.values().map(|slots| slots[0]).collect();
    distinct.dedup();
    assert_eq!(distinct.len(), 5, "{slots:?}");
    assert!(slots.values().all(|slots| slots.iter().all(|slot| *slot == slots[0])), "{slots:?}");
}

#[tokio::test]
async fn only_entries_expire_so_epochs_are_never_evicted_under_a_volatile_policy() {
    let server = RedisServer::start();
    let store = RedisStore::connect(&server.url(), PREFIX).await.unwrap();
    fill(&store, 42, 7).await;
    for key in server.ask::<Vec<String>>("KEYS *").await {
        let ttl: i64 = server.ask(&format!("PTTL {key}")).await;
        assert_eq!(ttl > 0, key.contains("report:42:7:"), "{key} lives {ttl} ms");
    }
}

#[tokio::test]
async fn damaged_truncated_and_older_entries_in_redis_are_misses_and_can_be_filled_again() {
    let server = RedisServer::start();
    let store = RedisStore::connect(&server.url(), PREFIX).await.unwrap();
    fill(&store, 42, 7).await;
    let name = format!("{PREFIX}{{7}}:report:42:7:99914b932bd3");
    let stored: Vec<u8> = server.ask(&format!("GET {name}")).await;
    let text = String::from_utf8(stored.clone()).unwrap();
    let mut flipped = stored.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let damaged = [
        b"\xff\x00garbage".to_vec(),
        Vec::new(),
        stored[..stored.len() / 2].to_vec(),
        stored[..stored.len() - 1].to_vec(),
        flipped,
        text.replace("\"v\":2", "\"v\":1").into_bytes(),
    ];
    for bytes in damaged {
        assert_ne!(bytes, stored);
        let mut set = redis::cmd("SET");
        set.arg(&name).arg(&bytes).arg("KEEPTTL");
        set.query_async::<()>(&mut server.connection().await).await.unwrap();
        assert!(!holds(&store, 42, 7).await, "{:?}", String::from_utf8_lossy(&bytes));
        fill(&store, 42, 7).await;
        assert!(holds(&store, 42, 7).await);
        assert_eq!(store.usage().await.unwrap().entries, 1);
    }
}

#[tokio::test]
async fn sizes_heal_when_a_node_died_before_it_entered_them() {
    let server = RedisServer::start();
    let store = RedisStore::connect(&server.url(), PREFIX).await.unwrap();
    fill(&store, 42, 8).await;
    for report in [42, 43] {
        assert!(!holds(&store, report, 7).await);
    }
    // The second step fails, as if the node had died before it.
    let all = |book: &str| format!("~{PREFIX}{{{book}");
    let allowed = ["7}:*", "8}:*", "r*", "meta}:epoch", "meta}:expiry"].map(all).join(" ");
    server.ask::<()>(&format!("ACL SETUSER default resetkeys {allowed}")).await;
    assert!(offer(&store, 43, 7, Duration::from_millis(30)).await.is_err());
    assert!(offer(&store, 42, 7, LONG).await.is_err());
    server.ask::<()>("ACL SETUSER default allkeys").await;
    assert!(holds(&store, 42, 7).await, "the first step was taken");
    let deadline = std::time::Instant::now() + Duration::from_secs(5);
    while store.usage().await.unwrap().entries != 2 {
        assert!(std::time::Instant::now() < deadline, "the books were still wrong after 5 s");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let healed = store.usage().await.unwrap();
    assert_eq!(healed.bytes, 2 * healed.largest_user_bytes);
    assert_eq!(store.clear().await.unwrap(), 2);
}

#[tokio::test]
async fn a_clearing_that_died_half_way_serves_nothing_and_the_next_one_finishes_it() {
    let server = RedisServer::start();
    let store = RedisStore::connect(&server.url(), PREFIX).await.unwrap();
    fill(&store, 42, 7).await;
    fill(&store, 43, 8).await;
    // What its first step does.
    let book = |name: &str| format!("{PREFIX}{{meta}}:{name}");
    server.ask::<()>(&format!("RENAME {} {}", book("known"), book("leaving"))).await;
    server.ask::<()>(&format!("SET {} 0123456789abcdef", book("epoch"))).await;
    let ended = ["bytes", "counts", "total", "expiry"].map(book);
    server.ask::<()>(&format!("DEL {}", ended.join(" "))).await;
    assert!(!holds(&store, 42, 7).await && !holds(&store, 43, 8).await);
    assert_eq!(store.usage().await.unwrap(), Usage::default());
    fill(&store, 44, 9).await;
    assert_eq!(store.clear().await.unwrap(), 3);
    assert_eq!(server.ask::<Vec<String>>("KEYS *").await, Vec::<String>::new());
}

#[tokio::test]
async fn a_fill_that_comes_after_a_clearing_leaves_nothing_behind() {
    let server = RedisServer::start();
    let store = RedisStore::connect(&server.url(), PREFIX).await.unwrap();
    let facts = facts(42, 7);
    let generation = store.lookup(&facts.key, facts.report_type).await.unwrap().generation;
    store.clear().await.unwrap();
    let late = Entry::json(&facts, generation, Bytes::from_static(b"{}"), made());
    assert_eq!(store.put(&facts.key, late, LONG).await.unwrap(), Put::Outdated);
    assert_eq!(server.ask::<Vec<String>>("KEYS *").await, Vec::<String>::new());
}

#[tokio::test]
async fn invalidations_and_reads_go_on_while_redis_is_full() {
    let server = RedisServer::start();
    let store = RedisStore::connect(&server.url(), PREFIX).await.unwrap().with_limits(Limits::default());
    fill(&store, 42, 7).await;
    fill(&store, 42, 8).await;
    server.ask::<()>("CONFIG SET maxmemory 1").await;
    assert!(holds(&store, 42, 7).await);
    assert!(offer(&store, 42, 7, LONG).await.is_err());
    assert_eq!(store.invalidate(&[(7, ReportType::Analytics)]).await.unwrap(), 1);
    assert!(!holds(&store, 42, 7).await && holds(&store, 42, 8).await);
    assert_eq!(store.usage().await.unwrap().entries, 1);
    server.ask::<()>("CONFIG SET maxmemory 0").await;
    fill(&store, 42, 7).await;
    assert_eq!(store.clear().await.unwrap(), 2);
}
