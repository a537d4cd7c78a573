//! A Redis that is killed, stalled, flapping, restarted, restored or away: readers are served all the same,
//! and nothing old when it is back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use report_cache::{
    CacheConfig, Clock, ClockHand, Invalidation, Reason, RedisStore, ReportCache, ReportType, Store,
    StoreError,
};

use crate::support::redis::RedisServer;
use crate::support::{Got, Origin, School};

const PREFIX: &str = "cacheproof:test:";

fn graded() -> Invalidation {
    Invalidation { reason: Reason::GradeChanged, scopes: vec![(7, ReportType::Analytics)] }
}

/// A school on `server`, whose breaker rests until the clock is moved by hand.
fn school(server: &RedisServer) -> (School, ClockHand) {
    school_at(&server.url(), Origin::counting())
}

fn school_at(url: &str, origin: Origin) -> (School, ClockHand) {
    let (clock, hand) = Clock::manual(1.0);
    let store = RedisStore::open(url, PREFIX).unwrap();
    let config = CacheConfig { clock, store_timeout: Duration::from_millis(100), ..CacheConfig::default() };
    let config = CacheConfig { sweep_timeout: Duration::from_millis(300), ..config };
    (School::new(ReportCache::new(Arc::new(store), config), origin), hand)
}

fn served(got: &Got) {
    assert_eq!(got.status.as_u16(), 200, "{got:?}");
}

