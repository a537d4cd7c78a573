//! Counters and the management answers.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use http::request::Parts;
use prometheus::{Registry, TextEncoder};
use report_cache::{
    CacheConfig, Clock, Invalidation, Limits, MemoryStore, Reason, ReportCache, ReportFacts, ReportType,
};
use tokio::task::JoinSet;
use tower::Layer;

use crate::support::stores::Fickle;
use crate::support::{Classified, Got, Origin, School, classify, json};

const ROLES: [&str; 3] = ["teacher", "student", "parent"];

/// People 0, 3, 6 … are teachers, 1, 4, 7 … students, 2, 5, 8 … parents.
fn by_role(request: &Parts) -> Option<ReportFacts> {
    let facts = classify(request)?;
    let role = ROLES[usize::try_from(facts.key.user_id % 3).unwrap()];
    Some(ReportFacts { role, ..facts })
}

fn school_with_roles(cache: ReportCache, origin: Origin) -> School {
    let service = cache.layer(by_role as Classified).layer(origin.clone());
    School { cache, origin, service }
}

pub(crate) fn text(registry: &Registry) -> String {
    TextEncoder::new().encode_to_string(&registry.gather()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn counters_add_up_under_concurrency() {
    let school = School::on_memory(Origin::counting());
    let mut readers = JoinSet::new();
    for n in 0..600_u64 {
        let school = school.clone();
        readers.spawn(async move {
            let path = format!("GET /reports/{}", n % 7);
            let directive = if n % 5 == 0 { "no-cache" } else { "max-age=0" };
            if n % 50 == 0 {
                school.cache.clear().await.unwrap();
            }
            school.ask_as(n % 3, &path, &[("cache-control", directive)]).await
        });
    }
    let answers = readers.join_all().await;
    let seen = |word| u64::try_from(answers.iter().filter(|got| got.x_cache() == word).count()).unwrap();
    let stats = school.cache.stats().await.unwrap();
    assert_eq!((stats.hit, stats.miss, stats.bypass), (seen("HIT"), seen("MISS"), seen("BYPASS")));
    assert_eq!(stats.hit + stats.miss + stats.bypass, 600);
    assert_eq!(stats.bypass, 120);
    let coalesced = answers.iter().filter(|got| got.header("cache-status").contains("COALESCED")).count();
    assert_eq!(stats.coalesced, u64::try_from(coalesced).unwrap());
    let computed = u64::try_from(school.origin.calls()).unwrap();
    assert_eq!(computed, stats.miss + stats.bypass);
}

#[tokio::test]
async fn the_management_answers_have_the_published_fields() {
    let school = School::on_memory(Origin::counting());
    let empty = serde_json::to_value(school.cache.hit_rate()).unwrap();
    assert!(empty["hit_rate"].is_null());
    for _ in 0..4 {
        school.get(42).await;
    }
    school.ask("GET /reports/42", &[("cache-control", "no-cache")]).await;
    let stats = serde_json::to_value(school.cache.stats().await.unwrap()).unwrap();
    let size = 11 + "content-type".len() + "application/json".len();
    let expected = serde_json::json!({
        "engine": "report-cache",
        "backend": "memory",
        "ttl_map": {
            "student_progress": 300, "grade_distribution": 900, "analytics": 1800, "custom": 3600,
            "default": 600
        },
        "max_size_per_user": 52_428_800,
        "status": "ok",
        "entries": 1, "bytes": size, "largest_user_bytes": size,
        "hit": 3, "miss": 1, "bypass": 1, "coalesced": 0, "evicted": 0, "stored": 1
    });
    assert_eq!(stats, expected);
    let mut rate = serde_json::to_value(school.cache.hit_rate()).unwrap();
    assert!(rate["last_updated"].as_str().unwrap().ends_with('Z'));
    rate["last_updated"].take();
    let expected = serde_json::json!({
        "hits": 3, "misses": 1, "hit_rate": 75.0, "total_requests": 4, "last_updated": null,
        "roles": { "teacher": { "hits": 3, "misses": 1, "hit_rate": 75.0 } }
    });
    assert_eq!(rate, expected);
}

#[tokio::test]
async fn prometheus_sees_the_same_values() {
    let school = School::on_memory(Origin::counting());
    let registry = Registry::new();
    school.cache.register(&registry).unwrap();
    assert!(school.cache.register(&registry).is_err(), "a registry takes one cache");
    let etag = school.get(42).await.header("etag").to_owned();
    school.ask("GET /reports/42", &[("if-none-match", &etag)]).await;
    school.ask("GET /reports/42", &[("cache-control", "no-cache")]).await;
    let before = school.cache.stats().await.unwrap();
    let scopes = vec![(7, ReportType::Analytics)];
    school.cache.invalidate(&Invalidation { reason: Reason::GradeChanged, scopes }).await.unwrap();
    let text = text(&registry);
    for line in [
        "report_cache_requests_total{outcome=\"hit\",role=\"teacher\"} 1",
        "report_cache_requests_total{outcome=\"miss\",role=\"teacher\"} 1",
        "report_cache_requests_total{outcome=\"bypass\",role=\"teacher\"} 1",
        "report_cache_request_seconds_count{outcome=\"hit\"} 1",
        "report_cache_request_seconds_count{outcome=\"miss\"} 1",
        "report_cache_request_seconds_count{outcome=\"bypassed\"} 1",
        "report_cache_request_seconds_count{outcome=\"coalesced\"} 0",
        "report_cache_request_seconds_count{outcome=\"abandoned\"} 0",
        "report_cache_store_resting 0",
        "report_cache_refreshed_total 0",
        "report_cache_bypass_refused_total 0",
        "report_cache_coalesced_total 0",
        "report_cache_not_modified_total 1",
        "report_cache_stored_total 1",
        "report_cache_evicted_total 0",
        "report_cache_store_operation_seconds_count{op=\"read\"} 2",
        "report_cache_store_operation_seconds_count{op=\"write\"} 1",
        "report_cache_store_operation_seconds_count{op=\"invalidate\"} 1",
        "report_cache_invalidations_total{reason=\"grade_changed\"} 1",
        "report_cache_invalidated_keys_total{reason=\"grade_changed\"} 1",
        "report_cache_entries 1",
        &format!("report_cache_bytes {}", before.bytes),
        &format!("report_cache_largest_user_bytes {}", before.bytes),
    ] {
        assert!(text.lines().any(|have| have == line), "{line} is not in\n{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn hits_misses_and_bypasses_are_all_requests_of_each_role_and_abandoned_ones_count_once() {
    let origin = Origin::new(|call, _| async move {
        for _ in 0..5 {
            tokio::task::yield_now().await;
        }
        json(&call.to_string())
    });
    let store = Arc::new(MemoryStore::new(Limits::default()));
    let school = school_with_roles(ReportCache::new(store, CacheConfig::default()), origin);
    let mut readers: JoinSet<(usize, Option<Got>)> = JoinSet::new();
    for n in 0..900_u64 {
        let school = school.clone();
        readers.spawn(async move {
            if n % 100 == 0 {
                school.cache.clear().await.unwrap();
            }
            let directive = [("cache-control", if n % 7 == 0 { "no-cache" } else { "max-age=0" })];
            let path = format!("GET /reports/{}", n / 3 % 5);
            let asked = school.ask_as(n % 6, &path, &directive);
            // Every fourth client is gone after its request was looked at once.
            let got = if n % 4 == 0 {
                tokio::time::timeout(Duration::ZERO, asked).await.ok()
            } else {
                Some(asked.await)
            };
            (usize::try_from(n % 3).unwrap(), got)
        });
    }
    let answers = readers.join_all().await;
    let rate = school.cache.hit_rate();
    let stats = school.cache.stats().await.unwrap();
    let registry = Registry::new();
    school.cache.register(&registry).unwrap();
    let text = text(&registry);
    let counter = |series: &str| -> usize {
        let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        line.unwrap_or("0").parse().unwrap()
    };
    let mut bypasses = 0;
    for (number, role) in ROLES.into_iter().enumerate() {
        let of = |outcome: &str| {
            counter(&format!("report_cache_requests_total{{outcome=\"{outcome}\",role=\"{role}\"}}"))
        };
        let seen = |word: &str| {
            let answered = answers.iter().filter_map(|(of, got)| (*of == number).then_some(got.as_ref()?));
            answered.filter(|got| got.x_cache() == word).count()
        };
        assert_eq!(of("hit") + of("miss") + of("bypass"), 300, "{role}");
        assert_eq!(of("hit"), seen("HIT"), "{role}");
        assert!(of("miss") >= seen("MISS") && of("bypass") >= seen("BYPASS"), "{role}");
        let told = rate.roles[role];
        assert_eq!((told.hits, told.misses), (of("hit").try_into().unwrap(), of("miss").try_into().unwrap()));
        bypasses += of("bypass");
    }
    assert_eq!(bypasses, (0..900).filter(|n| n % 7 == 0).count(), "an abandoned bypass is a bypass");
    let abandoned = answers.iter().filter(|(_, got)| got.is_none()).count();
    assert!(abandoned > 0, "some went away");
    assert_eq!(counter("report_cache_request_seconds_count{outcome=\"abandoned\"}"), abandoned);
    let coalesced = answers.iter().flat_map(|(_, got)| got);
    let coalesced = coalesced.filter(|got| got.header("cache-status").contains("COALESCED")).count();
    assert_eq!(stats.coalesced, u64::try_from(coalesced).unwrap());
    assert!(stats.coalesced <= stats.hit, "coalesced are among the hits");
}

#[tokio::test]
async fn the_hit_rate_is_told_per_role_and_window() {
    let (clock, hand) = Clock::manual(60.0);
    let store = Arc::new(MemoryStore::with_clock(Limits::default(), clock.clone()));
    let cache = ReportCache::new(store, CacheConfig { clock, ..CacheConfig::default() });
    let school = school_with_roles(cache, Origin::counting());
    let read = async |user| school.ask_as(user, "GET /reports/42", &[]).await;
    read(0).await;
    read(0).await;
    read(1).await;
    hand.advance(Duration::from_secs(600));
    read(0).await;
    let rate = |role, secs: Option<u64>| {
        let rate = school.cache.hit_rate_of(role, secs.map(Duration::from_secs));
        (rate.hits, rate.misses, rate.hit_rate)
    };
    assert_eq!(rate(None, None), (1, 3, Some(25.0)));
    assert_eq!(rate(Some("teacher"), None), (1, 2, Some(100.0 / 3.0)));
    assert_eq!(rate(Some("student"), None), (0, 1, Some(0.0)));
    assert_eq!(rate(Some("tutor"), None), (0, 0, None));
    // Ten minutes of wall time, however fast the scenario's clock runs.
    assert_eq!(rate(None, Some(60)), (0, 1, Some(0.0)));
    assert_eq!(rate(Some("student"), Some(60)), (0, 0, None));
    assert_eq!(rate(Some("teacher"), Some(700)), (1, 2, Some(100.0 / 3.0)));

    let json = |rate| serde_json::to_value(rate).unwrap();
    let asked = json(school.cache.hit_rate_of(Some("teacher"), Some(Duration::from_secs(60))));
    assert_eq!(asked["window_seconds"], 60);
    assert_eq!(asked["roles"].as_object().unwrap().keys().collect::<Vec<_>>(), ["teacher"]);
    assert!(json(school.cache.hit_rate_of(Some("teacher"), None)).get("window_seconds").is_none());
    let day = Some(Duration::from_secs(86_400));
    assert_eq!(school.cache.hit_rate_of(None, day).window_seconds, Some(3_600), "an hour is kept");
}

#[tokio::test]
async fn a_scrape_tells_while_the_store_rests() {
    let (clock, hand) = Clock::manual(1.0);
    let store = Arc::new(Fickle::new());
    let config = CacheConfig { clock, ..CacheConfig::default() };
    let school = School::new(ReportCache::new(Arc::<Fickle>::clone(&store), config), Origin::counting());
    let registry = Registry::new();
    school.cache.register(&registry).unwrap();
    let resting = || text(&registry).lines().any(|line| line == "report_cache_store_resting 1");
    assert!(!resting());
    store.fails.store(true, Ordering::SeqCst);
    for _ in 0..3 {
        school.get(42).await;
    }
    assert!(resting());
    store.fails.store(false, Ordering::SeqCst);
    hand.advance(Duration::from_secs(1));
    school.get(42).await;
    assert!(!resting());
}
