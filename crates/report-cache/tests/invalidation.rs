//! What goes when something changes, and what stays.

use bytes::Bytes;
use report_cache::{Filled, Filters, Invalidation, Reason, ReportFacts, ReportKey, ReportType};

use crate::support::{Origin, School};

fn graded(scopes: &[(u64, ReportType)]) -> Invalidation {
    Invalidation { reason: Reason::GradeChanged, scopes: scopes.to_vec() }
}

fn facts(report: u64, user: u64) -> ReportFacts {
    let key = ReportKey::new(report, user, &Filters::empty());
    ReportFacts { key, report_type: ReportType::Analytics, role: "teacher" }
}

#[tokio::test]
async fn a_changed_grade_removes_the_persons_reports_of_that_type_and_their_lists() {
    let school = School::on_memory(Origin::counting());
    for user in [7, 8] {
        for path in ["GET /reports/42", "GET /reports/43", "GET /reports/0"] {
            school.ask_as(user, path, &[]).await;
        }
    }
    assert_eq!(school.cache.invalidate(&graded(&[(7, ReportType::StudentProgress)])).await.unwrap(), 1);
    assert_eq!(school.get(42).await.x_cache(), "HIT", "another type stays");
    assert_eq!(school.get(0).await.x_cache(), "MISS", "the list shows every type");
    assert_eq!(school.cache.invalidate(&graded(&[(7, ReportType::Analytics)])).await.unwrap(), 3);
    for path in ["GET /reports/42", "GET /reports/43", "GET /reports/0"] {
        assert_eq!(school.ask(path, &[]).await.x_cache(), "MISS", "{path}");
        assert_eq!(school.ask_as(8, path, &[]).await.x_cache(), "HIT", "{path} of another person");
    }
}

#[tokio::test]
async fn a_forgotten_report_is_forgotten_for_everyone() {
    let school = School::on_memory(Origin::counting());
    for user in [7, 8] {
        school.ask_as(user, "GET /reports/42", &[]).await;
        school.ask_as(user, "GET /reports/43", &[]).await;
    }
    assert_eq!(school.cache.forget_report(42).await.unwrap(), 2);
    assert_eq!(school.get(42).await.x_cache(), "MISS");
    assert_eq!(school.get(43).await.x_cache(), "HIT");
    assert_eq!(school.cache.clear().await.unwrap(), 4 - 2 + 1);
}

#[tokio::test]
async fn the_first_read_after_warming_hits() {
    let school = School::on_memory(Origin::counting());
    let warmed = school.cache.fill(&facts(42, 7), async { Ok::<_, ()>(Bytes::from_static(b"warm")) }).await;
    assert!(matches!(warmed, Ok(Filled::Stored)));
    let first = school.get(42).await;
    assert_eq!((first.x_cache(), first.body.as_str()), ("HIT", "warm"));
    assert_eq!(first.header("content-type"), "application/json");
    let again = school.cache.fill(&facts(42, 7), async { Err("not to be computed again") }).await;
    assert!(matches!(again, Ok(Filled::AlreadyStored)));
}

#[tokio::test]
async fn warming_fails_as_its_computation_does_and_loses_against_a_write() {
    let school = School::on_memory(Origin::counting());
    assert_eq!(
        school.cache.fill(&facts(42, 7), async { Err("no such row") }).await.unwrap_err(),
        "no such row"
    );
    let facts = facts(42, 7);
    let raced = school.cache.fill(&facts, async {
        school.cache.invalidate(&graded(&[(7, ReportType::Analytics)])).await.unwrap();
        Ok::<_, ()>(Bytes::from_static(b"old"))
    });
    assert!(matches!(raced.await, Ok(Filled::Outdated)));
    assert_eq!(school.get(42).await.x_cache(), "MISS");
}
