//! Jitter of lifetimes, and early refresh of hot keys.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use prometheus::Registry;
use report_cache::{
    CacheConfig, Clock, ClockHand, Dice, Filled, Filters, Invalidation, Limits, MemoryStore, Policy, Reason,
    ReportCache, ReportFacts, ReportKey, ReportType, Store,
};
use tokio::sync::Semaphore;

use crate::stats::text;
use crate::support::gates::numbered;
use crate::support::{Origin, School, all_others_wait};

/// Dice that fall as told, and at 0 until then.
#[derive(Clone, Default)]
struct Told(Arc<AtomicU64>);

impl Told {
    fn fall(&self, dice: f64) {
        self.0.store(dice.to_bits(), Ordering::SeqCst);
    }

    fn dice(&self) -> Dice {
        let told = Arc::clone(&self.0);
        Dice::new(move || f64::from_bits(told.load(Ordering::SeqCst)))
    }
}

/// Looks four times as far ahead as the computation takes: −ln(1 − dice) = 4.
const FAR: f64 = 0.981_684_361_111_265_8;

struct Stage {
    school: School,
    hand: Arc<ClockHand>,
    dice: Told,
    /// Lets every computation but the first one end.
    gate: Arc<Semaphore>,
}

/// Analytics live 1800 s; each computation takes 3 s. `answer` of the call's number, from 1.
fn stage(answer: fn(usize) -> StatusCode) -> Stage {
    let (clock, hand) = Clock::manual(1.0);
    let (hand, dice, gate) = (Arc::new(hand), Told::default(), Arc::new(Semaphore::new(0)));
    let (moved, wait) = (Arc::clone(&hand), Arc::clone(&gate));
    let origin = Origin::new(move |call, _| {
        let (moved, wait) = (Arc::clone(&moved), Arc::clone(&wait));
        async move {
            if call > 1 {
                wait.acquire().await.unwrap().forget();
            }
            moved.advance(Duration::from_secs(3));
            let mut response = numbered(call);
            *response.status_mut() = answer(call);
            response
        }
    });
    let policy = Policy { early_refresh: Some(1.0), ..Policy::default() };
    let config = CacheConfig { policy, clock: clock.clone(), dice: dice.dice(), ..CacheConfig::default() };
    let store = Arc::new(MemoryStore::with_clock(Limits::default(), clock));
    Stage { school: School::new(ReportCache::new(store, config), origin), hand, dice, gate }
}

fn refreshed(school: &School) -> String {
    let registry = Registry::new();
    school.cache.register(&registry).unwrap();
    let text = text(&registry);
    text.lines().find_map(|line| line.strip_prefix("report_cache_refreshed_total ")).unwrap().to_owned()
}

#[tokio::test]
async fn a_hot_key_is_refreshed_before_it_expires_and_its_readers_wait_for_nothing() {
    let Stage { school, hand, dice, gate } = stage(|_| StatusCode::OK);
    assert_eq!(school.get(42).await.x_cache(), "MISS");
    hand.advance(Duration::from_secs(1_790));
    assert_eq!(school.get(42).await.header("age"), "1790");
    all_others_wait().await;
    assert_eq!(school.origin.calls(), 1, "who looks no further than now refreshes nothing");

    dice.fall(FAR);
    for _ in 0..20 {
        let hit = school.get(42).await;
        assert_eq!((hit.x_cache(), hit.body.as_str(), hit.header("age")), ("HIT", "{\"call\": 1}", "1790"));
        all_others_wait().await;
    }
    assert_eq!(school.origin.calls(), 2, "one refreshes, not all");
    assert_eq!(refreshed(&school), "0");
    dice.fall(0.0);
    gate.add_permits(1);
    all_others_wait().await;
    assert_eq!(refreshed(&school), "1");
    let fresh = school.get(42).await;
    assert_eq!((fresh.x_cache(), fresh.body.as_str(), fresh.header("age")), ("HIT", "{\"call\": 2}", "0"));
    let stats = school.cache.stats().await.unwrap();
    assert_eq!((stats.hit, stats.miss, stats.stored), (22, 1, 2), "a refresh is no miss");
}

#[tokio::test]
async fn a_refresh_that_races_a_write_is_not_stored() {
    let Stage { school, hand, dice, gate } = stage(|_| StatusCode::OK);
    school.get(42).await;
    hand.advance(Duration::from_secs(1_790));
    dice.fall(FAR);
    school.get(42).await;
    all_others_wait().await;
    assert_eq!(school.origin.calls(), 2);
    let event = Invalidation { reason: Reason::GradeChanged, scopes: vec![(7, ReportType::Analytics)] };
    school.cache.invalidate(&event).await.unwrap();
    gate.add_permits(2);
    all_others_wait().await;
    assert_eq!(refreshed(&school), "0");
    let next = school.get(42).await;
    assert_eq!((next.x_cache(), next.body.as_str()), ("MISS", "{\"call\": 3}"));
}

