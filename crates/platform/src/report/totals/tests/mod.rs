//! Totals against rows: after whatever was written, the same bytes.

mod change;

use change::{Change, change};
use proptest::collection::vec;
use proptest::test_runner::{Config, TestRunner};
use sqlx::AssertSqlSafe;

use super::ClassReports;
use crate::aggregates;
use crate::config::Size;
use crate::db::{Database, Purpose, Session, args};
use crate::report::header::COLUMNS;
use crate::report::{self, Header, Source};
use crate::seed;

/// Two classes, everything in small numbers.
const SIZE: Size = Size { students: 32, teachers: 6, tutors: 3, parents: 12, answers: 4_000 };
const TABLES: [&str; 3] = ["work_totals", "assignment_totals", "progress_totals"];

async fn school() -> Database {
    let db = Database::open(None).await.unwrap();
    seed::fill(&db, 3, SIZE, "chalk").await.unwrap();
    db
}

/// One report in `step`, from a place that moves with `from`; of those on the first class, one in three.
async fn sample(session: &mut Session, from: i64, step: i64) -> Vec<Header> {
    let sql = format!(
        "SELECT {COLUMNS} FROM reports r LEFT JOIN subjects s ON s.id = r.subject_id \
         WHERE r.id % ?1 = ?2 % ?1 OR (r.student_id IS NULL AND r.class_id = 1 AND (r.id + r.week) % 3 = ?2 % 3) \
         ORDER BY r.id"
    );
    session.rows(AssertSqlSafe(sql), args![step, from]).await.unwrap()
}

/// Reports, list rows and statistics as they go out.
async fn bytes(session: &mut Session, source: Source<'_>, headers: &[Header]) -> Vec<String> {
    let mut all = Vec::new();
    for report in report::compute(session, source, headers.to_vec()).await.unwrap() {
        all.push(serde_json::to_string(&report).unwrap());
    }
    for row in report::rows(session, source, headers.to_vec()).await.unwrap() {
        all.push(serde_json::to_string(&row).unwrap());
    }
    for header in headers {
        let stats = report::stats(session, source, header.clone()).await.unwrap();
        all.push(serde_json::to_string(&stats).unwrap());
    }
    all
}

async fn assert_equal(session: &mut Session, classes: &ClassReports, headers: &[Header], what: &str) {
    let rows = bytes(session, Source::Rows, headers).await;
    let totals = bytes(session, Source::Totals(classes), headers).await;
    assert_eq!(totals.len(), 3 * headers.len());
    for (totals, rows) in totals.iter().zip(&rows) {
        assert_eq!(totals, rows, "{what}");
    }
}

/// Every row of the totals; scores in their own order, because theirs has no meaning.
async fn dump(session: &mut Session) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    for table in TABLES {
        let columns: Vec<(String,)> =
            session.rows("SELECT name FROM pragma_table_info(?)", args![table]).await.unwrap();
        let columns: Vec<String> =
            columns.into_iter().map(|(name,)| format!("COALESCE({name}, 'none')")).collect();
        let sql = format!("SELECT {} FROM {table} ORDER BY 1", columns.join(" || ' ' || "));
        let rows: Vec<(String,)> = session.rows(AssertSqlSafe(sql), args![]).await.unwrap();
        let sorted = |(row,): (String,)| {
            let field = |field: &str| {
                let mut parts: Vec<&str> = field.split(',').collect();
                parts.sort_unstable();
                parts.join(",")
            };
            row.split(' ').map(field).collect::<Vec<_>>().join(" ")
        };
        let mut rows: Vec<String> = rows.into_iter().map(sorted).collect();
        rows.sort_unstable();
        all.push(rows);
    }
    all
}

#[tokio::test]
async fn every_report_is_byte_for_byte_the_same_from_totals_and_from_rows() {
    let db = school().await;
    let mut session = db.read(Purpose::Report).await.unwrap();
    let headers = sample(&mut session, 0, 1).await;
    assert!(headers.len() > 400, "{}", headers.len());
    assert_equal(&mut session, &ClassReports::default(), &headers, "as seeded").await;
}

#[tokio::test]
async fn a_write_takes_a_constant_number_of_statements() {
    let db = school().await;
    let mut session = db.write(Purpose::Write).await.unwrap();
    for student in [17, 30] {
        for assignment in [1, 60] {
            let before = db.queries(Purpose::Write);
            aggregates::work_changed(&mut session, assignment, student).await.unwrap();
            assert_eq!(db.queries(Purpose::Write) - before, 5);
        }
        let before = db.queries(Purpose::Write);
        aggregates::progress_changed(&mut session, student).await.unwrap();
        assert_eq!(db.queries(Purpose::Write) - before, 2);
    }
}

#[tokio::test]
async fn totals_of_a_write_that_is_rolled_back_are_rolled_back_with_it() {
    let db = school().await;
    let mut before = db.read(Purpose::Report).await.unwrap();
    let before = dump(&mut before).await;
    let mut session = db.write(Purpose::Write).await.unwrap();
    Change::DeleteWork { submission: 5 }.apply(&mut session).await.unwrap();
    assert_ne!(dump(&mut session).await, before);
    drop(session);
    let mut after = db.read(Purpose::Report).await.unwrap();
    assert_eq!(dump(&mut after).await, before);
}

#[tokio::test]
async fn a_write_that_totals_cannot_follow_fails_instead_of_leaving_them_wrong() {
    let db = school().await;
    let mut session = db.write(Purpose::Write).await.unwrap();
    for sql in [
        "UPDATE assignments SET week = week + 1 WHERE id = 1",
        "UPDATE assignments SET due_at = due_at + 1 WHERE id = 1",
        "UPDATE submissions SET student_id = student_id + 1 WHERE id = 1",
    ] {
        let refused = session.execute(sql, args![]).await.unwrap_err().to_string();
        assert!(refused.contains("totals stand on them"), "{refused}");
    }
}

#[test]
fn after_any_sequence_of_writes_totals_and_rows_say_the_same() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let db = runtime.block_on(school());
    let mut runner = TestRunner::new_with_rng(
        Config { cases: 12, failure_persistence: None, ..Config::default() },
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    runner
        .run(&(vec(change(), 1..8), 0..40_i64), |(changes, place)| {
            runtime.block_on(async {
                // Rolled back at the end: each case begins with the school as seeded.
                let mut session = db.write(Purpose::Write).await.unwrap();
                let classes = ClassReports::default();
                let headers = sample(&mut session, place, 41).await;
                // Remembered, so that a change that does not end the memory shows.
                bytes(&mut session, Source::Totals(&classes), &headers).await;
                for change in &changes {
                    change.apply(&mut session).await.unwrap();
                    let headers = sample(&mut session, place, 41).await;
                    assert_equal(&mut session, &classes, &headers, &format!("{changes:?}")).await;
                }
                let kept = dump(&mut session).await;
                for table in TABLES {
                    session.execute(AssertSqlSafe(format!("DELETE FROM {table}")), args![]).await.unwrap();
                }
                aggregates::fill(&mut session).await.unwrap();
                assert_eq!(kept, dump(&mut session).await, "a fresh fill, after {changes:?}");
            });
            Ok(())
        })
        .unwrap();
}
