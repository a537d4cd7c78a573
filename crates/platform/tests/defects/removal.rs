//! What goes is what had to go; and a failure is not kept.

use http::StatusCode;

use super::views;
use crate::rows;
use crate::school::School;

/// Row 20.
#[tokio::test]
async fn removing_one_report_leaves_fifty_others() {
    let school = School::open().await;
    let (admin, teacher) = (school.login("admin").await, school.login("teacher-1").await);
    let list = school.get(&teacher, "/api/reports/?page_size=51").await.json();
    let ids: Vec<i64> =
        list["results"].as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect();
    let target = |id: &i64| format!("/api/reports/{id}/");
    for id in &ids {
        school.get(&teacher, &target(id)).await;
    }
    let (gone, others) = ids.split_first().unwrap();
    assert_eq!(others.len(), 50);
    let removed = school.delete(&admin, &format!("/api/reports/cache/{gone}/")).await.json();
    assert_eq!(removed["invalidated_keys"], 1);
    for id in others {
        assert_eq!(school.get(&teacher, &target(id)).await.x_cache(), "HIT", "{id}");
    }
    assert_eq!(school.get(&teacher, "/api/reports/?page_size=51").await.x_cache(), "HIT");
    assert_eq!(school.get(&teacher, &target(gone)).await.x_cache(), "MISS");
}

/// Row 24.
#[tokio::test]
async fn a_computation_that_failed_is_healed_on_the_next_read() {
    let school = School::open().await;
    let teacher = school.login("teacher-1").await;
    let targets = views(&school, &teacher).await;
    // One table that every view reads, and those of the totals.
    for (table, all) in [("reports", true), ("work_totals", false), ("class_versions", false)] {
        let admin = school.login("admin").await;
        school.delete(&admin, "/api/reports/cache/").await;
        rows::write(&school.platform, &format!("ALTER TABLE {table} RENAME TO away")).await;
        let mut failed = Vec::new();
        for target in &targets {
            let read = school.get(&teacher, target).await;
            if read.status == StatusCode::OK {
                assert!(!all, "{target} does not read {table}");
                continue;
            }
            assert_eq!(
                (read.status, read.x_cache()),
                (StatusCode::INTERNAL_SERVER_ERROR, "MISS"),
                "{target}"
            );
            assert!(!read.headers.contains_key("etag"), "{target}");
            assert_eq!(read.headers["cache-control"], "private, no-store", "{target}");
            let again = school.get(&teacher, target).await;
            assert_eq!(again.x_cache(), "MISS", "{target}");
            failed.push(target);
        }
        assert!(!failed.is_empty(), "nothing reads {table}");
        rows::write(&school.platform, &format!("ALTER TABLE away RENAME TO {table}")).await;
        for target in failed {
            let healed = school.get(&teacher, target).await;
            assert_eq!((healed.status, healed.x_cache()), (StatusCode::OK, "MISS"), "{table} {target}");
            assert_eq!(healed.body, school.bypass(&teacher, target).await.body, "{table} {target}");
            assert_eq!(school.get(&teacher, target).await.x_cache(), "HIT", "{table} {target}");
        }
    }
}