/// Asks until the store answers again, moving the clock past the breaker's rest; what came then.
async fn when_it_is_back(school: &School, hand: &ClockHand) -> Got {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        hand.advance(Duration::from_secs(1));
        let got = school.get(42).await;
        served(&got);
        if got.x_cache() != "BYPASS" {
            return got;
        }
        assert!(Instant::now() < deadline, "the store was not found again within 20 s");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Calls that failed, by the counter of the metrics.
fn failed_calls(school: &School) -> u64 {
    let registry = prometheus::Registry::new();
    school.cache.register(&registry).unwrap();
    let text = crate::stats::text(&registry);
    let lines = text.lines().filter(|line| line.starts_with("report_cache_store_errors_total{"));
    lines.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
}

/// Reads and writes while the store is away: all are served, and few pay for it.
async fn an_outage(school: &School) {
    for _ in 0..20 {
        let got = school.get(42).await;
        served(&got);
        assert_eq!(got.x_cache(), "BYPASS");
    }
    assert!(school.cache.invalidate(&graded()).await.is_err());
    assert!(failed_calls(school) <= 3, "after three failures nobody asks");
}

#[tokio::test]
async fn redis_killed_readers_are_served_and_nothing_old_is_when_it_is_back() {
    let mut server = RedisServer::start();
    let (school, hand) = school(&server);
    school.get(42).await;
    assert_eq!(school.get(42).await.x_cache(), "HIT");
    server.stop();
    an_outage(&school).await;
    server.restart();
    let back = when_it_is_back(&school, &hand).await;
    assert_eq!(
        (back.x_cache(), back.body.as_str()),
        ("MISS", &*format!("{{\"call\": {}}}", school.origin.calls()))
    );
    assert_eq!(school.get(42).await.x_cache(), "HIT");
}

#[tokio::test]
async fn redis_stalled_by_client_pause_delays_few_and_serves_nothing_old_afterwards() {
    let server = RedisServer::start();
    let (school, hand) = school(&server);
    school.get(42).await;
    // Longer than a probe of the connection takes, so it is given up and opened again.
    server.ask::<()>("CLIENT PAUSE 2500 ALL").await;
    an_outage(&school).await;
    let back = when_it_is_back(&school, &hand).await;
    assert_eq!(back.x_cache(), "MISS");
    assert_eq!(school.get(42).await.x_cache(), "HIT");
}

#[tokio::test]
async fn redis_stalled_by_debug_sleep_delays_few_and_serves_nothing_old_afterwards() {
    let server = RedisServer::start_with(&["--enable-debug-command", "local"]);
    let (school, hand) = school(&server);
    school.get(42).await;
    let mut stalling = server.connection().await;
    let stall = tokio::spawn(async move {
        // Its own client may give up waiting: the server sleeps on.
        let mut sleep = redis::cmd("DEBUG");
        let _: Result<(), _> = sleep.arg("SLEEP").arg(2).query_async(&mut stalling).await;
    });
    let deadline = Instant::now() + Duration::from_secs(5);
    while school.get(42).await.x_cache() != "BYPASS" {
        assert!(Instant::now() < deadline, "the server did not stall");
    }
    an_outage(&school).await;
    let back = when_it_is_back(&school, &hand).await;
    assert_eq!(back.x_cache(), "MISS");
    assert_eq!(school.get(42).await.x_cache(), "HIT");
    stall.abort();
}

#[tokio::test]
async fn redis_flapping_never_fails_a_reader_nor_serves_what_was_invalidated() {
    let mut server = RedisServer::start();
    let (school, hand) = school(&server);
    for round in 0..4 {
        if round > 0 {
            let back = when_it_is_back(&school, &hand).await;
            assert_eq!(back.x_cache(), "MISS", "round {round}");
        }
        served(&school.get(42).await);
        let before = school.get(42).await;
        assert_eq!(before.x_cache(), "HIT");
        server.stop();
        assert!(school.cache.invalidate(&graded()).await.is_err());
        let during = school.get(42).await;
        served(&during);
        assert_ne!(during.body, before.body, "an invalidation that was not confirmed is kept all the same");
        server.restart();
    }
    assert_eq!(when_it_is_back(&school, &hand).await.x_cache(), "MISS");
}

#[tokio::test]
async fn redis_away_at_the_start_is_gone_around_and_used_once_it_is_there() {
    let mut server = RedisServer::start();
    server.stop();
    let (school, hand) = school(&server);
    an_outage(&school).await;
    server.restart();
    assert_eq!(when_it_is_back(&school, &hand).await.x_cache(), "MISS");
    assert_eq!(school.get(42).await.x_cache(), "HIT");
}

#[tokio::test]
async fn redis_restored_from_a_snapshot_serves_nothing_that_was_invalidated_since() {
    let mut server = RedisServer::start();
    let origin = Origin::counting();
    let (school, hand) = school_at(&server.url(), origin.clone());
    let (other_node, other_hand) = school_at(&server.url(), origin.clone());
    assert_eq!(school.get(42).await.body, "{\"call\": 1}");
    assert_eq!(other_node.get(42).await.x_cache(), "HIT");
    server.ask::<()>("SAVE").await;
    assert_eq!(school.cache.invalidate(&graded()).await.unwrap(), 1);
    server.restart();
    let keys: Vec<String> = server.ask("KEYS *report:42:*").await;
    assert_eq!(keys.len(), 1, "the snapshot does bring the old entry back");
    // Neither by the node that knows of the invalidation, nor by one that does not, nor by a new one.
    let newcomer = school_at(&server.url(), origin).0;
    assert_eq!(newcomer.get(42).await.x_cache(), "MISS");
    for (node, hand) in [(&school, &hand), (&other_node, &other_hand)] {
        let back = when_it_is_back(node, hand).await;
        assert_ne!(back.body, "{\"call\": 1}");
    }
    assert_eq!(newcomer.get(42).await.x_cache(), "HIT");
    let usage = newcomer.cache.stats().await.unwrap();
    assert_eq!(usage.entries, 1);
}

#[tokio::test]
async fn a_value_computed_before_redis_was_restored_is_not_stored_after_it() {
    let mut server = RedisServer::start();
    let store = RedisStore::open(&server.url(), PREFIX).unwrap();
    let (facts, made) = (crate::support::facts(42, 7), crate::support::made());
    let generation = store.lookup(&facts.key, facts.report_type).await.unwrap().generation;
    server.ask::<()>("SAVE").await;
    server.restart();
    let entry = report_cache::Entry::json(&facts, generation, bytes::Bytes::from_static(b"old"), made);
    let deadline = Instant::now() + Duration::from_secs(10);
    let put = loop {
        match store.put(&facts.key, entry.clone(), Duration::from_secs(600)).await {
            Ok(put) => break put,
            Err(_) => assert!(Instant::now() < deadline, "the server was not found again within 10 s"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    // The snapshot's epochs are those the value was computed in: only the process is another.
    assert_eq!(put, report_cache::Put::Outdated);
    let now = store.lookup(&facts.key, facts.report_type).await.unwrap();
    assert_eq!(now.entry, None);
    assert_eq!(store.usage().await.unwrap().entries, 0);
}

/// Passes bytes on to a server, until it is told to swallow those of the connections it has.
struct Swallowing {
    url: String,
    swallows: tokio::sync::watch::Sender<bool>,
}

impl Swallowing {
    async fn before(server: &RedisServer) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("redis://{}/", listener.local_addr().unwrap());
        let (swallows, told) = tokio::sync::watch::channel(false);
        let port = server.port();
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let mut told = told.clone();
                told.mark_unchanged();
                tokio::spawn(async move {
                    let mut far = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                        // Held open, and never read again: as if a cable had been pulled.
                        _ = told.changed() => std::future::pending().await,
                    }
                });
            }
        });
        Self { url, swallows }
    }
}

