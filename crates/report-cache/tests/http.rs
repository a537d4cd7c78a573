//! The layer over plain HTTP: what is served from where, and with which fields.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use report_cache::{BrowserPolicy, CacheConfig, Policy};
use tower::{Layer, ServiceExt, service_fn};

use crate::support::{Broken, Origin, School, classify, json, read};

#[tokio::test]
async fn the_first_read_misses_and_the_second_hits() {
    let school = School::on_memory(Origin::counting());
    let (first, second) = (school.get(42).await, school.get(42).await);
    assert_eq!((first.x_cache(), second.x_cache()), ("MISS", "HIT"));
    assert_eq!(first.header("cache-status"), "report-cache; fwd=uri-miss; stored");
    assert_eq!(second.header("cache-status"), "report-cache; hit; ttl=1800");
    assert_eq!((first.status, first.body.as_str()), (StatusCode::OK, "{\"call\": 1}"));
    assert_eq!((second.status, second.body.as_str()), (StatusCode::OK, "{\"call\": 1}"));
    assert_eq!(school.origin.calls(), 1);
    for got in [&first, &second] {
        assert_eq!(got.header("cache-control"), "private, max-age=0, must-revalidate");
        assert_eq!(got.header("vary"), "Authorization, Accept-Encoding");
        assert_eq!(got.header("content-type"), "application/json");
        assert_eq!(got.header("content-length"), "11");
        assert!(got.header("date").ends_with(" GMT"));
    }
    assert!(first.header("etag").starts_with('"'));
    assert_eq!(first.header("etag"), second.header("etag"));
    assert_eq!((first.headers.get("age"), second.header("age")), (None, "0"));
}

#[tokio::test]
async fn people_and_reports_do_not_share_answers() {
    let school = School::on_memory(Origin::counting());
    school.get(42).await;
    assert_eq!(school.ask_as(8, "GET /reports/42", &[]).await.x_cache(), "MISS");
    assert_eq!(school.get(43).await.x_cache(), "MISS");
}

#[tokio::test]
async fn age_counts_scenario_seconds_and_the_entry_ends_with_its_ttl() {
    let (school, hand) = School::on_manual_clock(Origin::counting(), 60.0, CacheConfig::default());
    school.get(42).await;
    hand.advance(Duration::from_secs(29));
    let hit = school.get(42).await;
    assert_eq!((hit.x_cache(), hit.header("age")), ("HIT", "1740"));
    assert_eq!(hit.header("cache-status"), "report-cache; hit; ttl=60");
    hand.advance(Duration::from_secs(1));
    assert_eq!(school.get(42).await.x_cache(), "MISS");
}

#[tokio::test]
async fn a_relaxed_policy_lets_browsers_keep_their_copy_for_the_types_seconds() {
    let config =
        CacheConfig { policy: Policy::with_browser(BrowserPolicy::Relaxed), ..CacheConfig::default() };
    let (school, _hand) = School::on_manual_clock(Origin::counting(), 1.0, config);
    let fresh = school.get(42).await;
    let list = school.get(0).await;
    let confirmed = school.ask("GET /reports/42", &[("if-none-match", fresh.header("etag"))]).await;
    assert_eq!(confirmed.status, StatusCode::NOT_MODIFIED);
    for (got, secs) in [(&fresh, 1_800), (&confirmed, 1_800), (&list, 600)] {
        assert_eq!(got.header("cache-control"), format!("private, max-age={secs}, must-revalidate"));
    }
}

#[tokio::test]
async fn an_exact_policy_lets_browsers_revalidate_each_read_so_that_nothing_is_stale_after_a_write() {
    let school = School::on_memory(Origin::counting());
    let held = school.get(42).await;
    assert_eq!(held.header("cache-control"), "private, max-age=0, must-revalidate");
    let scopes = vec![(7, report_cache::ReportType::Analytics)];
    let written = report_cache::Invalidation { reason: report_cache::Reason::GradeChanged, scopes };
    school.cache.invalidate(&written).await.unwrap();
    let asked = [("if-none-match", held.header("etag")), ("cache-control", "max-age=0")];
    let got = school.ask("GET /reports/42", &asked).await;
    assert_eq!((got.status, got.body.as_str()), (StatusCode::OK, "{\"call\": 2}"));
}

