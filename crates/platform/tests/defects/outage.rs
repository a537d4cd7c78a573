//! Redis under the whole school: what it is asked, and what becomes of readers without it.

use std::collections::BTreeMap;
use std::time::Instant;

use http::{Method, StatusCode};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::views;
use crate::freshness::gradable;
use crate::redis::Server;
use crate::school::School;

/// What the server answers to one command, past the service.
async fn told(server: &Server, command: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", server.port)).await.unwrap();
    stream.write_all(format!("{command}\r\nQUIT\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

/// Calls of each command since the server started.
async fn calls(server: &Server) -> BTreeMap<String, u64> {
    let stats = told(server, "INFO commandstats").await;
    let line = |line: &str| {
        let (name, rest) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
        Some((name.to_owned(), rest.split(',').next()?.parse().unwrap()))
    };
    stats.lines().filter_map(line).collect()
}

/// Row 22.
#[tokio::test]
async fn redis_is_never_scanned_whatever_the_school_does() {
    let server = Server::start().await;
    let school = School::on(server.store()).await;
    let (answer, teacher) = gradable(&school).await;
    let (admin, student) = (school.login("admin").await, school.person(answer.student).await);
    let report = school.newest(&student, "student_progress").await;
    for person in [&teacher, &student] {
        for target in views(&school, person).await {
            school.get(person, &target).await;
            school.get(person, &target).await;
        }
    }
    let ok = |status: StatusCode| assert!(status.is_success(), "{status}");
    ok(school.grade(&teacher, answer.answer, json!({ "score": 7 })).await.status);
    let bulk = json!({ "grades": [{ "id": answer.answer, "score": 8 }] });
    ok(school.post(&teacher, "/api/answers/grades/", bulk).await.status);
    let parent = crate::rules::Rules::of(&school).await.parents(student.id)[0];
    let link = format!("/api/students/{}/guardians/{parent}/", student.id);
    ok(school.delete(&admin, &link).await.status);
    ok(school.send(Method::PUT, &link, Some(&admin.token), None, &[]).await.status);
    let warm = json!({ "report_ids": [report], "report_type": "student_progress" });
    ok(school.post(&admin, "/api/reports/cache/warm/", warm).await.status);
    ok(school.get(&admin, "/api/reports/cache/stats/").await.status);
    ok(school.get(&admin, "/api/reports/cache/hit-rate/").await.status);
    ok(school.delete(&admin, &format!("/api/reports/cache/{report}/")).await.status);
    ok(school.delete(&admin, "/api/reports/cache/").await.status);
    ok(school.platform.cache().events(None, 100).await.map(|_| StatusCode::OK).unwrap());
    let calls = calls(&server).await;
    assert!(calls["evalsha"] > 50, "{calls:?}");
    let forbidden = ["scan", "keys", "randomkey", "flushall", "flushdb", "config", "eval", "debug", "sort"];
    let found: Vec<_> =
        calls.keys().filter(|name| forbidden.contains(&name.split('|').next().unwrap())).collect();
    assert!(found.is_empty(), "{found:?}");
}

/// Row 26.
#[tokio::test]
async fn redis_down_every_view_is_served_as_in_the_control_arm() {
    let server = Server::start().await;
    let school = School::on(server.store()).await;
    let (answer, teacher) = gradable(&school).await;
    let student = school.person(answer.student).await;
    let mut reads = Vec::new();
    for person in [&teacher, &student] {
        for target in views(&school, person).await {
            reads.push((person, target));
        }
    }
    for (person, target) in &reads {
        assert_eq!(school.get(person, target).await.status, StatusCode::OK);
    }
    drop(server);
    for score in [(answer.score + 50) % 101, answer.score] {
        ok_grade(&school, &teacher, answer.answer, score).await;
        for (person, target) in &reads {
            let read = school.get(person, target).await;
            assert_eq!((read.status, read.x_cache()), (StatusCode::OK, "BYPASS"), "{target}");
            assert!(read.body == school.bypass(person, target).await.body, "{target}");
        }
    }
}

async fn ok_grade(school: &School, teacher: &crate::school::Person, answer: i64, score: i64) {
    assert_eq!(school.grade(teacher, answer, json!({ "score": score })).await.status, StatusCode::OK);
}

/// Row 27: by the calls, each of which costs a timeout.
#[tokio::test]
async fn redis_stalled_few_requests_pay_for_it() {
    let server = Server::start().await;
    let school = School::on(server.store()).await;
    let (answer, teacher) = gradable(&school).await;
    let targets = views(&school, &teacher).await;
    for target in &targets {
        school.get(&teacher, target).await;
    }
    // Whoever pauses it may not hear an answer; a second connection asks nothing until it goes on.
    let mut pausing = TcpStream::connect(("127.0.0.1", server.port)).await.unwrap();
    pausing.write_all(b"CLIENT PAUSE 60000 ALL\r\n").await.unwrap();
    let mut said = [0; 5];
    pausing.read_exact(&mut said).await.unwrap();
    assert_eq!(&said, b"+OK\r\n");
    let started = Instant::now();
    for _ in 0..3 {
        ok_grade(&school, &teacher, answer.answer, 5).await;
        for target in &targets {
            let read = school.get(&teacher, target).await;
            assert_eq!((read.status, read.x_cache()), (StatusCode::OK, "BYPASS"), "{target}");
        }
    }
    let rests = started.elapsed().as_secs();
    let page = school.send(Method::GET, "/metrics", None, None, &[]).await.text();
    let errors = page.lines().filter(|line| line.starts_with("report_cache_store_errors_total{"));
    let paid: u64 = errors.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum();
    assert!(
        (1..=4 + rests).contains(&paid),
        "{paid} calls in {rests} s: three, and one after each second's rest"
    );
}

/// Row 28: by the queries.
#[tokio::test]
async fn redis_down_fifty_readers_of_one_report_are_no_herd() {
    let server = Server::start().await;
    let school = School::on(server.store()).await;
    let student = school.login("student-1").await;
    let target = format!("/api/reports/{}/", school.newest(&student, "student_progress").await);
    drop(server);
    let mut cost = 0.0;
    // Until the breaker is open; the last of them says what one costs.
    for _ in 0..4 {
        let before = school.report_queries().await;
        assert_eq!(school.get(&student, &target).await.x_cache(), "BYPASS");
        cost = school.report_queries().await - before;
    }
    assert!(cost >= 1.0);
    let before = school.report_queries().await;
    let readers = futures::future::join_all((0..50).map(|_| school.get(&student, &target))).await;
    let paid = school.report_queries().await - before;
    assert!(readers.iter().all(|read| read.x_cache() == "BYPASS" && read.body == readers[0].body));
    // Two, and a third for one who tried the store meanwhile.
    assert!(paid <= 3.0 * cost, "{paid} queries for 50 readers, where one costs {cost}");
}
