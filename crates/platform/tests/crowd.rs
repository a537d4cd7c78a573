//! Many people at once, over real connections: what a write acknowledged is what the next read shows.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::redis::Server;
use crate::rows::work;
use crate::rules::Rules;
use crate::school::{Person, School};

/// Longer than anything here may take on a busy machine, and shorter than for ever.
const PATIENCE: Duration = Duration::from_secs(120);

/// A school that answers on a socket.
#[derive(Clone, Copy)]
struct Door(SocketAddr);

impl Door {
    async fn open(school: &School) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let door = Self(listener.local_addr().unwrap());
        let router = school.platform.router();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        door
    }

    /// One request on a connection of its own; status and body.
    async fn ask(self, who: &Person, method: &Method, target: &str, body: Option<&Value>) -> (u16, Vec<u8>) {
        let body = body.map_or(String::new(), Value::to_string);
        let head = format!(
            "{method} {target} HTTP/1.1\r\nhost: school\r\nconnection: close\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            who.token,
            body.len(),
        );
        let mut stream = TcpStream::connect(self.0).await.unwrap();
        stream.write_all((head + &body).as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let status = std::str::from_utf8(&answer[9..12]).unwrap().parse().unwrap();
        (status, answer.split_off(end + 4))
    }

    async fn get(self, who: &Person, target: &str) -> (u16, Value) {
        let (status, body) = self.ask(who, &Method::GET, target, None).await;
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }
}

/// A student with everybody around them.
struct Family {
    student: Person,
    parent: Person,
    tutor: Person,
    teacher: Person,
    admin: Person,
    class: i64,
    answer: i64,
    /// The student's newest report.
    report: i64,
}

impl Family {
    async fn of(school: &School) -> Self {
        let rules = Rules::of(school).await;
        let id = rules.student();
        let all = work(&school.platform).await;
        let answer = all.iter().find(|work| work.student == id && work.week == 9).unwrap();
        let lesson =
            rules.teaching.iter().find(|row| row[0] == answer.class && row[1] == answer.subject).unwrap();
        let student = school.person(id).await;
        Self {
            report: school.newest(&student, "student_progress").await,
            parent: school.person(rules.parents(id)[0]).await,
            tutor: school.person(rules.tutors(id)[0]).await,
            teacher: school.person(lesson[2]).await,
            admin: school.login("admin").await,
            class: answer.class,
            answer: answer.answer,
            student,
        }
    }

    fn readers(&self) -> [&Person; 4] {
        [&self.student, &self.parent, &self.tutor, &self.teacher]
    }
}

/// Whoever reads it now sees at least this revision.
async fn is_seen(door: Door, family: &Family, revision: &Value) {
    let revision = revision.as_i64().unwrap();
    for reader in family.readers() {
        for view in ["", "stats/"] {
            let target = format!("/api/reports/{}/{view}", family.report);
            let (status, body) = door.get(reader, &target).await;
            assert_eq!(status, 200, "{} {target}", reader.id);
            let seen = body["revision"].as_i64().unwrap();
            assert!(seen >= revision, "{} {target} shows {seen} after {revision}", reader.id);
        }
    }
}

async fn grades(door: Door, family: Arc<Family>, mark: usize) {
    let body = json!({ "score": mark % 101, "comment": format!("Mark {mark}") });
    let target = format!("/api/answers/{}/grade/", family.answer);
    let (status, said) = door.ask(&family.teacher, &Method::PATCH, &target, Some(&body)).await;
    let said: Value = serde_json::from_slice(&said).unwrap();
    assert_eq!(status, 200, "{said}");
    is_seen(door, &family, &said["revision"]).await;
    let (_, report) = door.get(&family.parent, &format!("/api/reports/{}/", family.report)).await;
    assert!(report["answers"].as_array().unwrap().iter().any(|shown| shown["comment"] == body["comment"]));
}

async fn progress(door: Door, family: Arc<Family>, mark: usize) {
    let materials = ("/api/materials/2/progress/", json!({ "percent": mark % 101 }));
    let elements = ("/api/elements/3/progress/", json!({ "done": mark.is_multiple_of(2) }));
    for (target, body) in [materials, elements] {
        let (status, said) = door.ask(&family.student, &Method::PUT, target, Some(&body)).await;
        assert_eq!(status, 200);
        is_seen(door, &family, &serde_json::from_slice::<Value>(&said).unwrap()["revision"]).await;
    }
}

async fn submissions(door: Door, family: Arc<Family>, mark: usize) {
    let (_, listed) = door.get(&family.student, "/api/assignments/?page_size=100").await;
    let listed = listed["results"].as_array().unwrap();
    let target = format!("/api/assignments/{}/submissions/", listed[mark % listed.len()]["id"]);
    let (status, said) = door.ask(&family.student, &Method::POST, &target, Some(&json!({}))).await;
    let said: Value = serde_json::from_slice(&said).unwrap();
    assert!(matches!(status, 200 | 201), "{said}");
    is_seen(door, &family, &said["revision"]).await;
}

