//! Content coding: the gzip form as it lies in the store, and the plain one.

use std::io::Read as _;
use std::sync::Arc;

use bytes::Bytes;
use flate2::read::GzDecoder;
use http::StatusCode;
use report_cache::{
    CacheConfig, Entry, Filters, Limits, MemoryStore, Policy, ReportCache, ReportKey, ReportType, Store,
};
use tokio::task::JoinSet;

use crate::support::gates::{comes, held};
use crate::support::{Got, Origin, School, all_others_wait, json};

const GZIP: (&str, &str) = ("accept-encoding", "gzip, br");
const PLAIN: (&str, &str) = ("accept-encoding", "identity");

/// More than 4 KiB.
fn text() -> String {
    "{\"score\": 71}".repeat(500)
}

fn large() -> Origin {
    Origin::new(|_, _| async { json(&text()) })
}

fn inflated(got: &Got) -> String {
    let mut text = String::new();
    GzDecoder::new(&got.bytes[..]).read_to_string(&mut text).unwrap();
    text
}

/// That `got` is the gzip form, whole and labelled as such.
fn assert_gzip(got: &Got) {
    assert_eq!((got.status, got.header("content-encoding")), (StatusCode::OK, "gzip"));
    assert!(got.header("etag").ends_with("-gzip\""), "{}", got.header("etag"));
    assert_eq!(got.header("content-length"), got.bytes.len().to_string());
    assert!(got.bytes.len() * 5 < text().len());
    assert_eq!(inflated(got), text());
}

fn assert_plain(got: &Got) {
    assert_eq!((got.status, got.header("content-encoding")), (StatusCode::OK, ""));
    assert!(!got.header("etag").contains("gzip"));
    assert_eq!(got.header("content-length"), got.bytes.len().to_string());
    assert_eq!(got.body, text());
}

#[tokio::test]
async fn a_compressed_entry_goes_as_it_lies_to_who_accepts_gzip_and_inflated_to_who_does_not() {
    // Whoever fills the entry.
    for first in [GZIP, PLAIN] {
        let school = School::on_memory(large());
        school.ask("GET /reports/42", &[first]).await;
        let coded = school.ask("GET /reports/42", &[GZIP]).await;
        let plain = school.ask("GET /reports/42", &[PLAIN]).await;
        let silent = school.get(42).await;
        assert!([&coded, &plain, &silent].iter().all(|got| got.x_cache() == "HIT"));
        assert_gzip(&coded);
        assert_plain(&plain);
        assert_plain(&silent);
        for got in [&coded, &plain] {
            assert_eq!(got.header("vary"), "Authorization, Accept-Encoding");
            assert_eq!(got.header("content-type"), "application/json");
        }
        assert_eq!(school.origin.calls(), 1);
        let lies = school.cache.stats().await.unwrap().bytes;
        assert!(lies < 1_000, "the store holds the compressed form, not {lies} bytes");
    }
}

#[tokio::test]
async fn the_entity_tag_is_strong_over_the_selected_representation() {
    let school = School::on_memory(large());
    let coded = school.ask("GET /reports/42", &[GZIP]).await;
    let plain = school.ask("GET /reports/42", &[PLAIN]).await;
    assert_ne!(coded.header("etag"), plain.header("etag"), "other bytes, another strong tag");
    assert!(coded.header("etag").starts_with('"') && plain.header("etag").starts_with('"'));
}

#[tokio::test]
async fn miss_coalesced_and_hit_give_the_same_form_to_the_same_request() {
    for accepted in [GZIP, PLAIN] {
        let (origin, reached, gate) = held(|_| json(&text()));
        let school = School::on_memory(origin);
        let mut readers = JoinSet::new();
        for _ in 0..2 {
            let school = school.clone();
            readers.spawn(async move { school.ask("GET /reports/42", &[accepted]).await });
        }
        comes(&reached).await;
        all_others_wait().await;
        gate.add_permits(1);
        let mut answers = readers.join_all().await;
        answers.push(school.ask("GET /reports/42", &[accepted]).await);
        let mut from: Vec<_> = answers.iter().map(|got| got.header("cache-status").to_owned()).collect();
        from.sort();
        let expected = ["; fwd=uri-miss; stored", "; hit; detail=COALESCED", "; hit; ttl=1800"];
        assert_eq!(from, expected.map(|rest| format!("report-cache{rest}")));
        for got in &answers {
            assert_eq!((&got.bytes, got.header("etag")), (&answers[0].bytes, answers[0].header("etag")));
            assert_eq!(got.header("content-encoding"), answers[0].header("content-encoding"));
        }
    }
}

