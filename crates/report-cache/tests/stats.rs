//! Counters and the management answers.

use prometheus::{Registry, TextEncoder};
use report_cache::{Invalidation, Reason, ReportType};
use tokio::task::JoinSet;

use crate::support::{Origin, School};

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
