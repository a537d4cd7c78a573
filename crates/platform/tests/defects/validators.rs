//! A validator stands for the content: it changes when that does, and only then.

use http::{Method, StatusCode};
use platform::{Config, Size};
use serde_json::json;
use tempfile::TempDir;

use super::views;
use crate::freshness::gradable;
use crate::school::{Answer, Person, School, config};

const CODINGS: [&str; 2] = ["identity", "gzip"];

async fn ask(school: &School, who: &Person, target: &str, coding: &str, held: Option<&str>) -> Answer {
    let mut headers = vec![("accept-encoding", coding)];
    headers.extend(held.map(|held| ("if-none-match", held)));
    school.send(Method::GET, target, Some(&who.token), None, &headers).await
}

fn etag(answer: &Answer) -> String {
    answer.headers["etag"].to_str().unwrap().to_owned()
}

/// Row 6.
#[tokio::test]
async fn a_validator_from_before_a_write_gets_the_new_report_in_every_view() {
    let school = School::open().await;
    let (answer, teacher) = gradable(&school).await;
    let student = school.person(answer.student).await;
    let report = school.newest(&student, "student_progress").await;
    let list = "/api/reports/?type=student_progress".to_owned();
    let targets = [
        format!("/api/reports/{report}/"),
        format!("/api/reports/{report}/stats/"),
        "/api/reports/export/?type=student_progress&page_size=1".to_owned(),
        "/api/reports/export/?type=student_progress&format=csv".to_owned(),
        list,
    ];
    for score in [(answer.score + 50) % 101, answer.score] {
        let mut held = Vec::new();
        for target in &targets {
            for coding in CODINGS {
                let tag = etag(&ask(&school, &student, target, coding, None).await);
                let confirmed = ask(&school, &student, target, coding, Some(&tag)).await;
                assert_eq!(confirmed.status, StatusCode::NOT_MODIFIED, "{target} {coding}: it is good now");
                held.push((target, coding, tag));
            }
        }
        // Back to the first score in the end: the revision tells the two apart.
        assert_eq!(
            school.grade(&teacher, answer.answer, json!({ "score": score })).await.status,
            StatusCode::OK
        );
        for (target, coding, tag) in held {
            let read = ask(&school, &student, target, coding, Some(&tag)).await;
            assert_eq!(read.status, StatusCode::OK, "{target} {coding}");
            assert_ne!(etag(&read), tag, "{target} {coding}");
        }
    }
}

/// Row 7.
#[tokio::test]
async fn computed_anew_without_a_write_a_report_keeps_its_validator() {
    let school = School::open().await;
    let admin = school.login("admin").await;
    for username in ["teacher-1", "student-1", "parent-1", "tutor-1"] {
        let person = school.login(username).await;
        for target in views(&school, &person).await {
            for coding in CODINGS {
                let first = ask(&school, &person, &target, coding, None).await;
                school.delete(&admin, "/api/reports/cache/").await;
                let confirmed = ask(&school, &person, &target, coding, Some(&etag(&first))).await;
                let said = (confirmed.status, confirmed.x_cache());
                assert_eq!(said, (StatusCode::NOT_MODIFIED, "MISS"), "{username} {target} {coding}");
                school.delete(&admin, "/api/reports/cache/").await;
                let again = ask(&school, &person, &target, coding, None).await;
                assert_eq!(again.x_cache(), "MISS", "{username} {target} {coding}");
                assert!(again.body == first.body, "{username} {target} {coding}");
                assert_eq!(etag(&again), etag(&first), "{username} {target} {coding}");
            }
        }
    }
}

/// Row 8.
#[tokio::test]
async fn a_foreign_or_absent_validator_gets_the_report() {
    let school = School::open().await;
    let people = [school.login("teacher-1").await, school.login("teacher-2").await];
    for target in ["/api/reports/", "/api/reports/?page_size=2", "/api/reports/export/?page_size=1"] {
        let mut tags = Vec::new();
        for person in &people {
            tags.push(etag(&school.get(person, target).await));
        }
        assert_ne!(tags[0], tags[1]);
        for (person, held) in people.iter().zip(tags.iter().rev()) {
            for held in [Some(held.as_str()), Some("\"another\""), None] {
                let read = ask(&school, person, target, "identity", held).await;
                assert_eq!((read.status, read.x_cache()), (StatusCode::OK, "HIT"), "{target} {held:?}");
                assert_eq!(read.body, school.bypass(person, target).await.body);
            }
        }
    }
}

/// Benign: the service is started anew on its file, as in a rolling restart.
#[tokio::test]
async fn after_a_restart_a_browsers_copy_is_still_good() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("school.sqlite");
    let process = || School::with(Config { database: Some(file.clone()), ..config(Size::small()) });
    let before = process().await;
    let teacher = before.login("teacher-1").await;
    let mut held = Vec::new();
    for target in views(&before, &teacher).await {
        let tag = etag(&before.get(&teacher, &target).await);
        held.push((target, tag));
    }
    drop(before);
    let after = process().await;
    for (target, tag) in held {
        let confirmed = ask(&after, &teacher, &target, "identity", Some(&tag)).await;
        assert_eq!((confirmed.status, confirmed.x_cache()), (StatusCode::NOT_MODIFIED, "MISS"), "{target}");
    }
}