#[tokio::test]
async fn a_304_repeats_the_fields_of_the_200() {
    let (school, _hand) = School::on_manual_clock(Origin::counting(), 1.0, CacheConfig::default());
    school.get(42).await;
    let hit = school.get(42).await;
    let confirmed = school.ask("GET /reports/42", &[("if-none-match", hit.header("etag"))]).await;
    assert_eq!(confirmed.status, StatusCode::NOT_MODIFIED);
    for name in ["etag", "cache-control", "vary", "date", "age", "x-cache", "cache-status"] {
        assert!(!hit.header(name).is_empty(), "{name}");
        assert_eq!(confirmed.header(name), hit.header(name), "{name}");
    }
}

#[tokio::test]
async fn authorisation_comes_before_the_lookup() {
    let origin = Origin::new(|call, request| async move {
        let mut response = json(&format!("{{\"call\": {call}}}"));
        if request.headers()["authorization"] != "user-7" {
            *response.status_mut() = StatusCode::UNAUTHORIZED;
        }
        response
    });
    let school = School::on_memory(origin);
    school.get(42).await;
    assert_eq!(school.get(42).await.x_cache(), "HIT");
    let etag = school.get(42).await.header("etag").to_owned();
    for token in ["expired", "user-x", ""] {
        let request =
            Request::get("/reports/42").header("authorization", token).header("if-none-match", &etag);
        let request = request.body(Full::default()).unwrap();
        let refused = read(school.service.clone().oneshot(request).await.unwrap()).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{token:?}");
        for name in ["x-cache", "cache-status", "etag", "age"] {
            assert!(!refused.headers.contains_key(name), "{name}");
        }
    }
    assert_eq!(school.cache.hit_rate().total_requests, 3, "only authorised requests are counted");
}

#[tokio::test]
async fn the_answer_to_a_post_is_neither_stored_nor_served() {
    let school = School::on_memory(Origin::counting());
    for call in 1..=2 {
        assert_eq!(school.ask("POST /reports/42", &[]).await.body, format!("{{\"call\": {call}}}"));
    }
    assert_eq!(school.get(42).await.x_cache(), "MISS");
    let post = school.ask("POST /reports/42", &[]).await;
    assert_eq!((post.body.as_str(), school.origin.calls()), ("{\"call\": 4}", 4));
}

#[tokio::test]
async fn only_hits_have_an_age() {
    let (school, hand) = School::on_manual_clock(Origin::counting(), 60.0, CacheConfig::default());
    let miss = school.get(42).await;
    hand.advance(Duration::from_secs(2));
    let hit = school.get(42).await;
    let around = school.ask("GET /reports/42", &[("cache-control", "no-cache")]).await;
    assert_eq!((miss.header("age"), hit.header("age"), around.header("age")), ("", "120", ""));
}

#[tokio::test]
async fn a_computation_that_failed_once_is_not_remembered() {
    let origin = Origin::new(|call, _| async move {
        let mut response = json(&format!("{{\"call\": {call}}}"));
        if call == 1 {
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        }
        response
    });
    let school = School::on_memory(origin);
    let statuses = [school.get(42).await, school.get(42).await, school.get(42).await].map(|got| {
        let x_cache = got.x_cache().to_owned();
        (got.status.as_u16(), x_cache)
    });
    let expected = [(500, "MISS"), (200, "MISS"), (200, "HIT")];
    assert_eq!(statuses, expected.map(|(status, word)| (status, word.to_owned())));
}

#[tokio::test]
async fn head_on_an_error_is_that_error_without_its_body() {
    let school = School::on_memory(Origin::new(|_, _| async {
        Response::builder().status(404).body(Full::new(Bytes::from_static(b"no such report"))).unwrap()
    }));
    let head = school.ask("HEAD /reports/42", &[]).await;
    assert_eq!((head.status, head.body.as_str(), head.x_cache()), (StatusCode::NOT_FOUND, "", "MISS"));
}

