//! Entries live as long as was promised for their type, and no longer.

use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;
use report_cache::{
    CacheConfig, Clock, ClockHand, Dice, Filters, Limits, MemoryStore, Policy, RedisStore, ReportCache,
    ReportFacts, ReportKey, ReportType,
};
use tokio::task::JoinSet;

use crate::support::gates::{comes, held, numbered};
use crate::support::redis::RedisServer;
use crate::support::{Classified, Origin, School, all_others_wait};
use tower::Layer;

/// The published seconds.
const PROMISED: [(ReportType, u64); 5] = [
    (ReportType::StudentProgress, 300),
    (ReportType::GradeDistribution, 900),
    (ReportType::Analytics, 1_800),
    (ReportType::Custom, 3_600),
    (ReportType::Default, 600),
];

/// Report n is of the nth type; 0 is a collection.
fn by_number(request: &Parts) -> Option<ReportFacts> {
    let id: usize = request.uri.path().strip_prefix("/reports/")?.parse().ok()?;
    let key = ReportKey::new(id as u64, 7, &Filters::empty());
    Some(ReportFacts { key, report_type: number(id), role: "teacher" })
}

fn number(id: usize) -> ReportType {
    if id == 0 { ReportType::Default } else { PROMISED[id - 1].0 }
}

/// Of the 5 types and a collection, with what is promised.
fn reports() -> impl Iterator<Item = (u64, u64)> {
    (0..=5_usize).map(|id| {
        let (_, secs) = PROMISED.iter().find(|(of, _)| *of == number(id)).unwrap();
        (id as u64, *secs)
    })
}

fn school(scale: f64, roll: f64) -> (School, ClockHand) {
    let (clock, hand) = Clock::manual(scale);
    let store = Arc::new(MemoryStore::with_clock(Limits::default(), clock.clone()));
    let config = CacheConfig { clock, dice: Dice::new(move || roll), ..CacheConfig::default() };
    (typed(ReportCache::new(store, config)), hand)
}

fn typed(cache: ReportCache) -> School {
    let origin = Origin::counting();
    let service = cache.layer(by_number as Classified).layer(origin.clone());
    School { cache, origin, service }
}

/// Moves the clock by scenario time.
fn pass(hand: &ClockHand, secs: u64, scale: f64) {
    hand.advance(Duration::from_secs(secs).div_f64(scale));
}

/// Rows 11 and 13: the jitter is declared, ten percent; below that an idle key hits.
#[tokio::test]
async fn an_idle_key_hits_at_nine_tenths_of_its_types_ttl_however_the_dice_fall() {
    for (scale, roll) in [(1.0, 0.0), (1.0, 0.999_999), (60.0, 0.0), (60.0, 0.999_999), (3_600.0, 0.5)] {
        for (report, secs) in reports() {
            let (school, hand) = school(scale, roll);
            school.get(report).await;
            pass(&hand, secs * 9 / 10 - 1, scale);
            assert_eq!(school.get(report).await.x_cache(), "HIT", "report {report}, {scale}, {roll}");
        }
    }
}

/// Row 11: reads below the TTL keep hitting, and are no reason to expire.
#[tokio::test]
async fn reads_spaced_below_the_ttl_hit() {
    for (report, secs) in reports() {
        let (school, hand) = school(1.0, 0.0);
        school.get(report).await;
        for read in 1..=9 {
            pass(&hand, secs / 10, 1.0);
            assert_eq!(school.get(report).await.x_cache(), "HIT", "report {report}, read {read}");
        }
    }
}

/// Rows 12 and 13: data that changed without a word is seen at the TTL, however often the key was read.
#[tokio::test]
async fn what_changed_out_of_band_is_seen_when_its_types_ttl_ends_although_the_key_is_read_all_along() {
    for (scale, roll) in [(1.0, 0.0), (60.0, 0.0), (1.0, 0.999_999)] {
        for (report, secs) in reports() {
            let (school, hand) = school(scale, roll);
            assert_eq!(school.get(report).await.body, "{\"call\": 1}");
            for _ in 0..10 {
                pass(&hand, secs / 10, scale);
                school.get(report).await;
            }
            let got = school.get(report).await;
            assert_eq!(got.body, "{\"call\": 2}", "report {report}, {scale}, {roll}");
            assert_eq!(school.origin.calls(), 2, "it expired once");
        }
    }
}

/// Rows 11 to 13 in Redis, which ends entries by itself: not before the promise and its jitter.
#[tokio::test]
async fn redis_keeps_each_type_as_long_as_was_promised() {
    let server = RedisServer::start();
    let scale = 2.0;
    let store = Arc::new(RedisStore::connect(&server.url(), "cacheproof:test:").await.unwrap());
    let config = CacheConfig { clock: Clock::scaled(scale), ..CacheConfig::default() };
    let school = typed(ReportCache::new(store, config));
    for (report, secs) in reports() {
        school.get(report).await;
        assert_eq!(school.get(report).await.x_cache(), "HIT");
        let entries: Vec<String> = server.ask(&format!("KEYS cacheproof:test:*report:{report}:7:*")).await;
        let [entry] = entries.as_slice() else { panic!("{entries:?}") };
        let left: u64 = server.ask(&format!("PTTL {entry}")).await;
        // Half of it in wall time; a minute for a machine that is busy.
        let whole = secs * 1_000 / 2;
        assert!((whole * 9 / 10).saturating_sub(60_000) < left && left <= whole, "{report}: {left}");
    }
}

/// Row 15.
#[tokio::test(start_paused = true)]
async fn when_a_hot_key_expires_its_readers_cost_one_computation() {
    for early_refresh in [None, Some(1.0)] {
        let (origin, reached, gate) = held(numbered);
        let policy = Policy { early_refresh, ..Policy::default() };
        let config = CacheConfig { policy, ..CacheConfig::default() };
        let (school, hand) = School::on_manual_clock(origin, 1.0, config);
        gate.add_permits(1);
        school.get(42).await;
        comes(&reached).await;
        hand.advance(Duration::from_secs(1_799));
        // Nothing lets a computation end here: one would wait for ever.
        let hit = tokio::time::timeout(Duration::from_secs(20), school.get(42)).await;
        assert_eq!(hit.expect("it computes nothing").x_cache(), "HIT");
        hand.advance(Duration::from_secs(1));
        let mut readers = JoinSet::new();
        for _ in 0..50 {
            let school = school.clone();
            readers.spawn(async move { school.get(42).await });
        }
        comes(&reached).await;
        all_others_wait().await;
        gate.add_permits(50);
        let answers = readers.join_all().await;
        assert!(answers.iter().all(|got| got.body == "{\"call\": 2}"));
        assert_eq!(school.origin.calls(), 2, "one filled it, one filled it again");
    }
}