#[tokio::test]
async fn if_none_match_of_either_form_matches_and_the_304_repeats_the_tag_of_the_selected_one() {
    let school = School::on_memory(large());
    let plain = school.ask("GET /reports/42", &[PLAIN]).await.header("etag").to_owned();
    let coded = school.ask("GET /reports/42", &[GZIP]).await.header("etag").to_owned();
    for held in [&plain, &coded, &format!("W/{coded}"), &format!("\"x\", {coded}")] {
        for (accepted, repeated) in [(PLAIN, &plain), (GZIP, &coded)] {
            for method in ["GET", "HEAD"] {
                let asked = [accepted, ("if-none-match", held.as_str())];
                let got = school.ask(&format!("{method} /reports/42"), &asked).await;
                assert_eq!((got.status, got.header("etag")), (StatusCode::NOT_MODIFIED, repeated.as_str()));
                assert!(got.bytes.is_empty() && !got.headers.contains_key("content-encoding"));
            }
        }
    }
    // Also where nothing is stored.
    school.cache.clear().await.unwrap();
    let got = school.ask("GET /reports/42", &[GZIP, ("if-none-match", &plain)]).await;
    assert_eq!((got.status, got.x_cache(), got.header("etag")), (StatusCode::NOT_MODIFIED, "MISS", &*coded));
}

#[tokio::test]
async fn head_has_the_fields_of_get_with_the_length_of_the_selected_form() {
    for accepted in [GZIP, PLAIN] {
        let school = School::on_memory(large());
        let cold = school.ask("HEAD /reports/42", &[accepted]).await;
        let get = school.ask("GET /reports/42", &[accepted]).await;
        let warm = school.ask("HEAD /reports/42", &[accepted]).await;
        for name in ["content-length", "content-encoding", "content-type", "etag", "vary", "cache-control"] {
            assert_eq!(cold.header(name), get.header(name), "{name}");
            assert_eq!(warm.header(name), get.header(name), "{name}");
        }
        assert!(cold.bytes.is_empty() && warm.bytes.is_empty() && !get.bytes.is_empty());
    }
}

#[tokio::test]
async fn a_very_large_report_is_compressed_too() {
    let body = text().repeat(100);
    let sent = body.clone();
    let school = School::on_memory(Origin::new(move |_, _| std::future::ready(json(&sent))));
    for word in ["MISS", "HIT"] {
        let got = school.ask("GET /reports/42", &[GZIP]).await;
        assert_eq!((got.x_cache(), got.header("content-encoding")), (word, "gzip"));
        assert!(inflated(&got) == body);
    }
    let plain = school.get(42).await;
    assert!(plain.x_cache() == "HIT" && plain.body == body);
}

#[tokio::test]
async fn a_bypass_answers_plain_bytes() {
    let school = School::on_memory(large());
    let got = school.ask("GET /reports/42", &[GZIP, ("cache-control", "no-cache")]).await;
    assert_eq!(got.x_cache(), "BYPASS");
    assert_plain(&got);
}

#[tokio::test]
async fn an_entry_that_cannot_be_inflated_is_a_miss() {
    let store = Arc::new(MemoryStore::new(Limits::default()));
    let school = School::with_store(Arc::<MemoryStore>::clone(&store), large());
    school.get(42).await;
    // The checksum holds, and still the body is not what its head says.
    let key = ReportKey::new(42, 7, &Filters::empty());
    let entry = store.lookup(&key, ReportType::Analytics).await.unwrap().entry.unwrap();
    let stored = String::from_utf8_lossy(&entry.encode()).into_owned();
    let said = format!("\"gzip_of\":{}", text().len());
    let at = stored.find(&said).unwrap();
    let mut stored = entry.encode().to_vec();
    stored.splice(at..at + said.len(), format!("\"gzip_of\":{}", text().len() - 1).into_bytes());
    let broken = Entry::decode(Bytes::from(stored)).unwrap();
    assert!(broken.body.plain().is_err());

    let ttl = std::time::Duration::from_secs(60);
    store.put(&key, broken.clone(), ttl).await.unwrap();
    let refused = school.ask("GET /reports/42", &[("cache-control", "only-if-cached")]).await;
    assert_eq!(refused.status, StatusCode::GATEWAY_TIMEOUT);
    let got = school.get(42).await;
    assert_eq!(got.x_cache(), "MISS");
    assert_plain(&got);
    let healed = school.get(42).await;
    assert_eq!(healed.x_cache(), "HIT");
    assert_plain(&healed);
}

#[tokio::test]
async fn what_is_no_longer_than_the_threshold_is_stored_and_sent_as_it_is() {
    for compress_above in [text().len(), usize::MAX] {
        let policy = Policy { compress_above, ..Policy::default() };
        let config = CacheConfig { policy, ..CacheConfig::default() };
        let store = Arc::new(MemoryStore::new(Limits::default()));
        let school = School::new(ReportCache::new(store, config), large());
        for _ in 0..2 {
            assert_plain(&school.ask("GET /reports/42", &[GZIP]).await);
        }
        assert!(school.cache.stats().await.unwrap().bytes > 5_000);
    }
}
