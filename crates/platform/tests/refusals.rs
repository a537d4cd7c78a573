//! Writes that fail, and clients that hang up.

use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::json;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _};

use crate::freshness::gradable;
use crate::rules::Rules;
use crate::school::School;
use crate::watch::Watch;

/// A way into the rows beside the service.
async fn back_door(school: &School) -> SqliteConnection {
    SqliteConnectOptions::new().filename(school.platform.database()).connect().await.unwrap()
}

async fn run(connection: &mut SqliteConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection).await.unwrap();
}

#[tokio::test]
async fn a_write_that_fails_before_its_commit_invalidates_nothing() {
    let school = School::open().await;
    let rules = Rules::of(&school).await;
    let (answer, teacher) = gradable(&school).await;
    let admin = school.login("admin").await;
    let student = school.person(answer.student).await;
    let parent = rules.parents(student.id)[0];
    let tutor = school.person(rules.tutors(student.id)[0]).await;
    let mut people = rules.neighbourhood(student.id);
    people.push(teacher.id);
    let watch = Watch::warm(&school, &people, |_| true).await;
    let mut door = back_door(&school).await;
    for (name, when) in [
        ("a", "AFTER UPDATE ON answers"),
        ("b", "AFTER UPDATE ON submissions"),
        ("c", "AFTER INSERT ON submissions"),
        ("d", "AFTER UPDATE ON material_progress"),
        ("e", "AFTER UPDATE ON element_progress"),
        ("f", "AFTER INSERT ON reports"),
        ("g", "AFTER DELETE ON reports"),
        ("h", "AFTER DELETE ON guardians"),
        ("i", "AFTER UPDATE ON students"),
    ] {
        let sql = format!("CREATE TRIGGER {name} {when} BEGIN SELECT RAISE(ABORT, 'the disk is full'); END");
        run(&mut door, &sql).await;
    }
    let assignment = school.get(&student, "/api/assignments/").await.json()["results"][0]["id"].clone();
    let report = rules.reports.iter().find(|report| report.author == teacher.id).unwrap().id;
    let class = rules.class_of(student.id) % 4 + 1;
    let draft = json!({
        "report_type": "student_progress", "student_id": student.id, "title": "T", "week_start": "2026-11-09",
    });
    for (who, method, target, body) in [
        (&teacher, Method::PATCH, format!("/api/answers/{}/grade/", answer.answer), json!({ "score": 1 })),
        (
            &teacher,
            Method::POST,
            "/api/answers/grades/".to_owned(),
            json!({ "grades": [{ "id": answer.answer, "score": 1 }] }),
        ),
        (&student, Method::POST, format!("/api/assignments/{assignment}/submissions/"), json!({})),
        (&student, Method::PUT, "/api/materials/1/progress/".to_owned(), json!({ "percent": 1 })),
        (&student, Method::PUT, "/api/elements/1/progress/".to_owned(), json!({ "done": true })),
        (&tutor, Method::POST, "/api/reports/".to_owned(), draft),
        (&teacher, Method::DELETE, format!("/api/reports/{report}/"), json!({})),
        (&admin, Method::DELETE, format!("/api/students/{}/guardians/{parent}/", student.id), json!({})),
        (&admin, Method::PUT, format!("/api/students/{}/class/", student.id), json!({ "class_id": class })),
    ] {
        let failed = school.send(method.clone(), &target, Some(&who.token), Some(body), &[]).await;
        assert_eq!(failed.status, StatusCode::INTERNAL_SERVER_ERROR, "{method} {target}: {}", failed.text());
        assert_eq!(failed.json()["detail"], "the database failed");
    }
    watch.check_untouched(&school).await;
    // What failed has left no link behind either.
    let still = school.get(watch.person(parent), &format!("/api/reports/?student={}", student.id)).await;
    assert!(still.json()["count"].as_i64() > Some(0));
}

