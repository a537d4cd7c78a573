//! Several processes of one school: one database, one Redis, and nobody reads what another has changed.

use std::path::Path;
use std::time::{Duration, Instant};

use http::{Method, StatusCode};
use platform::{Config, Size, StoreChoice};
use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::freshness::gradable;
use crate::redis::{Server, at, free_port};
use crate::rows::numbers;
use crate::rules::Rules;
use crate::school::{Person, School, config};

/// A process of the school on this file and store.
async fn process(file: &Path, store: StoreChoice) -> School {
    School::with(Config { store, database: Some(file.to_owned()), ..config(Size::small()) }).await
}

/// A way to a server that can be cut.
struct Way {
    port: u16,
    relay: JoinHandle<()>,
}

impl Way {
    async fn to(port: u16) -> Self {
        Self::slow(port, Duration::ZERO).await
    }

    /// Whatever passes takes so long.
    async fn slow(port: u16, delay: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let relay = tokio::spawn(async move {
            let mut open = tokio::task::JoinSet::new();
            loop {
                let (near, _) = listener.accept().await.unwrap();
                open.spawn(async move {
                    let far = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                    let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
                    tokio::join!(pass(near_in, far_out, delay), pass(far_in, near_out, delay));
                });
            }
        });
        Self { port: own, relay }
    }

    /// Ends every connection and takes no more.
    async fn cut(self) {
        self.relay.abort();
        let _ = self.relay.await;
    }
}

/// Ends when either end hangs up.
async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, delay: Duration) {
    let mut piece = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut piece).await {
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        if to.write_all(&piece[..read]).await.is_err() {
            break;
        }
    }
}

async fn outbox(school: &School) -> usize {
    crate::rows::dump(&school.platform, "outbox").await.len()
}

/// A student's newest report, warm on this process, and what grades it.
async fn warm(school: &School) -> (Person, String, i64, Person) {
    let (answer, teacher) = gradable(school).await;
    let student = school.person(answer.student).await;
    let target = format!("/api/reports/{}/", school.newest(&student, "student_progress").await);
    school.get(&student, &target).await;
    assert_eq!(school.get(&student, &target).await.x_cache(), "HIT");
    (student, target, answer.answer, teacher)
}

fn grade(comment: &str) -> serde_json::Value {
    json!({ "score": 3, "comment": comment })
}

#[tokio::test]
async fn redis_a_write_on_one_process_is_seen_by_the_next_read_on_another() {
    let (dir, server) = (TempDir::new().unwrap(), Server::start().await);
    let file = dir.path().join("school.sqlite");
    let one = process(&file, server.store()).await;
    let other = process(&file, server.store()).await;
    let (student, target, answer, teacher) = warm(&one).await;
    assert_eq!(other.get(&student, &target).await.x_cache(), "HIT", "one token, one entry, two processes");
    for round in 0..20 {
        let comment = format!("Round {round}");
        let (writer, reader) = if round % 2 == 0 { (&one, &other) } else { (&other, &one) };
        assert_eq!(writer.grade(&teacher, answer, grade(&comment)).await.status, StatusCode::OK);
        let read = reader.get(&student, &target).await;
        assert_eq!((read.x_cache(), &read.json()["answers"][0]["comment"]), ("MISS", &json!(comment)));
        assert_eq!(writer.get(&student, &target).await.x_cache(), "HIT");
    }
}

/// The writer is far from the store and the reader is near: an acknowledgement that did not wait for the
/// store would let the reader be first.
#[tokio::test]
async fn redis_no_write_of_any_kind_is_acknowledged_before_the_other_process_would_see_it() {
    let (dir, server) = (TempDir::new().unwrap(), Server::start().await);
    let file = dir.path().join("school.sqlite");
    let way = Way::slow(server.port, Duration::from_millis(40)).await;
    let far = process(&file, at(way.port, true)).await;
    let near = process(&file, server.store()).await;
    let (student, target, _, teacher) = warm(&near).await;
    let rules = Rules::of(&near).await;
    let class = rules.class_of(student.id);
    let art = rules.teaching.iter().find(|row| (row[0], row[1]) == (class, 6)).unwrap()[2];
    let art = near.person(art).await;
    let reads = [
        (&art, "/api/reports/?page_size=1"),
        (&student, target.as_str()),
        (&student, "/api/reports/?page_size=2"),
        (&teacher, target.as_str()),
        (&teacher, "/api/reports/?page_size=2&type=analytics"),
        (&teacher, "/api/reports/export/?page_size=1"),
    ];
    for (who, method, target, body, status) in crate::outbox::writes(&far).await {
        for (reader, target) in reads {
            near.get(reader, target).await;
            assert_eq!(near.get(reader, target).await.x_cache(), "HIT", "{} {target}", reader.id);
        }
        let made = far.send(method.clone(), &target, Some(&who.token), body, &[]).await;
        assert_eq!(made.status.as_u16(), status, "{method} {target}: {}", made.text());
        let mut missed = 0;
        for (reader, read) in reads {
            let seen = near.get(reader, read).await;
            missed += usize::from(seen.x_cache() == "MISS");
            assert_eq!(seen.body, near.bypass(reader, read).await.body, "{read} after {method} {target}");
        }
        assert!(missed > 0, "{method} {target} shows in none of them");
    }
}

