//! One file, several processes: each a handle of its own, since locks belong to handles.

use std::future::Future as _;
use std::path::Path;
use std::task::Context;

use super::*;
use crate::report::ClassReports;

const SIZE: Size = Size { students: 31, teachers: 6, tutors: 2, parents: 9, answers: 900 };

async fn open(file: &Path) -> Result<(Database, Population), Error> {
    let db = Database::open(Some(file)).await?;
    let population = fill(&db, 5, SIZE, "chalk").await?;
    Ok((db, population))
}

async fn revision(db: &Database) -> i64 {
    let mut session = db.read(Purpose::Management).await.unwrap();
    session.row::<(i64,)>("SELECT value FROM revisions", args![]).await.unwrap().0
}

async fn text(db: &Database, sql: &'static str) -> String {
    let mut session = db.read(Purpose::Management).await.unwrap();
    session.row::<(String,)>(sql, args![]).await.unwrap().0
}

#[tokio::test]
async fn processes_that_open_one_file_at_once_share_one_school() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("school.sqlite");
    let opened = futures::future::join_all((0..4).map(|_| open(&file))).await;
    let opened: Vec<(Database, Population)> = opened.into_iter().map(Result::unwrap).collect();
    for (db, population) in &opened {
        assert_eq!(population, &opened[0].1);
        assert_eq!((population.students, population.answers), (31, 900));
        assert_eq!(text(db, "PRAGMA journal_mode").await, "wal");
    }
    // A fill takes many more statements than finding the school there.
    let filled = opened.iter().filter(|(db, _)| db.queries(Purpose::Management) > 20).count();
    assert_eq!(filled, 1);
}

#[tokio::test]
async fn a_school_in_a_file_outlives_its_process_and_is_not_filled_again() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("school.sqlite");
    let (db, first) = open(&file).await.unwrap();
    let mut session = db.write(Purpose::Write).await.unwrap();
    let written = session.next_revision().await.unwrap();
    session.commit().await.unwrap();
    drop(db);
    let (db, again) = open(&file).await.unwrap();
    assert_eq!((again, revision(&db).await), (first, written));
}

#[tokio::test]
async fn processes_that_write_at_once_all_write() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("school.sqlite");
    let (one, _) = open(&file).await.unwrap();
    let (other, _) = open(&file).await.unwrap();
    let before = revision(&one).await;
    let write = async |db: &Database| {
        for _ in 0..50 {
            let mut session = db.write(Purpose::Write).await.unwrap();
            session.next_revision().await.unwrap();
            session.commit().await.unwrap();
        }
    };
    futures::future::join(write(&one), write(&other)).await;
    assert_eq!(revision(&one).await, before + 100);
    assert_eq!(revision(&other).await, before + 100);
}

#[tokio::test]
async fn a_process_that_ends_while_it_fills_leaves_nothing_behind() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("school.sqlite");
    let expected = {
        let db = Database::open(None).await.unwrap();
        fill(&db, 5, SIZE, "chalk").await.unwrap()
    };
    for statements in [1, 3, 30] {
        let db = Database::open(Some(&file)).await.unwrap();
        let mut filling = Box::pin(fill(&db, 5, SIZE, "chalk"));
        // Goes away after so many statements.
        std::future::poll_fn(|context: &mut Context<'_>| {
            let polled = filling.as_mut().poll(context);
            assert!(polled.is_pending(), "ended before it could be left");
            if db.queries(Purpose::Management) >= statements {
                std::task::Poll::Ready(())
            } else {
                std::task::Poll::Pending
            }
        })
        .await;
        drop(filling);
    }
    let (_, population) = open(&file).await.unwrap();
    assert_eq!(population, expected);
}

#[tokio::test]
async fn another_school_and_another_programs_file_are_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("school.sqlite");
    let (db, _) = open(&file).await.unwrap();
    let refused = fill(&db, 6, SIZE, "chalk").await.unwrap_err();
    let message = refused.to_string();
    assert!(matches!(refused, Error::OtherSchool { .. }), "{message}");
    assert!(message.contains("seed 5") && message.contains("seed 6"), "{message}");

    let foreign = directory.path().join("notes.sqlite");
    let db = Database::open(Some(&foreign)).await.unwrap();
    let mut session = db.write(Purpose::Management).await.unwrap();
    session.script("CREATE TABLE notes (text); INSERT INTO notes VALUES ('mine')").await.unwrap();
    session.commit().await.unwrap();
    assert!(matches!(fill(&db, 5, SIZE, "chalk").await, Err(Error::OtherSchool { .. })));
    assert_eq!(text(&db, "SELECT text FROM notes").await, "mine");
}

#[tokio::test]
async fn what_one_process_remembers_of_a_class_ends_with_another_processs_write() {
    use crate::report::{Found, Header, Source, compute};

    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("school.sqlite");
    let (one, _) = open(&file).await.unwrap();
    let (other, _) = open(&file).await.unwrap();
    let classes = ClassReports::default();
    let read = async |source| {
        let mut session = one.read(Purpose::Report).await.unwrap();
        let of_class = "SELECT r.id, r.author_id FROM reports r WHERE r.report_type = 'analytics' \
                        AND r.class_id = 1 ORDER BY r.week DESC LIMIT 1";
        let (report, author): (i64, i64) = session.row(of_class, args![]).await.unwrap();
        let author = crate::domain::Person {
            id: author,
            username: String::new(),
            role: crate::domain::Role::Teacher,
            name: String::new(),
        };
        let Found::Theirs(header) = Header::find(&mut session, report, &author).await.unwrap() else {
            panic!("the author reads it")
        };
        let before = one.queries(Purpose::Report);
        let reports = compute(&mut session, source, vec![header]).await.unwrap();
        (serde_json::to_string(&reports[0]).unwrap(), one.queries(Purpose::Report) - before)
    };
    let (first, _) = read(Source::Totals(&classes)).await;
    let (again, statements) = read(Source::Totals(&classes)).await;
    assert_eq!((&again, statements), (&first, 1), "the class's version alone");

    let mut session = other.write(Purpose::Write).await.unwrap();
    let last = "SELECT a.id, u.student_id, u.assignment_id FROM answers a \
                JOIN submissions u ON u.id = a.submission_id JOIN assignments g ON g.id = u.assignment_id \
                WHERE g.class_id = 1 ORDER BY g.week DESC LIMIT 1";
    let (answer, student, assignment): (i64, i64, i64) = session.row(last, args![]).await.unwrap();
    let revision = session.next_revision().await.unwrap();
    let grade = "UPDATE answers SET score = (score + 50) % 101, revision = ? WHERE id = ?";
    session.execute(grade, args![revision, answer]).await.unwrap();
    aggregates::work_changed(&mut session, assignment, student).await.unwrap();
    session.commit().await.unwrap();

    let (changed, _) = read(Source::Totals(&classes)).await;
    assert_ne!(changed, first);
    assert_eq!(changed, read(Source::Rows).await.0);
}