#[tokio::test]
async fn a_client_that_hangs_up_does_not_lose_the_invalidation() {
    let school = School::open().await;
    let (answer, teacher) = gradable(&school).await;
    let student = school.person(answer.student).await;
    let target = format!("/api/reports/{}/", school.newest(&student, "student_progress").await);
    school.get(&student, &target).await;
    assert_eq!(school.get(&student, &target).await.x_cache(), "HIT");
    // While somebody else holds the database's write lock, the grade waits; its client does not.
    let mut door = back_door(&school).await;
    run(&mut door, "BEGIN IMMEDIATE").await;
    let comment = "Nobody waited for this";
    let request = school.grade(&teacher, answer.answer, json!({ "comment": comment }));
    let hung_up = tokio::time::timeout(Duration::from_millis(300), request).await;
    assert!(hung_up.is_err(), "the client left before there was an answer");
    assert_eq!(school.get(&student, &target).await.x_cache(), "HIT");
    run(&mut door, "COMMIT").await;
    for _ in 0..500 {
        let read = school.get(&student, &target).await;
        if read.json()["answers"][0]["comment"] == comment {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the grade was saved, but the report stayed as it was");
}

#[tokio::test]
async fn links_that_another_process_changed_count_in_the_next_write() {
    let school = School::open().await;
    let rules = Rules::of(&school).await;
    let (answer, teacher) = gradable(&school).await;
    let new = rules.first("parent", |id| !rules.parents(answer.student).contains(&id));
    let parent = school.person(new).await;
    school.get(&parent, "/api/reports/").await;
    assert_eq!(school.get(&parent, "/api/reports/").await.x_cache(), "HIT");
    // What a second process does that shares the database: the row, and the links' new version.
    let mut door = back_door(&school).await;
    let sql = format!(
        "BEGIN IMMEDIATE; INSERT INTO guardians VALUES ({new}, {}); PRAGMA user_version = 1; COMMIT",
        answer.student
    );
    run(&mut door, &sql).await;
    let graded = school.grade(&teacher, answer.answer, json!({ "comment": "For all guardians" })).await;
    assert_eq!(graded.status, StatusCode::OK);
    let list = school.get(&parent, "/api/reports/").await;
    assert_eq!(list.x_cache(), "MISS", "the new guardian's reports show the grade");
    let report = school.newest(&school.person(answer.student).await, "student_progress").await;
    assert_eq!(school.get(&parent, &format!("/api/reports/{report}/")).await.status, StatusCode::OK);

    // Staff who warm catch up too.
    let sql = format!(
        "BEGIN IMMEDIATE; DELETE FROM guardians WHERE parent_id = {new} AND student_id = {}; \
         PRAGMA user_version = 2; COMMIT",
        answer.student
    );
    run(&mut door, &sql).await;
    let admin = school.login("admin").await;
    let body = json!({ "report_ids": [report], "report_type": "student_progress", "user_ids": [new] });
    let warmed = school.post(&admin, "/api/reports/cache/warm/", body).await.json();
    assert_eq!(warmed, json!({ "total": 1, "cached": 0, "failed": 1 }));
    assert_eq!(school.get(&parent, &format!("/api/reports/{report}/")).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn links_changed_at_the_same_time_end_as_the_rows_do() {
    let school = School::open().await;
    let rules = Rules::of(&school).await;
    let admin = school.login("admin").await;
    let student = rules.student();
    let parent = school.person(rules.parents(student)[0]).await;
    let link = format!("/api/students/{student}/guardians/{}/", parent.id);
    let report = rules.reports.iter().rev().find(|report| report.student == student).unwrap().id;
    let target = format!("/api/reports/{report}/");
    for round in 0..10 {
        let calls = (0..8).map(|call| {
            let method = if (call + round) % 2 == 0 { Method::PUT } else { Method::DELETE };
            school.send(method, &link, Some(&admin.token), None, &[])
        });
        for answer in futures::future::join_all(calls).await {
            assert_eq!(answer.status, StatusCode::OK);
        }
        let linked = Rules::of(&school).await.parents(student).contains(&parent.id);
        let expected = if linked { StatusCode::OK } else { StatusCode::FORBIDDEN };
        assert_eq!(school.get(&parent, &target).await.status, expected, "round {round}");
    }
}

#[tokio::test]
async fn no_write_is_taken_without_a_valid_token_or_with_a_body_that_cannot_be_read() {
    let school = School::open().await;
    let (answer, teacher) = gradable(&school).await;
    let student = school.person(answer.student).await;
    let admin = school.login("admin").await;
    let watch = Watch::warm(&school, &[teacher.id, student.id], |_| true).await;
    for (who, method, target) in [
        (&teacher, Method::PATCH, "/api/answers/1/grade/"),
        (&teacher, Method::POST, "/api/answers/grades/"),
        (&student, Method::POST, "/api/assignments/1/submissions/"),
        (&student, Method::PUT, "/api/materials/1/progress/"),
        (&student, Method::PUT, "/api/elements/1/progress/"),
        (&teacher, Method::POST, "/api/reports/"),
        (&teacher, Method::PATCH, "/api/reports/1/"),
        (&admin, Method::PUT, "/api/students/16/class/"),
        (&admin, Method::PUT, "/api/classes/1/teachers/Art/"),
    ] {
        for token in [None, Some("1.00"), Some(&who.token[..who.token.len() - 1])] {
            let refused = school.send(method.clone(), target, token, Some(json!({})), &[]).await;
            assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{method} {target}");
            assert!(refused.headers.contains_key("www-authenticate"));
        }
        let unread =
            school.send(method.clone(), target, Some(&who.token), Some(json!("no object")), &[]).await;
        assert_eq!(unread.status, StatusCode::UNPROCESSABLE_ENTITY, "{method} {target}");
        assert!(unread.json()["detail"].as_str().unwrap().contains("JSON"), "{}", unread.text());
    }
    watch.check_untouched(&school).await;
}
