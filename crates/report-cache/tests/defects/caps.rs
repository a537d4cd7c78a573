//! Somebody who fills the cache, and what becomes of the others.

use std::sync::Arc;

use http::request::Parts;
use http_body_util::Full;
use report_cache::{
    CacheConfig, Filters, Invalidation, Limits, MemoryStore, QueryRules, Reason, RedisStore, ReportCache,
    ReportFacts, ReportKey, ReportType, Store,
};
use tower::{Layer, ServiceExt};

use crate::support::redis::RedisServer;
use crate::support::{Classified, Got, Origin, School, json, read, sure};

/// Lists that anybody may search for anything.
fn searched(request: &Parts) -> Option<ReportFacts> {
    let user = request.headers.get("authorization")?.to_str().ok()?.strip_prefix("user-")?;
    let rules = QueryRules::new().param("search", None);
    let filters: Filters = rules.filters(request.uri.query()).ok()?;
    let key = ReportKey::new(0, user.parse().ok()?, &filters);
    Some(ReportFacts { key, report_type: ReportType::Default, role: "teacher" })
}

/// Who asked, for what, at which version; a hundred bytes and some.
fn school(store: Arc<dyn Store>) -> School {
    let origin = Origin::new(|_, request| async move {
        let user = request.headers()["authorization"].to_str().unwrap().to_owned();
        json(&format!("{user} {} {}", request.uri().query().unwrap_or_default(), "x".repeat(100)))
    });
    let cache = ReportCache::new(store, CacheConfig { dice: sure(), ..CacheConfig::default() });
    let service = cache.layer(searched as Classified).layer(origin.clone());
    School { cache, origin, service }
}

async fn search(school: &School, user: u64, text: u64) -> Got {
    let request = http::Request::get(format!("/reports/?search={text}"));
    let request = request.header("authorization", format!("user-{user}")).body(Full::default()).unwrap();
    let got = read(school.service.clone().oneshot(request).await.unwrap()).await;
    assert!(got.body.starts_with(&format!("user-{user} search={text} ")), "{user}, {text}: {got:?}");
    got
}

/// Row 23: one person fills beyond the cap with distinct filters.
async fn a_person_who_asks_for_ever_more_filters_stays_below_the_cap(store: Arc<dyn Store>, cap: u64) {
    let school = school(store);
    for text in 0..3 {
        search(&school, 8, text).await;
    }
    for text in 0..200 {
        search(&school, 7, text).await;
        let stats = school.cache.stats().await.unwrap();
        assert!(stats.largest_user_bytes <= cap, "{} bytes", stats.largest_user_bytes);
    }
    let stats = school.cache.stats().await.unwrap();
    assert!(stats.evicted > 150 && stats.entries > 3, "{stats:?}");
    for text in 0..3 {
        assert_eq!(search(&school, 8, text).await.x_cache(), "HIT", "a neighbour keeps what they have");
    }
    assert_eq!(search(&school, 7, 199).await.x_cache(), "HIT", "the newest stay");
    assert_eq!(search(&school, 7, 0).await.x_cache(), "MISS", "the oldest went");
}

const SMALL: Limits = Limits { user_bytes: 2_000, total_bytes: 6_000 };

#[tokio::test]
async fn a_person_who_asks_for_ever_more_filters_stays_below_the_cap_in_memory() {
    let store = Arc::new(MemoryStore::new(SMALL));
    a_person_who_asks_for_ever_more_filters_stays_below_the_cap(store, SMALL.user_bytes).await;
}

#[tokio::test]
async fn a_person_who_asks_for_ever_more_filters_stays_below_the_cap_in_redis() {
    let server = RedisServer::start();
    let store = RedisStore::connect(&server.url(), "cacheproof:test:").await.unwrap();
    let store = Arc::new(store.with_limits(SMALL));
    a_person_who_asks_for_ever_more_filters_stays_below_the_cap(store, SMALL.user_bytes).await;
}

/// Benign: eviction under pressure. Every read is right all the same, also after removals.
#[tokio::test]
async fn while_entries_are_evicted_all_the_time_every_read_is_the_readers_own() {
    let school = school(Arc::new(MemoryStore::new(SMALL)));
    let mut hits = 0;
    for turn in 0..2_000_u64 {
        // Nearby turns repeat each other, so that there are hits among the evictions.
        let (user, text) = (turn * turn % 7, turn / 5 * 3 % 40);
        hits += usize::from(search(&school, user, text).await.x_cache() == "HIT");
        if turn % 50 == 0 {
            let event =
                Invalidation { reason: Reason::ReportSaved, scopes: vec![(user, ReportType::Default)] };
            school.cache.invalidate(&event).await.unwrap();
            assert_eq!(search(&school, user, text).await.x_cache(), "MISS");
        }
        let stats = school.cache.stats().await.unwrap();
        assert!(stats.bytes <= SMALL.total_bytes && stats.largest_user_bytes <= SMALL.user_bytes);
    }
    let evicted = school.cache.stats().await.unwrap().evicted;
    assert!(hits > 100 && evicted > 100, "{hits} hits, {evicted} evicted");
}