#[tokio::test]
async fn the_services_own_error_is_kept_and_counted_once() {
    let school = School::on_memory(Origin::counting());
    let failing = service_fn(async |_: Request<Full<Bytes>>| Err::<Response<Full<Bytes>>, _>("no database"));
    let service = school.cache.layer(classify).layer(failing);
    for directive in ["no-cache", "max-age=0"] {
        let request = Request::get("/reports/42").header("authorization", "user-7");
        let request = request.header("cache-control", directive).body(Full::default()).unwrap();
        assert_eq!(service.clone().oneshot(request).await.unwrap_err(), "no database");
    }
    let stats = school.cache.stats().await.unwrap();
    assert_eq!((stats.hit, stats.miss, stats.bypass, stats.stored), (0, 1, 1, 0));
    assert_eq!(school.get(42).await.x_cache(), "MISS", "and nothing is left of it");
}

#[tokio::test]
async fn a_body_that_breaks_off_is_passed_on_as_it_breaks_and_not_stored() {
    let school = School::on_memory(Origin::counting());
    let breaking =
        service_fn(async |_: Request<Full<Bytes>>| Ok::<_, &str>(Response::new(Broken::default())));
    let service = school.cache.layer(classify).layer(breaking);
    let request =
        Request::get("/reports/42").header("authorization", "user-7").body(Full::default()).unwrap();
    let response = service.oneshot(request).await.unwrap();
    assert_eq!(response.headers()["cache-control"], "private, no-store");
    let error = http_body_util::BodyExt::collect(response.into_body()).await.unwrap_err();
    assert_eq!(error, "connection reset");
    assert_eq!(school.cache.stats().await.unwrap().stored, 0);
}

#[tokio::test]
async fn no_cache_goes_around_and_neither_reads_nor_writes() {
    let origin = Origin::new(|call, request| async move {
        let marked = request.extensions().get::<report_cache::Bypass>().is_some();
        json(&format!("{call} {marked}"))
    });
    let school = School::on_memory(origin);
    let around = school.ask("GET /reports/42", &[("cache-control", "no-cache")]).await;
    assert_eq!((around.x_cache(), around.body.as_str()), ("BYPASS", "1 true"));
    assert_eq!(around.header("cache-status"), "report-cache; fwd=request");
    assert!(around.headers.contains_key("etag"));
    let stored = school.get(42).await;
    assert_eq!((stored.x_cache(), stored.body.as_str()), ("MISS", "2 false"));
    let around = school.ask("GET /reports/42", &[("cache-control", "no-cache")]).await;
    assert_eq!((around.x_cache(), around.body.as_str()), ("BYPASS", "3 true"));
    assert_eq!(school.get(42).await.body, "2 false");
}

#[tokio::test]
async fn no_store_is_computed_and_not_kept() {
    let school = School::on_memory(Origin::counting());
    for call in 1..=2 {
        let got = school.ask("GET /reports/42", &[("cache-control", "no-store")]).await;
        assert_eq!((got.x_cache(), &got.body), ("MISS", &format!("{{\"call\": {call}}}")));
    }
    assert_eq!(school.get(42).await.x_cache(), "MISS");
}

#[tokio::test]
async fn an_ordinary_reload_revalidates_against_the_cache() {
    let school = School::on_memory(Origin::counting());
    school.get(42).await;
    let reload = school.ask("GET /reports/42", &[("cache-control", "max-age=0")]).await;
    assert_eq!(reload.x_cache(), "HIT");
}

#[tokio::test]
async fn only_if_cached_is_504_until_it_is_cached() {
    let school = School::on_memory(Origin::counting());
    let only = [("cache-control", "only-if-cached")];
    let cold = school.ask("GET /reports/42", &only).await;
    assert_eq!((cold.status, cold.x_cache()), (StatusCode::GATEWAY_TIMEOUT, "MISS"));
    assert_eq!((cold.header("cache-control"), school.origin.calls()), ("private, no-store", 0));
    school.get(42).await;
    let warm = school.ask("GET /reports/42", &only).await;
    assert_eq!((warm.status, warm.x_cache()), (StatusCode::OK, "HIT"));
}