async fn reports(door: Door, family: Arc<Family>, mark: usize) {
    let title = format!("Written {mark}");
    let body = json!({
        "report_type": "analytics", "class_id": family.class, "title": title, "week_start": "2026-11-09",
    });
    let (status, said) = door.ask(&family.teacher, &Method::POST, "/api/reports/", Some(&body)).await;
    let said: Value = serde_json::from_slice(&said).unwrap();
    assert_eq!(status, 201, "{said}");
    let target = format!("/api/reports/{}/", said["id"]);
    let find = format!("/api/reports/?search=Written+{mark}&status=draft&page_size=1");
    assert_eq!(door.get(&family.teacher, &find).await.1["count"], 1);
    assert_eq!(door.get(&family.teacher, &target).await.1["title"], json!(title));
    let renamed = json!({ "title": format!("Renamed {mark}") });
    assert_eq!(door.ask(&family.teacher, &Method::PATCH, &target, Some(&renamed)).await.0, 200);
    assert_eq!(door.get(&family.teacher, &target).await.1["title"], renamed["title"]);
    assert_eq!(door.get(&family.teacher, &find).await.1["count"], 0);
    assert_eq!(door.ask(&family.teacher, &Method::DELETE, &target, None).await.0, 204);
    assert_eq!(door.get(&family.teacher, &target).await.0, 404);
}

/// A parent of somebody else is linked and cut off; nobody else changes this link.
async fn links(door: Door, family: Arc<Family>, stranger: Person) {
    let link = format!("/api/students/{}/guardians/{}/", family.student.id, stranger.id);
    let target = format!("/api/reports/{}/", family.report);
    let find = format!("/api/reports/?student={}&page_size=1", family.student.id);
    for (method, status) in [(Method::PUT, 200), (Method::DELETE, 403)] {
        assert_eq!(door.ask(&family.admin, &method, &link, None).await.0, 200);
        assert_eq!(door.get(&stranger, &target).await.0, status, "{method}");
        let found = door.get(&stranger, &find).await.1["count"].as_i64().unwrap();
        assert_eq!(found > 0, status == 200, "{method}");
    }
}