#[tokio::test]
async fn a_connection_that_is_dead_without_a_sign_is_given_up_although_nobody_waits_to_see_it() {
    let server = RedisServer::start();
    let proxy = Swallowing::before(&server).await;
    let (school, hand) = school_at(&proxy.url, Origin::counting());
    school.get(42).await;
    assert_eq!(school.get(42).await.x_cache(), "HIT");
    proxy.swallows.send(true).unwrap();
    // Reads only: each gives up before an error could be seen.
    for _ in 0..20 {
        assert_eq!(school.get(42).await.x_cache(), "BYPASS");
    }
    assert_eq!(failed_calls(&school), 3);
    assert_eq!(when_it_is_back(&school, &hand).await.x_cache(), "HIT");
}

#[tokio::test]
async fn a_replica_is_not_asked() {
    let primary = RedisServer::start();
    let port = primary.port().to_string();
    let replica = RedisServer::start_with(&["--replicaof", "127.0.0.1", &port]);
    let error = RedisStore::connect(&replica.url(), PREFIX).await.unwrap_err();
    assert!(error.to_string().contains("replica"), "{error}");
    // One that becomes a replica while it is connected is left too.
    let store = RedisStore::connect(&primary.url(), PREFIX).await.unwrap();
    store.lookup(&crate::support::facts(42, 7).key, ReportType::Analytics).await.unwrap();
    primary.ask::<()>("REPLICAOF 127.0.0.1 1").await;
    assert!(store.invalidate(&[(7, ReportType::Analytics)]).await.is_err());
    let key = crate::support::facts(42, 7).key;
    assert!(matches!(store.lookup(&key, ReportType::Analytics).await, Err(StoreError::Connect { .. })));
}

#[tokio::test]
async fn many_callers_share_one_attempt_to_connect() {
    // Accepts and never answers.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://:secret@{}/", silent.local_addr().unwrap());
    let store = Arc::new(RedisStore::open(&url, PREFIX).unwrap());
    let over = Arc::new(AtomicBool::new(false));
    let accepted = tokio::spawn({
        let over = Arc::clone(&over);
        async move {
            let mut held = Vec::new();
            while !over.load(Ordering::SeqCst) {
                if let Ok(Ok(accepted)) =
                    tokio::time::timeout(Duration::from_millis(20), silent.accept()).await
                {
                    held.push(accepted);
                }
            }
            held.len()
        }
    });
    let key = crate::support::facts(42, 7).key;
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let store = Arc::clone(&store);
        callers.spawn(async move { store.lookup(&key, ReportType::Analytics).await });
    }
    for answer in callers.join_all().await {
        let said = answer.unwrap_err().to_string();
        assert!(said.contains("no answer") && !said.contains("secret"), "{said}");
    }
    assert!(store.usage().await.is_err(), "for a moment nobody tries again");
    over.store(true, Ordering::SeqCst);
    assert_eq!(accepted.await.unwrap(), 1);
}

#[tokio::test]
async fn only_a_malformed_url_is_refused_when_a_store_is_opened() {
    assert!(RedisStore::open("redis://127.0.0.1:1/", PREFIX).is_ok());
    let error = RedisStore::open("http://user:secret@host", PREFIX).unwrap_err();
    assert!(matches!(error, StoreError::Connect { .. }));
    assert!(!error.to_string().contains("secret"), "{error}");
    let store = RedisStore::open("redis://:secret@127.0.0.1:1/", PREFIX).unwrap();
    assert!(!format!("{store:?}").contains("secret"));
}

#[tokio::test]
async fn a_primary_that_takes_over_again_with_another_history_serves_nothing_it_had_forgotten() {
    let (main, other) = (RedisServer::start(), RedisServer::start());
    let (school, _hand) = school(&main);
    school.get(42).await;
    assert_eq!(school.get(42).await.x_cache(), "HIT");
    let synchronised = async |server: &RedisServer| {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !server.ask::<String>("INFO replication").await.contains("master_link_status:up") {
            assert!(Instant::now() < deadline, "it did not synchronise within 20 s");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    other.ask::<()>(&format!("REPLICAOF 127.0.0.1 {}", main.port())).await;
    synchronised(&other).await;
    other.ask::<()>("REPLICAOF NO ONE").await;
    // Acknowledged by the one, and unknown to the other.
    assert_eq!(school.cache.invalidate(&graded()).await.unwrap(), 1);
    main.ask::<()>(&format!("REPLICAOF 127.0.0.1 {}", other.port())).await;
    synchronised(&main).await;
    main.ask::<()>("REPLICAOF NO ONE").await;
    // As a sentinel does when it demotes a primary.
    main.ask::<u64>("CLIENT KILL TYPE normal").await;
    let deadline = Instant::now() + Duration::from_secs(20);
    let got = loop {
        let got = school.get(42).await;
        if got.x_cache() != "BYPASS" {
            break got;
        }
        assert!(Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!(got.x_cache(), "MISS", "the entry is there again, and so is its epoch");
}