#[tokio::test]
async fn a_refresh_that_fails_leaves_the_entry_as_it_is() {
    let failing = |call| if call == 2 { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::OK };
    let Stage { school, hand, dice, gate } = stage(failing);
    school.get(42).await;
    hand.advance(Duration::from_secs(1_790));
    dice.fall(FAR);
    gate.add_permits(1);
    school.get(42).await;
    all_others_wait().await;
    dice.fall(0.0);
    let still = school.get(42).await;
    assert_eq!((still.x_cache(), still.body.as_str()), ("HIT", "{\"call\": 1}"));
    assert_eq!((school.origin.calls(), refreshed(&school).as_str()), (2, "0"));
}

#[tokio::test]
async fn who_misses_during_a_refresh_shares_it() {
    let Stage { school, hand, dice, gate } = stage(|_| StatusCode::OK);
    school.get(42).await;
    hand.advance(Duration::from_secs(1_790));
    dice.fall(FAR);
    school.get(42).await;
    hand.advance(Duration::from_secs(20));
    let late = {
        let school = school.clone();
        tokio::spawn(async move { school.get(42).await })
    };
    all_others_wait().await;
    gate.add_permits(1);
    let late = late.await.unwrap();
    assert_eq!(late.header("cache-status"), "report-cache; hit; detail=COALESCED");
    assert_eq!((late.body.as_str(), school.origin.calls()), ("{\"call\": 2}", 2));
}

#[tokio::test]
async fn only_if_cached_and_no_store_refresh_nothing() {
    let Stage { school, hand, dice, .. } = stage(|_| StatusCode::OK);
    school.get(42).await;
    hand.advance(Duration::from_secs(1_790));
    dice.fall(FAR);
    let got = school.ask("GET /reports/42", &[("cache-control", "only-if-cached")]).await;
    all_others_wait().await;
    assert_eq!((got.x_cache(), school.origin.calls()), ("HIT", 1));
}

#[tokio::test]
async fn warmed_entries_do_not_expire_together_and_none_lives_longer_than_promised() {
    let (clock, hand) = Clock::manual(1.0);
    let store = Arc::new(MemoryStore::with_clock(Limits::default(), clock.clone()));
    // Evenly spread dice: multiples of the golden ratio, modulo 1.
    let rolls = AtomicU64::new(0);
    let dice = Dice::new(move || {
        let roll = u32::try_from(rolls.fetch_add(1, Ordering::SeqCst)).unwrap();
        (f64::from(roll) * 0.618_033_988_749_895).fract()
    });
    let config = CacheConfig { clock, dice, ..CacheConfig::default() };
    let cache = ReportCache::new(Arc::<MemoryStore>::clone(&store), config);
    let school = School::new(cache, Origin::counting());
    let key = |report| ReportKey::new(report, 7, &Filters::empty());
    let mut lifetimes = BTreeSet::new();
    for report in 1..=200 {
        let facts = ReportFacts { key: key(report), report_type: ReportType::Analytics, role: "teacher" };
        let body = async { Ok::<_, ()>(Bytes::from_static(b"{}")) };
        assert!(matches!(school.cache.fill(&facts, body).await, Ok(Filled::Stored)));
        let stored = store.lookup(&key(report), ReportType::Analytics).await.unwrap().entry.unwrap();
        lifetimes.insert(stored.ttl.as_secs());
    }
    let (first, last) = (*lifetimes.first().unwrap(), *lifetimes.last().unwrap());
    assert!((1_620..1_640).contains(&first) && (1_780..=1_800).contains(&last), "{first} to {last} s");
    assert!(lifetimes.len() > 100, "{} different lifetimes", lifetimes.len());
    // At no moment do more than a few of them go.
    hand.advance(Duration::from_secs(1_619));
    let mut left = school.cache.stats().await.unwrap().entries;
    assert_eq!(left, 200);
    for _ in 0..18 {
        hand.advance(Duration::from_secs(10));
        let now = school.cache.stats().await.unwrap().entries;
        assert!(left - now <= 15, "{} went within 10 s", left - now);
        left = now;
    }
    hand.advance(Duration::from_secs(10));
    assert_eq!(school.cache.stats().await.unwrap().entries, 0);
}
