//! Writes that race a fill, on two nodes that share one store: what was computed before a write is never
//! served to one who asks after it was acknowledged.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use report_cache::{
    CacheConfig, Invalidation, Limits, MemoryStore, Policy, Reason, ReportCache, ReportType, Store,
};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;

use crate::support::gates::{After, Slow, comes};
use crate::support::{Got, Origin, School, all_others_wait, json};

fn graded(user: u64) -> Invalidation {
    Invalidation { reason: Reason::GradeChanged, scopes: vec![(user, ReportType::Analytics)] }
}

/// The database: one score. Answers with what it is when the computation begins.
#[derive(Clone, Default)]
struct Score(Arc<AtomicU64>);

impl Score {
    fn origin(&self) -> Origin {
        let score = Arc::clone(&self.0);
        Origin::new(move |_, _| {
            let seen = score.load(Ordering::SeqCst);
            async move {
                // The window of the race: read, and not yet answered.
                for _ in 0..3 {
                    tokio::task::yield_now().await;
                }
                json(&seen.to_string())
            }
        })
    }

    /// As `origin`, but each computation tells that it has read, and answers when it is let.
    fn held(&self) -> (Origin, Arc<Notify>, Arc<Semaphore>) {
        let score = Arc::clone(&self.0);
        let (origin, reached, gate) =
            crate::support::gates::held(move |_| json(&score.load(Ordering::SeqCst).to_string()));
        (origin, reached, gate)
    }

    async fn write(&self, node: &School) {
        self.0.fetch_add(1, Ordering::SeqCst);
        node.cache.invalidate(&graded(7)).await.unwrap();
    }
}

fn spawn(school: &School) -> tokio::task::JoinHandle<Got> {
    let school = school.clone();
    tokio::spawn(async move { school.get(42).await })
}

#[tokio::test]
async fn a_write_on_another_node_between_lookup_and_put_is_never_undone_by_the_fill() {
    let score = Score::default();
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Limits::default()));
    let (origin, reached, gate) = score.held();
    let one = School::with_store(Arc::clone(&store), origin);
    let two = School::with_store(store, score.origin());
    let before = spawn(&one);
    comes(&reached).await;
    score.write(&two).await;
    // Who asks the filling node after the write does not join the flight that began before it.
    let after = spawn(&one);
    comes(&reached).await;
    gate.add_permits(2);
    let before = before.await.unwrap();
    assert_eq!((before.body.as_str(), before.header("cache-status")), ("0", "report-cache; fwd=uri-miss"));
    assert_eq!(after.await.unwrap().body, "1");
    for node in [&one, &two] {
        let got = node.get(42).await;
        assert_eq!((got.x_cache(), got.body.as_str()), ("HIT", "1"));
    }
}

#[tokio::test]
async fn a_write_between_put_and_landing_is_never_undone_by_the_landing() {
    let score = Score::default();
    let (reached, gate) = (Arc::new(Notify::new()), Arc::new(Semaphore::new(0)));
    let after_put = After::Gate { reached: Arc::clone(&reached), gate: Arc::clone(&gate) };
    let store: Arc<dyn Store> = Arc::new(Slow::new(Duration::ZERO, after_put));
    let one = School::with_store(Arc::clone(&store), score.origin());
    let two = School::with_store(store, score.origin());
    let before = spawn(&one);
    comes(&reached).await;
    // The old value is stored, its flight has not landed, and those who join get it at once.
    assert_eq!(one.get(42).await.body, "0");
    score.write(&two).await;
    let after = spawn(&one);
    let elsewhere = spawn(&two);
    all_others_wait().await;
    gate.add_permits(10);
    assert_eq!(before.await.unwrap().body, "0");
    assert_eq!((after.await.unwrap().body, elsewhere.await.unwrap().body), ("1".into(), "1".into()));
    for node in [&one, &two] {
        let got = node.get(42).await;
        assert_eq!((got.x_cache(), got.body.as_str()), ("HIT", "1"));
    }
}

#[tokio::test]
async fn a_write_while_readers_wait_for_a_flight_reaches_those_who_come_after_it() {
    let score = Score::default();
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Limits::default()));
    let (origin, reached, gate) = score.held();
    let one = School::with_store(Arc::clone(&store), origin);
    let two = School::with_store(store, score.origin());
    let mut early = JoinSet::new();
    for _ in 0..5 {
        let one = one.clone();
        early.spawn(async move { one.get(42).await });
    }
    comes(&reached).await;
    all_others_wait().await;
    score.write(&two).await;
    let mut late = JoinSet::new();
    for _ in 0..5 {
        let one = one.clone();
        late.spawn(async move { one.get(42).await });
    }
    comes(&reached).await;
    all_others_wait().await;
    gate.add_permits(2);
    assert!(early.join_all().await.iter().all(|got| got.body == "0"), "they asked before the write");
    assert!(late.join_all().await.iter().all(|got| got.body == "1"));
    assert_eq!(one.origin.calls(), 2, "one flight each");
}

/// Readers and a writer at random on both nodes: whatever the interleaving, no read shows less than what
/// was acknowledged before it began.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_read_that_starts_after_an_acknowledged_write_returns_the_old_data_on_any_node() {
    let (score, acknowledged) = (Score::default(), Arc::new(AtomicU64::new(0)));
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Limits::default()));
    // One of the nodes refreshes its entries at nearly every hit, so that refreshes race writes too.
    let nodes = [None, Some(1e12)].map(|early_refresh| {
        let policy = Policy { early_refresh, ..Policy::default() };
        let config = CacheConfig { policy, ..CacheConfig::default() };
        School::new(ReportCache::new(Arc::clone(&store), config), score.origin())
    });
    let writer = {
        let (score, acknowledged, nodes) = (score.clone(), Arc::clone(&acknowledged), nodes.clone());
        tokio::spawn(async move {
            for write in 1..=300_u64 {
                let node = &nodes[usize::from(write % 3 == 0)];
                score.write(node).await;
                acknowledged.store(write, Ordering::SeqCst);
                for _ in 0..write % 7 {
                    tokio::task::yield_now().await;
                }
            }
        })
    };
    let mut readers = JoinSet::new();
    for reader in 0..8 {
        let (node, acknowledged) = (nodes[reader % 2].clone(), Arc::clone(&acknowledged));
        readers.spawn(async move {
            let (mut hits, mut floor) = (0, 0);
            while floor < 300 {
                floor = acknowledged.load(Ordering::SeqCst);
                let got = node.get(42).await;
                let seen: u64 = got.body.parse().unwrap();
                assert!(seen >= floor, "{} shows {seen} after {floor}", got.header("cache-status"));
                hits += usize::from(got.x_cache() == "HIT");
                // A hit in memory never waits: the writer must get its turn.
                tokio::task::yield_now().await;
            }
            hits
        });
    }
    writer.await.unwrap();
    let hits: usize = readers.join_all().await.into_iter().sum();
    assert!(hits > 0, "the cache was in use");
    // In quiet, the second node is seen to refresh at each hit.
    let registry = prometheus::Registry::new();
    nodes[1].cache.register(&registry).unwrap();
    let none = |line: &str| line == "report_cache_refreshed_total 0";
    let refreshed = async {
        while crate::stats::text(&registry).lines().any(none) {
            nodes[1].get(42).await;
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), refreshed).await.expect("it refreshes");
}