#[tokio::test]
async fn head_fills_and_reads_the_entry_of_get_without_its_body() {
    let school = School::on_memory(Origin::counting());
    let miss = school.ask("HEAD /reports/42", &[]).await;
    let hit = school.ask("HEAD /reports/42", &[]).await;
    let get = school.get(42).await;
    assert_eq!((miss.x_cache(), hit.x_cache(), get.x_cache()), ("MISS", "HIT", "HIT"));
    for head in [&miss, &hit] {
        assert_eq!((head.body.as_str(), head.header("content-length")), ("", "11"));
        assert_eq!(head.header("etag"), get.header("etag"));
    }
    assert_eq!(get.body, "{\"call\": 1}");
}

#[tokio::test]
async fn only_200_is_stored() {
    for status in [404, 403, 500, 503, 201, 204] {
        let origin = Origin::new(move |_, _| async move {
            Response::builder().status(status).body(Full::new(Bytes::from_static(b"x"))).unwrap()
        });
        let school = School::on_memory(origin);
        for call in 1..=2 {
            let got = school.get(42).await;
            assert_eq!((got.status.as_u16(), got.x_cache()), (status, "MISS"));
            assert_eq!(got.header("cache-control"), "private, no-store");
            assert!(!got.headers.contains_key("etag"));
            assert_eq!((got.body.as_str(), school.origin.calls()), ("x", call));
        }
    }
}

#[tokio::test]
async fn writes_and_unclassified_requests_reach_the_service_untouched() {
    let origin = Origin::new(|call, request| async move { json(&format!("{call} {}", request.method())) });
    let school = School::on_memory(origin);
    for (call, line) in ["POST /reports/42", "DELETE /reports/42", "GET /login"].iter().enumerate() {
        let got = school.ask(line, &[("cache-control", "no-cache"), ("if-none-match", "*")]).await;
        let method = line.split(' ').next().unwrap();
        assert_eq!((got.status, got.body), (StatusCode::OK, format!("{} {method}", call + 1)));
        for name in ["x-cache", "cache-status", "etag", "cache-control", "vary"] {
            assert!(!got.headers.contains_key(name), "{line}: {name}");
        }
    }
    assert_eq!(school.cache.hit_rate().total_requests, 0);
}

#[tokio::test]
async fn an_answer_too_large_to_store_is_passed_on_whole() {
    let policy = Policy { max_entry_bytes: 10, ..Policy::default() };
    let config = CacheConfig { policy, ..CacheConfig::default() };
    let (school, _hand) = School::on_manual_clock(Origin::counting(), 1.0, config);
    for call in 1..=2 {
        let got = school.get(42).await;
        assert_eq!((got.x_cache(), &got.body), ("MISS", &format!("{{\"call\": {call}}}")));
        assert_eq!(got.header("cache-status"), "report-cache; fwd=uri-miss");
    }
}

#[tokio::test]
async fn the_file_name_of_an_export_is_kept_and_other_fields_are_not() {
    let origin = Origin::new(|_, _| async {
        let mut response = json("a,b");
        let headers = response.headers_mut();
        headers.insert("content-type", "text/csv".parse().unwrap());
        headers.insert("content-disposition", "attachment; filename=reports.csv".parse().unwrap());
        headers.insert("x-request-id", "17".parse().unwrap());
        headers.insert("cache-status", "aggregates; hit".parse().unwrap());
        response
    });
    let school = School::on_memory(origin);
    let (miss, hit) = (school.get(0).await, school.get(0).await);
    for got in [&miss, &hit] {
        assert_eq!(got.header("content-type"), "text/csv");
        assert_eq!(got.header("content-disposition"), "attachment; filename=reports.csv");
    }
    assert_eq!((miss.header("x-request-id"), hit.header("x-request-id")), ("17", ""));
    let members: Vec<_> = miss.headers.get_all("cache-status").iter().collect();
    // Members of the caches within come first (RFC 9211 §2).
    assert_eq!(members, ["aggregates; hit", "report-cache; fwd=uri-miss; stored"]);
    assert_eq!(hit.headers.get_all("cache-status").iter().count(), 1, "they had no part in a hit");
}
