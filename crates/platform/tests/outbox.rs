//! Rows of the outbox: one for each committed write whose invalidation the store did not confirm.

use std::time::{Duration, Instant};

use http::{Method, StatusCode};
use platform::Config;
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _};
use tempfile::TempDir;

use crate::freshness::gradable;
use crate::redis::{Server, at, free_port};
use crate::rows::dump;
use crate::rules::Rules;
use crate::school::{Person, School};

async fn rows(school: &School) -> usize {
    dump(&school.platform, "outbox").await.len()
}

/// Polls; panics when it does not come true.
async fn comes_true(what: &str, mut is_true: impl AsyncFnMut() -> bool) {
    let waited = Instant::now();
    while !is_true().await {
        assert!(waited.elapsed() < Duration::from_secs(15), "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// One write on each route that a student concerns, with the status it has to have.
pub(crate) async fn writes(school: &School) -> Vec<(Person, Method, String, Option<Value>, u16)> {
    let rules = Rules::of(school).await;
    let (answer, teacher) = gradable(school).await;
    let student = school.person(answer.student).await;
    let admin = school.login("admin").await;
    let (parent, tutor) = (rules.parents(student.id)[0], rules.tutors(student.id)[0]);
    let class = rules.class_of(student.id);
    let other = rules.seats.iter().find(|seat| seat[1] != class).unwrap()[1];
    let assignment = school.get(&student, "/api/assignments/").await.json()["results"][0]["id"].clone();
    let report = rules.reports.iter().find(|report| report.author == teacher.id).unwrap().id;
    let own = format!("/api/students/{}", student.id);
    let draft = json!({
        "report_type": "analytics", "class_id": class, "title": "T", "week_start": "2026-11-09",
    });
    let grades = json!({ "grades": [{ "id": answer.answer, "score": 4 }] });
    let (put, delete) = (Method::PUT, Method::DELETE);
    let write = |who: &Person, method: &Method, target: String, body: Value, status: u16| {
        (who.clone(), method.clone(), target, (!body.is_null()).then_some(body), status)
    };
    let grade = format!("/api/answers/{}/grade/", answer.answer);
    vec![
        write(&teacher, &Method::PATCH, grade, json!({ "score": 3 }), 200),
        write(&teacher, &Method::POST, "/api/answers/grades/".to_owned(), grades, 200),
        write(&student, &Method::POST, format!("/api/assignments/{assignment}/submissions/"), json!({}), 200),
        write(&student, &put, "/api/materials/1/progress/".to_owned(), json!({ "percent": 7 }), 200),
        write(&student, &put, "/api/elements/1/progress/".to_owned(), json!({ "done": true }), 200),
        write(&teacher, &Method::POST, "/api/reports/".to_owned(), draft, 201),
        write(&teacher, &Method::PATCH, format!("/api/reports/{report}/"), json!({ "title": "New" }), 200),
        write(&teacher, &delete, format!("/api/reports/{report}/"), Value::Null, 204),
        write(&admin, &delete, format!("{own}/guardians/{parent}/"), Value::Null, 200),
        write(&admin, &delete, format!("{own}/tutors/{tutor}/"), Value::Null, 200),
        write(&admin, &put, format!("{own}/class/"), json!({ "class_id": other }), 200),
        write(&admin, &delete, format!("/api/classes/{class}/teachers/Art/"), Value::Null, 200),
    ]
}

#[tokio::test]
async fn redis_each_write_that_was_not_confirmed_leaves_one_row_and_all_are_replayed() {
    let port = free_port();
    let server = Server::start_at(port).await;
    let school = School::on(at(port, true)).await;
    let (answer, _) = gradable(&school).await;
    let student = school.person(answer.student).await;
    let target = format!("/api/reports/{}/", school.newest(&student, "student_progress").await);
    school.get(&student, &target).await;
    let writes = writes(&school).await;
    drop(server);
    for (number, (who, method, target, body, status)) in writes.iter().enumerate() {
        let refused = school.send(method.clone(), target, Some(&student.token), body.clone(), &[]).await;
        if who.id != student.id {
            assert_eq!(refused.status, StatusCode::FORBIDDEN, "{method} {target}");
            assert_eq!(rows(&school).await, number, "a refused {method} {target} leaves none");
            let made = school.send(method.clone(), target, Some(&who.token), body.clone(), &[]).await;
            assert_eq!(made.status.as_u16(), *status, "{method} {target}: {}", made.text());
        } else {
            assert!(refused.status.is_success(), "{method} {target}: {}", refused.text());
        }
        assert_eq!(rows(&school).await, number + 1, "{method} {target} leaves one");
    }
    // Links that are as they are asked to be.
    for (who, method, target, body, _) in writes.iter().skip(8) {
        let again = school.send(method.clone(), target, Some(&who.token), body.clone(), &[]).await;
        assert_eq!(again.status, StatusCode::OK);
    }
    assert_eq!(rows(&school).await, writes.len(), "a write that changes nothing leaves none");
    let _server = Server::start_at(port).await;
    comes_true("the outbox is replayed", async || rows(&school).await == 0).await;
    let read = school.get(&student, &target).await;
    assert_eq!(read.body, school.bypass(&student, &target).await.body);
}

#[tokio::test]
async fn a_write_that_was_confirmed_leaves_no_row() {
    let school = School::open().await;
    for (who, method, target, body, status) in writes(&school).await {
        let made = school.send(method.clone(), &target, Some(&who.token), body, &[]).await;
        assert_eq!(made.status.as_u16(), status, "{method} {target}: {}", made.text());
        comes_true("it is struck off", async || rows(&school).await == 0).await;
    }
}

#[tokio::test]
async fn redis_a_client_that_hangs_up_leaves_a_row_if_and_only_if_the_store_is_away() {
    for away in [false, true] {
        let mut server = Some(Server::start().await);
        let school = School::on(server.as_ref().unwrap().store()).await;
        let (answer, teacher) = gradable(&school).await;
        let student = school.person(answer.student).await;
        let target = format!("/api/reports/{}/", school.newest(&student, "student_progress").await);
        school.get(&student, &target).await;
        if away {
            server = None;
        }
        let file = school.platform.database();
        let mut door = SqliteConnectOptions::new().filename(file).connect().await.unwrap();
        sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut door).await.unwrap();
        let request = school.grade(&teacher, answer.answer, json!({ "comment": "Nobody waited" }));
        assert!(tokio::time::timeout(Duration::from_millis(300), request).await.is_err());
        sqlx::raw_sql("COMMIT").execute(&mut door).await.unwrap();
        comes_true("it is written", async || {
            school.bypass(&student, &target).await.json()["answers"][0]["comment"] == "Nobody waited"
        })
        .await;
        if away {
            assert_eq!(rows(&school).await, 1);
        } else {
            comes_true("it is struck off", async || rows(&school).await == 0).await;
            let read = school.get(&student, &target).await;
            assert_eq!(read.json()["answers"][0]["comment"], "Nobody waited");
        }
        drop(server);
    }
}

/// The machine's clock was set back: a row from before that seems to come from the future.
#[tokio::test]
async fn redis_a_row_is_replayed_before_the_first_read_whatever_the_clock_says() {
    let (dir, server) = (TempDir::new().unwrap(), Server::start().await);
    let database = Some(dir.path().join("school.sqlite"));
    let config = || Config {
        store: server.store(),
        database: database.clone(),
        ..crate::school::config(platform::Size::small())
    };
    let school = School::with(config()).await;
    let (answer, _) = gradable(&school).await;
    let student = school.person(answer.student).await;
    let target = format!("/api/reports/{}/", school.newest(&student, "student_progress").await);
    school.get(&student, &target).await;
    assert_eq!(school.get(&student, &target).await.x_cache(), "HIT");
    drop(school);
    // A process that ended between its commit and the store's answer.
    let file = database.clone().unwrap();
    let mut door = SqliteConnectOptions::new().filename(&file).connect().await.unwrap();
    let event = json!({ "reason": "grade_changed", "scopes": [[student.id, "student_progress"]] });
    let row = format!(
        "UPDATE answers SET comment = 'Before the clock was set back' WHERE id = {}; \
         INSERT INTO outbox (recorded_ms, event) VALUES (9000000000000, '{event}')",
        answer.answer
    );
    sqlx::raw_sql(AssertSqlSafe(row)).execute(&mut door).await.unwrap();
    let school = School::with(config()).await;
    let read = school.get(&student, &target).await;
    assert_eq!((read.x_cache(), rows(&school).await), ("MISS", 0));
    assert_eq!(read.body, school.bypass(&student, &target).await.body);
}
