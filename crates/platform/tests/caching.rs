//! What a read costs, and what a repeat costs.

use std::time::{Duration, Instant};

use http::{Method, StatusCode};
use platform::{BrowserPolicy, Config, Size};

use crate::school::{School, config};

#[tokio::test]
async fn a_second_read_is_a_hit_with_an_equal_body() {
    let school = School::open().await;
    let teacher = school.login("teacher-4").await;
    let id = school.newest(&teacher, "analytics").await;
    for target in [
        format!("/api/reports/{id}/"),
        format!("/api/reports/{id}/stats/"),
        "/api/reports/?page_size=5".to_owned(),
        "/api/reports/export/?page_size=3".to_owned(),
    ] {
        let first = school.get(&teacher, &target).await;
        assert_eq!((first.status, first.x_cache()), (StatusCode::OK, "MISS"), "{target}");
        let second = school.get(&teacher, &target).await;
        assert_eq!(second.x_cache(), "HIT", "{target}");
        assert_eq!(second.body, first.body, "{target}");
        assert_eq!(second.headers["etag"], first.headers["etag"], "{target}");
        let fresh = school.bypass(&teacher, &target).await;
        assert_eq!(fresh.x_cache(), "BYPASS", "{target}");
        assert_eq!(fresh.body, first.body, "{target}");
    }
}

#[tokio::test]
async fn a_hit_and_a_304_cost_no_query_and_a_bypass_does() {
    let school = School::open().await;
    let student = school.login("student-1").await;
    let id = school.newest(&student, "student_progress").await;
    let target = format!("/api/reports/{id}/");
    let first = school.get(&student, &target).await;
    let queries = school.report_queries().await;
    assert_eq!(school.get(&student, &target).await.x_cache(), "HIT");
    let etag = first.headers["etag"].to_str().unwrap();
    let headers = [("if-none-match", etag)];
    let validated = school.send(Method::GET, &target, Some(&student.token), None, &headers).await;
    assert_eq!((validated.status, validated.body.len()), (StatusCode::NOT_MODIFIED, 0));
    assert_eq!(school.report_queries().await, queries, "hits cost no query");
    school.bypass(&student, &target).await;
    assert!(school.report_queries().await >= queries + 5.0, "a report takes several queries");
}

#[tokio::test]
async fn two_people_never_share_an_entry() {
    let school = School::open().await;
    let teacher = school.login("teacher-1").await;
    let id = school.newest(&teacher, "student_progress").await;
    let target = format!("/api/reports/{id}/");
    let student = school.get(&teacher, &target).await.json()["student_id"].as_i64().unwrap();
    let username = school.username(student).await;
    let student = school.login(&username).await;
    let theirs = school.get(&student, &target).await;
    assert_eq!(theirs.x_cache(), "MISS");
    assert_eq!(theirs.json()["reader"]["user_id"].as_i64(), Some(student.id));
    let again = school.get(&teacher, &target).await;
    assert_eq!(again.x_cache(), "HIT");
    assert_eq!(again.json()["reader"]["user_id"].as_i64(), Some(teacher.id));
}

#[tokio::test]
async fn requests_are_counted_by_route_and_class_cached_ones_too() {
    let school = School::open().await;
    let student = school.login("student-1").await;
    let id = school.newest(&student, "student_progress").await;
    for _ in 0..3 {
        school.get(&student, &format!("/api/reports/{id}/")).await;
    }
    school.get(&student, "/api/reports/999999/").await;
    let route = |status: &str| {
        format!(r#"platform_requests_total{{route="/api/reports/{{id}}/",status="{status}"}}"#)
    };
    assert_eq!(school.metric(&route("2xx")).await, 3.0);
    assert_eq!(school.metric(&route("4xx")).await, 1.0);
    assert_eq!(school.metric(r#"report_cache_requests_total{outcome="hit",role="student"}"#).await, 2.0);
    assert!(school.metric("process_start_time_seconds").await > 1.7e9);
}

#[tokio::test]
async fn health_says_how_the_service_was_started() {
    let school = School::open().await;
    let health = school.send(Method::GET, "/healthz", None, None, &[]).await.json();
    let expected = serde_json::json!({
        "status": "ok", "service": "platform", "version": env!("CARGO_PKG_VERSION"),
        "store": "memory", "time_scale": 1.0,
    });
    assert_eq!(health, expected);
}

#[tokio::test]
async fn the_service_answers_on_a_socket_until_it_is_told_to_stop() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let platform = platform::start(&crate::school::config(platform::Size::small())).await.unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let shutdown = async { stopped.await.unwrap() };
    let serving = tokio::spawn(platform::serve(platform, listener, shutdown));
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: school\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    stop.send(()).unwrap();
    serving.await.unwrap().unwrap();
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn browsers_may_keep_a_report_for_its_types_seconds_if_the_policy_is_relaxed_and_else_not() {
    for browser in [BrowserPolicy::Exact, BrowserPolicy::Relaxed] {
        let school = School::with(Config { browser, ..config(Size::small()) }).await;
        let teacher = school.login("teacher-1").await;
        let mut targets =
            vec![("/api/reports/".to_owned(), 600), ("/api/reports/export/?page_size=1".to_owned(), 600)];
        for (kind, secs) in
            [("student_progress", 300), ("grade_distribution", 900), ("analytics", 1_800), ("custom", 3_600)]
        {
            let id = school.newest(&teacher, kind).await;
            targets
                .extend([(format!("/api/reports/{id}/"), secs), (format!("/api/reports/{id}/stats/"), secs)]);
        }
        for (target, secs) in targets {
            let secs = if browser == BrowserPolicy::Exact { 0 } else { secs };
            for said in ["MISS", "HIT"] {
                let read = school.get(&teacher, &target).await;
                assert_eq!(read.x_cache(), said, "{target}");
                let expected = format!("private, max-age={secs}, must-revalidate");
                assert_eq!(read.headers["cache-control"], expected.as_str(), "{browser:?} {target} {said}");
            }
        }
    }
}

#[tokio::test]
async fn a_faster_clock_ends_entries_by_their_types_time_and_counts_age_in_its_own_seconds() {
    // A student's progress lives for 1.5 s of wall time at most, a custom report for 18 s.
    let school = School::with(Config { time_scale: 200.0, ..config(Size::small()) }).await;
    let teacher = school.login("teacher-1").await;
    let of = async |kind: &str| format!("/api/reports/{}/", school.newest(&teacher, kind).await);
    let (custom, progress) = (of("custom").await, of("student_progress").await);
    school.get(&teacher, &custom).await;
    assert_eq!(school.get(&teacher, &progress).await.x_cache(), "MISS");
    let (stored, mut oldest) = (Instant::now(), 0);
    loop {
        let read = school.get(&teacher, &progress).await;
        if read.x_cache() == "MISS" {
            break;
        }
        oldest = read.headers["age"].to_str().unwrap().parse::<u64>().unwrap();
        assert!(stored.elapsed() < Duration::from_secs(10), "it never ends");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!((100..=300).contains(&oldest), "it was {oldest} s old");
    assert_eq!(school.get(&teacher, &custom).await.x_cache(), "HIT");
}
