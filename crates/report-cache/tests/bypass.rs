//! Going around the cache: who may, and how often.

use std::time::Duration;

use prometheus::Registry;
use report_cache::{CacheConfig, Policy};

use crate::stats::text;
use crate::support::{Origin, School};

const AROUND: [(&str, &str); 1] = [("cache-control", "no-cache")];
const UNKEPT: [(&str, &str); 1] = [("cache-control", "no-store")];

fn school(policy: Policy) -> (School, report_cache::ClockHand) {
    let config = CacheConfig { policy, ..CacheConfig::default() };
    School::on_manual_clock(Origin::counting(), 1.0, config)
}

fn refused(school: &School) -> usize {
    let registry = Registry::new();
    school.cache.register(&registry).unwrap();
    let text = text(&registry);
    let line = text.lines().find_map(|line| line.strip_prefix("report_cache_bypass_refused_total "));
    line.unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_bypass_refused_to_a_role_is_an_ordinary_lookup() {
    let (school, _hand) = school(Policy { bypass_refused_to: vec!["teacher"], ..Policy::default() });
    assert_eq!(school.ask("GET /reports/42", &AROUND).await.x_cache(), "MISS");
    let hit = school.ask("GET /reports/42", &AROUND).await;
    assert_eq!((hit.x_cache(), hit.body.as_str()), ("HIT", "{\"call\": 1}"));
    assert_eq!((school.origin.calls(), refused(&school)), (1, 2));
    let stats = school.cache.stats().await.unwrap();
    assert_eq!((stats.hit, stats.miss, stats.bypass), (1, 1, 0));
}

#[tokio::test]
async fn a_node_grants_so_many_bypasses_a_minute_and_looks_the_others_up() {
    let (school, hand) = school(Policy { bypass_per_minute: Some(2), ..Policy::default() });
    school.get(42).await;
    let mut words = Vec::new();
    for _ in 0..4 {
        words.push(school.ask("GET /reports/42", &AROUND).await.x_cache().to_owned());
    }
    assert_eq!(words, ["BYPASS", "BYPASS", "HIT", "HIT"]);
    hand.advance(Duration::from_secs(30));
    assert_eq!(school.ask("GET /reports/42", &AROUND).await.x_cache(), "BYPASS");
    assert_eq!(school.ask("GET /reports/42", &AROUND).await.x_cache(), "HIT");
    assert_eq!((school.origin.calls(), refused(&school)), (4, 3));
}

#[tokio::test]
async fn what_is_refused_anyway_takes_nothing_from_the_others() {
    let (school, _hand) = school(Policy { bypass_per_minute: Some(1), ..Policy::default() });
    let both = [("cache-control", "no-cache, only-if-cached")];
    assert_eq!(school.ask("GET /reports/42", &both).await.status, 504);
    assert_eq!(school.ask("GET /reports/42", &AROUND).await.x_cache(), "BYPASS");
}

#[tokio::test]
async fn no_store_is_no_way_around_a_refusal_and_is_not_stored_for_it() {
    let (school, _hand) = school(Policy { bypass_refused_to: vec!["teacher"], ..Policy::default() });
    for _ in 0..2 {
        assert_eq!(school.ask("GET /reports/42", &UNKEPT).await.x_cache(), "MISS");
    }
    school.get(42).await;
    let warm = school.ask("GET /reports/42", &UNKEPT).await;
    assert_eq!((warm.x_cache(), warm.body.as_str()), ("HIT", "{\"call\": 3}"));
}
