//! The same school with its cache in a real Redis.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use http::{Method, StatusCode};
use platform::StoreChoice;
use serde_json::json;
use tempfile::TempDir;

use crate::freshness::{everybody_sees_the_grade, gradable};
use crate::school::School;

/// A server of our own; ends with the test.
pub(crate) struct Server {
    child: Child,
    pub(crate) port: u16,
    _directory: TempDir,
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The school's cache in the Redis at `port`.
pub(crate) fn at(port: u16, must_answer: bool) -> StoreChoice {
    StoreChoice::Redis { url: format!("redis://127.0.0.1:{port}/"), prefix: "test:".to_owned(), must_answer }
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_at(free_port()).await
    }

    pub(crate) async fn start_at(port: u16) -> Self {
        let directory = TempDir::new().unwrap();
        let child = Command::new("/usr/bin/redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .arg("--dir")
            .arg(directory.path())
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is installed where these tests run");
        for _ in 0..100 {
            if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Self { child, port, _directory: directory }
    }

    pub(crate) fn store(&self) -> StoreChoice {
        at(self.port, true)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().expect("our own child");
        self.child.wait().expect("our own child");
    }
}

#[tokio::test]
async fn redis_a_grade_reaches_every_entitled_reader_on_the_next_read() {
    let server = Server::start().await;
    let school = School::on(server.store()).await;
    let health = school.send(Method::GET, "/healthz", None, None, &[]).await.json();
    assert_eq!(health["store"], "redis");
    everybody_sees_the_grade(&school).await;
    let admin = school.login("admin").await;
    let entries = school.get(&admin, "/api/reports/cache/stats/").await.json()["entries"].as_u64();
    let deleted = school.delete(&admin, "/api/reports/cache/").await.json();
    assert_eq!(deleted["invalidated_keys"].as_u64(), entries);
    assert!(entries > Some(0));
}

#[tokio::test]
async fn redis_events_reach_whom_they_concern_and_nobody_else() {
    let server = Server::start().await;
    let school = School::on(server.store()).await;
    crate::events::a_grade_reaches_whom_it_concerns(&school).await;
    crate::links::a_guardian_is_cut_off_and_linked_again(&school).await;
}

#[tokio::test]
async fn redis_away_a_grade_is_saved_and_reports_come_from_the_database() {
    let server = Server::start().await;
    let school = School::on(server.store()).await;
    let (answer, teacher) = gradable(&school).await;
    let student = school.person(answer.student).await;
    let target = format!("/api/reports/{}/", school.newest(&student, "student_progress").await);
    school.get(&student, &target).await;
    drop(server);
    let graded = school.grade(&teacher, answer.answer, json!({ "score": 3, "comment": "In the dark" })).await;
    assert_eq!(graded.status, StatusCode::OK);
    let read = school.get(&student, &target).await;
    assert_eq!((read.status, read.x_cache()), (StatusCode::OK, "BYPASS"));
    assert_eq!(read.json()["answers"][0]["comment"], "In the dark");
}

#[tokio::test]
async fn a_redis_that_is_not_there_is_said_at_once() {
    let config = platform::Config { store: at(1, true), ..crate::school::config(platform::Size::small()) };
    assert!(matches!(platform::start(&config).await, Err(platform::Error::Store(_))));
}