/// A stranger to the family, of this role.
async fn strangers(school: &School, family: &Family) -> Vec<Person> {
    let rules = Rules::of(school).await;
    let parents: BTreeSet<i64> = rules.parents(family.student.id).into_iter().collect();
    let mut found = Vec::new();
    for (id, role) in &rules.roles {
        if role == "parent" && !parents.contains(id) && found.len() < 2 {
            found.push(school.person(*id).await);
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn after_every_acknowledged_write_of_every_kind_each_reader_sees_it_while_a_crowd_reads() {
    let school = School::open().await;
    let (door, family) = (Door::open(&school).await, Arc::new(Family::of(&school).await));
    let strangers = strangers(&school, &family).await;
    let (over, reads) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut crowd = JoinSet::new();
    for number in 0..8 {
        let (family, over, reads) = (family.clone(), over.clone(), reads.clone());
        let own = format!("/api/reports/{}/", family.report);
        let target = [own.clone(), format!("{own}stats/"), "/api/reports/?page_size=2".to_owned()];
        crowd.spawn(async move {
            while !over.load(Ordering::Relaxed) {
                let reader = family.readers()[number % 4];
                let (status, _) = door.get(reader, &target[number % 3]).await;
                assert_eq!(status, 200);
                reads.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    let writers = async {
        let mut writers = JoinSet::new();
        for kind in 0..6 {
            let (family, strangers) = (family.clone(), strangers.clone());
            writers.spawn(async move {
                for mark in 0..8 {
                    match kind {
                        0 => grades(door, family.clone(), mark).await,
                        1 => progress(door, family.clone(), mark).await,
                        2 => submissions(door, family.clone(), mark).await,
                        3 => reports(door, family.clone(), mark).await,
                        stranger => links(door, family.clone(), strangers[stranger - 4].clone()).await,
                    }
                }
            });
        }
        while let Some(written) = writers.join_next().await {
            written.unwrap();
        }
    };
    tokio::time::timeout(PATIENCE, writers).await.expect("nobody waits for ever");
    over.store(true, Ordering::Relaxed);
    while let Some(read) = crowd.join_next().await {
        read.unwrap();
    }
    assert!(reads.load(Ordering::Relaxed) > 100, "there was a crowd");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn warming_and_clearing_at_the_same_time_never_bring_back_what_a_grade_changed() {
    let school = School::open().await;
    let (door, family) = (Door::open(&school).await, Arc::new(Family::of(&school).await));
    let over = Arc::new(AtomicBool::new(false));
    let mut staff = JoinSet::new();
    for number in 0..3 {
        let (family, over) = (family.clone(), over.clone());
        staff.spawn(async move {
            let users: Vec<i64> = family.readers().iter().map(|reader| reader.id).collect();
            let ids = [family.report];
            let warm = json!({ "report_ids": ids, "report_type": "student_progress", "user_ids": users });
            let mut warmed = 0;
            while !over.load(Ordering::Relaxed) {
                let target = "/api/reports/cache/warm/";
                let (status, said) = door.ask(&family.admin, &Method::POST, target, Some(&warm)).await;
                let said: Value = serde_json::from_slice(&said).unwrap();
                let count = |name: &str| said[name].as_u64().unwrap();
                assert_eq!((status, count("total"), count("cached") + count("failed")), (200, 4, 4));
                warmed += count("cached");
                if number == 0 {
                    door.ask(&family.admin, &Method::DELETE, "/api/reports/cache/", None).await;
                }
            }
            warmed
        });
    }
    for mark in 0..12 {
        tokio::time::timeout(PATIENCE, grades(door, family.clone(), mark)).await.expect("no deadlock");
    }
    over.store(true, Ordering::Relaxed);
    let warmed: u64 = staff.join_all().await.into_iter().sum();
    assert!(warmed > 12, "the staff were busy: {warmed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn redis_two_hundred_writes_of_all_kinds_end_though_the_store_stalls_and_nothing_is_lost() {
    let server = Server::start().await;
    let school = School::on(server.store()).await;
    let (door, family) = (Door::open(&school).await, Arc::new(Family::of(&school).await));
    let targets: Vec<String> =
        ["", "stats/"].map(|view| format!("/api/reports/{}/{view}", family.report)).into();
    for reader in family.readers() {
        for target in &targets {
            school.get(reader, target).await;
            assert_eq!(school.get(reader, target).await.x_cache(), "HIT");
        }
    }
    // It takes connections and answers nobody.
    let mut stall = TcpStream::connect(("127.0.0.1", server.port)).await.unwrap();
    stall.write_all(b"CLIENT PAUSE 4000 ALL\r\n").await.unwrap();
    let mut paused = [0; 5];
    stall.read_exact(&mut paused).await.unwrap();
    assert_eq!(&paused, b"+OK\r\n");
    let put = Method::PUT;
    let own = format!("/api/students/{}", family.student.id);
    let mut calls = JoinSet::new();
    for number in 0..200 {
        let family = family.clone();
        let linked = if number % 16 < 8 { Method::DELETE } else { put.clone() };
        let draft = json!({
            "report_type": "custom", "student_id": family.student.id, "members": [family.student.id],
            "sections": ["feedback"], "title": format!("R {number}"), "week_start": "2026-11-09",
        });
        let (who, method, target, body) = match number % 8 {
            0 | 1 => {
                let body = json!({ "comment": format!("Stalled {number}") });
                (&family.teacher, Method::PATCH, format!("/api/answers/{}/grade/", family.answer), Some(body))
            }
            2 => {
                let body = json!({ "grades": [{ "id": family.answer, "score": number % 101 }] });
                (&family.teacher, Method::POST, "/api/answers/grades/".to_owned(), Some(body))
            }
            3 => {
                let body = json!({ "percent": number % 101 });
                (&family.student, put.clone(), "/api/materials/1/progress/".to_owned(), Some(body))
            }
            4 => {
                let body = json!({ "done": number % 3 == 0 });
                (&family.student, put.clone(), "/api/elements/1/progress/".to_owned(), Some(body))
            }
            5 => (&family.teacher, Method::POST, "/api/reports/".to_owned(), Some(draft)),
            6 => (&family.admin, linked, format!("{own}/guardians/{}/", family.parent.id), None),
            _ => (&family.admin, linked, format!("{own}/tutors/{}/", family.tutor.id), None),
        };
        let who = who.clone();
        calls.spawn(async move {
            let (status, said) = door.ask(&who, &method, &target, body.as_ref()).await;
            assert!(
                matches!(status, 200 | 201),
                "{method} {target}: {status} {}",
                String::from_utf8_lossy(&said)
            );
        });
    }
    let all = async {
        while let Some(called) = calls.join_next().await {
            called.unwrap();
        }
    };
    tokio::time::timeout(PATIENCE, all).await.expect("no write waits for ever");
    // Everybody sees all of it, while the store is away and after.
    let mut back = 0;
    let waited = Instant::now();
    while back < 3 {
        for reader in family.readers() {
            for target in &targets {
                let read = school.get(reader, target).await;
                let computed = school.bypass(reader, target).await;
                assert_eq!(read.status, computed.status, "{} {target}", reader.id);
                assert_eq!(read.body, computed.body, "{} {target} {}", reader.id, read.x_cache());
            }
        }
        let left = crate::rows::dump(&school.platform, "outbox").await.len();
        let hit = school.get(&family.student, &targets[0]).await.x_cache() == "HIT";
        back += usize::from(left == 0 && hit);
        assert!(waited.elapsed() < PATIENCE, "{left} rows are left");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let health = school.send(Method::GET, "/healthz", None, None, &[]).await;
    assert_eq!(health.status, StatusCode::OK);
}
