//! If-None-Match and 304.

use http::StatusCode;

use crate::support::{Origin, School, json};

#[tokio::test]
async fn a_current_copy_is_confirmed_without_computing() {
    let school = School::on_memory(Origin::counting());
    let etag = school.get(42).await.header("etag").to_owned();
    let forms = [
        etag.clone(),
        format!("W/{etag}"),
        "*".to_owned(),
        format!("\"x\", {etag}"),
        format!("\"x\",W/{etag}"),
    ];
    for form in forms {
        for method in ["GET", "HEAD"] {
            let got = school.ask(&format!("{method} /reports/42"), &[("if-none-match", &form)]).await;
            assert_eq!((got.status, got.x_cache()), (StatusCode::NOT_MODIFIED, "HIT"), "{method} {form}");
            assert_eq!((got.body.as_str(), got.header("etag")), ("", etag.as_str()));
            assert_eq!(got.header("cache-control"), "private, max-age=0, must-revalidate");
            assert_eq!(got.header("vary"), "Authorization, Accept-Encoding");
            assert!(got.header("date").ends_with(" GMT") && got.header("age") == "0");
            assert!(!got.headers.contains_key("content-type") && !got.headers.contains_key("content-length"));
        }
    }
    assert_eq!(school.origin.calls(), 1);
    assert_eq!(school.cache.stats().await.unwrap().hit, 10);
}

#[tokio::test]
async fn a_stale_foreign_or_malformed_validator_gets_the_report() {
    let school = School::on_memory(Origin::new(|_, request| async move {
        json(request.headers()["authorization"].to_str().unwrap())
    }));
    let own = school.get(42).await.header("etag").to_owned();
    let foreign = school.ask_as(8, "GET /reports/42", &[]).await.header("etag").to_owned();
    for validator in [foreign.as_str(), "\"x\"", "", own.trim_matches('"'), &own[..10]] {
        let got = school.ask("GET /reports/42", &[("if-none-match", validator)]).await;
        assert_eq!((got.status, got.body.as_str()), (StatusCode::OK, "user-7"), "{validator:?}");
    }
}

#[tokio::test]
async fn a_miss_and_a_bypass_confirm_an_unchanged_copy_too() {
    // The service never sees the condition: it would answer with less than the report to be stored.
    let school = School::on_memory(Origin::new(|_, request| async move {
        for name in ["if-none-match", "range", "accept-encoding"] {
            assert!(!request.headers().contains_key(name), "{name}");
        }
        json("same")
    }));
    let etag = school.get(42).await.header("etag").to_owned();
    school.cache.clear().await.unwrap();
    let asked = [("if-none-match", etag.as_str()), ("range", "bytes=0-1"), ("accept-encoding", "gzip")];
    let miss = school.ask("GET /reports/42", &asked).await;
    assert_eq!((miss.status, miss.x_cache()), (StatusCode::NOT_MODIFIED, "MISS"));
    let around =
        school.ask("GET /reports/42", &[("if-none-match", &etag), ("cache-control", "no-cache")]).await;
    assert_eq!((around.status, around.x_cache()), (StatusCode::NOT_MODIFIED, "BYPASS"));
    assert_eq!(school.get(42).await.body, "same");
}