#[tokio::test]
async fn redis_access_that_one_process_revokes_is_refused_by_the_other_at_once() {
    let (dir, server) = (TempDir::new().unwrap(), Server::start().await);
    let file = dir.path().join("school.sqlite");
    let one = process(&file, server.store()).await;
    let other = process(&file, server.store()).await;
    let link = &numbers(&one.platform, "guardians").await[0];
    let (parent, student) = (one.person(link[0]).await, link[1]);
    let admin = one.login("admin").await;
    let listed = other.get(&parent, &format!("/api/reports/?student={student}&type=student_progress")).await;
    let target = format!("/api/reports/{}/", listed.json()["results"][0]["id"]);
    other.get(&parent, &target).await;
    assert_eq!(other.get(&parent, &target).await.x_cache(), "HIT");
    let path = format!("/api/students/{student}/guardians/{}/", parent.id);
    assert_eq!(one.delete(&admin, &path).await.status, StatusCode::OK);
    assert_eq!(other.get(&parent, &target).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn redis_a_writer_cut_off_from_it_leaves_the_other_processes_stale_no_longer_than_declared() {
    let (dir, server) = (TempDir::new().unwrap(), Server::start().await);
    let file = dir.path().join("school.sqlite");
    let way = Way::to(server.port).await;
    let one = process(&file, at(way.port, true)).await;
    let other = process(&file, server.store()).await;
    let (student, target, answer, teacher) = warm(&one).await;
    assert_eq!(other.get(&student, &target).await.x_cache(), "HIT");
    way.cut().await;
    let graded = one.grade(&teacher, answer, grade("Cut off")).await;
    assert_eq!((graded.status, outbox(&one).await), (StatusCode::OK, 1));
    let written = Instant::now();
    let own = one.get(&student, &target).await;
    assert_eq!(own.json()["answers"][0]["comment"], "Cut off", "its own readers see it at once");
    // The declared bound is a second of grace and one of interval; the rest is for a busy machine.
    while other.get(&student, &target).await.json()["answers"][0]["comment"] != "Cut off" {
        assert!(written.elapsed() < Duration::from_secs(10), "still stale");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(outbox(&other).await, 0);
}

#[tokio::test]
async fn redis_a_write_whose_process_ended_before_it_was_told_is_replayed_before_the_first_read() {
    let (dir, server) = (TempDir::new().unwrap(), Server::start().await);
    let file = dir.path().join("school.sqlite");
    let way = Way::to(server.port).await;
    let one = process(&file, at(way.port, true)).await;
    let (student, target, answer, teacher) = warm(&one).await;
    way.cut().await;
    one.grade(&teacher, answer, grade("Last words")).await;
    assert_eq!(outbox(&one).await, 1);
    drop(one);
    let next = process(&file, server.store()).await;
    let read = next.get(&student, &target).await;
    assert_eq!(read.json()["answers"][0]["comment"], "Last words");
    assert_eq!(outbox(&next).await, 0);
}

#[tokio::test]
async fn redis_away_at_the_start_is_used_once_it_is_there() {
    let port = free_port();
    let school = School::on(at(port, false)).await;
    let student = school.login("student-1").await;
    let first = school.get(&student, "/api/reports/").await;
    assert_eq!((first.status, first.x_cache()), (StatusCode::OK, "BYPASS"));
    let _server = Server::start_at(port).await;
    let waited = Instant::now();
    while school.get(&student, "/api/reports/").await.x_cache() != "HIT" {
        assert!(waited.elapsed() < Duration::from_secs(15), "never connected");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn redis_a_link_that_one_process_makes_is_granted_by_the_other_at_once_and_cached_soon() {
    let (dir, server) = (TempDir::new().unwrap(), Server::start().await);
    let file = dir.path().join("school.sqlite");
    let one = process(&file, server.store()).await;
    let other = process(&file, server.store()).await;
    let links = numbers(&one.platform, "guardians").await;
    let parent = one.person(links[0][0]).await;
    let theirs = |student: i64| links.contains(&vec![parent.id, student]);
    let student = links.iter().map(|link| link[1]).find(|student| !theirs(*student)).unwrap();
    let of_student = one.person(student).await;
    let target = format!("/api/reports/{}/", one.newest(&of_student, "student_progress").await);
    assert_eq!(other.get(&parent, &target).await.status, StatusCode::FORBIDDEN);
    let admin = one.login("admin").await;
    let path = format!("/api/students/{student}/guardians/{}/", parent.id);
    assert_eq!(one.send(Method::PUT, &path, Some(&admin.token), None, &[]).await.status, StatusCode::OK);
    let granted = other.get(&parent, &target).await;
    assert_eq!(granted.status, StatusCode::OK);
    let said = ["x-cache", "cache-status"].map(|name| granted.headers.contains_key(name));
    assert!(
        said == [true, true] || said == [false, false],
        "nobody may take it for a hit: {:?}",
        granted.headers
    );
    let waited = Instant::now();
    while other.get(&parent, &target).await.x_cache() != "HIT" {
        assert!(waited.elapsed() < Duration::from_secs(10), "never cached");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
