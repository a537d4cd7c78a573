//! L2: a miss reads totals, a bypass adds up the rows, and both say the same.

use std::collections::BTreeSet;

use futures::future::join_all;
use http::StatusCode;
use serde_json::json;

use crate::freshness::gradable;
use crate::rows::{numbers, work, write};
use crate::school::{Answer, Person, School};

const KINDS: [&str; 4] = ["student_progress", "grade_distribution", "analytics", "custom"];

/// What there is to read: lists with every filter and ordering, exports, and a part of all reports.
async fn targets(school: &School, reader: &Person) -> Vec<String> {
    let mut targets: Vec<String> = [
        "",
        "?page_size=100",
        "?page=2&page_size=7",
        "?page=9999",
        "?ordering=week_start&page_size=30",
        "?ordering=id&page_size=30",
        "?ordering=-id",
        "?ordering=title&status=sent",
        "?type=student_progress&week_start=2026-09-28",
        "?type=grade_distribution&subject=History",
        "?type=analytics&status=archived",
        "?type=custom&page_size=60",
        "?search=week&page_size=3",
        "?search=nothing%20like%20it",
        "export/",
        "export/?type=custom",
        "export/?ordering=title&page_size=20",
        "export/?format=csv&page_size=11&page=2",
    ]
    .map(|rest| format!("/api/reports/{rest}"))
    .into();
    for kind in KINDS {
        let list = school.bypass(reader, &format!("/api/reports/?type={kind}&page_size=100")).await.json();
        for row in list["results"].as_array().unwrap().iter().step_by(9) {
            targets.extend(["", "stats/"].map(|view| format!("/api/reports/{}/{view}", row["id"])));
        }
    }
    targets
}

fn cache_status(answer: &Answer) -> Vec<&str> {
    let lines = answer.headers.get_all("cache-status").iter();
    lines.map(|line| line.to_str().unwrap().split(';').next().unwrap()).collect()
}

async fn everything_is_equal(school: &School, reader: &Person, targets: &[String]) {
    for target in targets {
        let miss = school.get(reader, target).await;
        assert_eq!((miss.status, miss.x_cache()), (StatusCode::OK, "MISS"), "{target}");
        assert_eq!(cache_status(&miss)[0], "school-totals", "{target}");
        let bypass = school.bypass(reader, target).await;
        assert_eq!(bypass.x_cache(), "BYPASS", "{target}");
        assert_eq!(miss.text(), bypass.text(), "{target}");
    }
}

#[tokio::test]
async fn a_miss_has_the_bytes_of_a_bypass_for_every_role_view_and_filter() {
    let school = School::open().await;
    for username in ["teacher-2", "tutor-1", "student-3", "parent-2"] {
        let reader = school.login(username).await;
        let targets = targets(&school, &reader).await;
        assert!(targets.len() > 20, "{username}");
        everything_is_equal(&school, &reader, &targets).await;
    }
}

#[tokio::test]
async fn and_after_grades_and_comments() {
    let school = School::open().await;
    let admin = school.login("admin").await;
    let (answer, teacher) = gradable(&school).await;
    let targets = targets(&school, &teacher).await;
    for grade in [
        json!({ "score": 100 - answer.score }),
        json!({ "comment": "Seen, \"again\" – \\ü" }),
        json!({ "score": 0, "comment": "" }),
    ] {
        // What is remembered of classes must not outlive the grade.
        everything_is_equal(&school, &teacher, &targets).await;
        let graded = school.grade(&teacher, answer.answer, grade).await;
        assert_eq!(graded.status, StatusCode::OK);
        school.delete(&admin, "/api/reports/cache/").await;
    }
    everything_is_equal(&school, &teacher, &targets).await;
}

#[tokio::test]
async fn a_bypass_reads_no_totals_and_a_miss_does() {
    let school = School::open().await;
    let student = school.login("student-4").await;
    let targets = [
        format!("/api/reports/{}/", school.newest(&student, "student_progress").await),
        format!("/api/reports/{}/stats/", school.newest(&student, "student_progress").await),
        "/api/reports/".to_owned(),
        "/api/reports/export/".to_owned(),
    ];
    let before = join_all(targets.iter().map(|target| school.bypass(&student, target))).await;
    write(
        &school.platform,
        "UPDATE work_totals SET score_sum = 0, scores = NULL, answers = 0; \
         UPDATE progress_totals SET materials = 0; DELETE FROM assignment_totals",
    )
    .await;
    for (target, before) in targets.iter().zip(before) {
        assert_eq!(school.bypass(&student, target).await.text(), before.text(), "{target}");
        assert_ne!(school.get(&student, target).await.text(), before.text(), "{target}");
    }
}

#[tokio::test]
async fn only_what_the_totals_answered_has_their_member_in_cache_status() {
    let school = School::open().await;
    let teacher = school.login("teacher-1").await;
    let id = school.newest(&teacher, "analytics").await;
    for target in [
        "/api/reports/".to_owned(),
        "/api/reports/export/?page_size=2".to_owned(),
        format!("/api/reports/{id}/"),
        format!("/api/reports/{id}/stats/"),
    ] {
        let miss = school.get(&teacher, &target).await;
        let lines: Vec<_> = miss.headers.get_all("cache-status").iter().collect();
        assert_eq!(lines[0], "school-totals; hit", "{target}");
        assert_eq!(cache_status(&miss), ["school-totals", "report-cache"], "{target}");
        assert_eq!(cache_status(&school.get(&teacher, &target).await), ["report-cache"], "{target}: a hit");
        assert_eq!(cache_status(&school.bypass(&teacher, &target).await), ["report-cache"], "{target}");
    }
    let stranger = school.login("student-1").await;
    let refused = school.get(&stranger, &format!("/api/reports/{id}/")).await;
    assert_eq!((refused.status, cache_status(&refused).len()), (StatusCode::FORBIDDEN, 0));
}

/// What a read adds to the counter of queries for reports.
async fn queries(school: &School, read: impl Future<Output = Answer>) -> f64 {
    let before = school.report_queries().await;
    assert_eq!(read.await.status, StatusCode::OK);
    school.report_queries().await - before
}

#[tokio::test]
async fn a_miss_takes_at_most_half_the_queries_of_an_uncached_report() {
    let school = School::open().await;
    for (username, kinds) in [
        ("teacher-1", KINDS.as_slice()),
        ("tutor-1", &["student_progress", "custom"]),
        ("student-1", &["student_progress", "custom"]),
    ] {
        let reader = school.login(username).await;
        let mut targets: Vec<String> = ["?page_size=100", "?page_size=1", "export/", "export/?page_size=1"]
            .map(|rest| format!("/api/reports/{rest}"))
            .into();
        for kind in kinds {
            for order in ["id", "-id"] {
                let list = format!("/api/reports/?type={kind}&page_size=25&ordering={order}");
                for row in school.bypass(&reader, &list).await.json()["results"].as_array().unwrap() {
                    targets.extend(["", "stats/"].map(|view| format!("/api/reports/{}/{view}", row["id"])));
                }
            }
        }
        targets.sort_unstable();
        targets.dedup();
        for target in &targets {
            let miss = queries(&school, school.get(&reader, target)).await;
            let uncached = queries(&school, school.bypass(&reader, target)).await;
            assert!(miss > 0.0 && 2.0 * miss <= uncached, "{username} {target}: {miss} of {uncached}");
        }
    }
}

#[tokio::test]
async fn a_list_or_an_export_takes_a_handful_of_queries_however_many_reports_it_has() {
    let school = School::open().await;
    let tutor = school.login("tutor-1").await;
    for (target, most) in [
        ("/api/reports/?page_size=100", 6.0),
        ("/api/reports/?type=custom&page_size=100", 3.0),
        ("/api/reports/export/?type=student_progress", 6.0),
        ("/api/reports/export/?type=custom", 4.0),
    ] {
        let miss = queries(&school, school.get(&tutor, target)).await;
        let uncached = queries(&school, school.bypass(&tutor, target)).await;
        assert!(miss <= most && uncached > 80.0, "{target}: {miss} of {uncached}");
    }
}

/// The newest analytics report of `teacher-1`, its class, and everybody who teaches that class.
async fn teachers_of_a_class(school: &School) -> (i64, i64, Vec<Person>) {
    let teacher = school.login("teacher-1").await;
    let id = school.newest(&teacher, "analytics").await;
    let report = school.bypass(&teacher, &format!("/api/reports/{id}/")).await.json();
    let class = report["class_id"].as_i64().unwrap();
    let teaching = numbers(&school.platform, "teaching").await;
    let of_class = teaching.into_iter().filter(|row| row[0] == class).map(|row| row[2]);
    let teachers: BTreeSet<i64> = of_class.collect();
    assert!(teachers.len() > 3, "{teachers:?}");
    (id, class, join_all(teachers.into_iter().map(|id| school.person(id))).await)
}

#[tokio::test]
async fn class_aggregates_are_computed_once_per_version_for_all_who_read_them() {
    let school = School::open().await;
    let (id, class, teachers) = teachers_of_a_class(&school).await;
    let newest = work(&school.platform).await.into_iter().rfind(|work| work.class == class).unwrap();
    let mut bodies = BTreeSet::new();
    for score in [newest.score, 100 - newest.score / 2] {
        let grade = json!({ "score": score });
        assert_eq!(school.grade(&teachers[1], newest.answer, grade).await.status, StatusCode::OK);
        for view in ["", "stats/"] {
            let target = format!("/api/reports/{id}/{view}");
            let first = queries(&school, school.get(&teachers[0], &target)).await;
            assert!(first > 2.0, "{target}: a new version");
            for teacher in &teachers[1..] {
                // Whether it concerns them, and which version the class is at.
                assert_eq!(queries(&school, school.get(teacher, &target)).await, 2.0, "{target}");
            }
            for teacher in &teachers {
                let read = school.get(teacher, &target).await.text();
                assert_eq!(read, school.bypass(teacher, &target).await.text(), "{target}");
                assert!(bodies.insert(read), "every reader's and version's body is its own");
            }
        }
    }
}

#[tokio::test]
async fn teachers_who_ask_at_once_wait_for_one_computation() {
    let school = School::open().await;
    let (id, _, teachers) = teachers_of_a_class(&school).await;
    let target = format!("/api/reports/{id}/");
    let before = school.report_queries().await;
    let read = join_all(teachers.iter().map(|teacher| school.get(teacher, &target))).await;
    let together = school.report_queries().await - before;
    assert!(read.iter().all(|answer| answer.status == StatusCode::OK && answer.x_cache() == "MISS"));
    // Two for each, and three for the figures: assignments, students, the class's name.
    assert_eq!(together, 2.0 * teachers.len() as f64 + 3.0);
}

#[tokio::test]
async fn the_database_refuses_what_an_index_that_is_behind_would_permit() {
    let school = School::open().await;
    let (admin, parent) = (school.login("admin").await, school.login("parent-1").await);
    let id = school.newest(&parent, "student_progress").await;
    for target in [format!("/api/reports/{id}/"), format!("/api/reports/{id}/stats/")] {
        assert_eq!(school.bypass(&parent, &target).await.status, StatusCode::OK);
    }
    // Another process cuts the link; this one's index does not know yet.
    write(&school.platform, &format!("DELETE FROM guardians WHERE parent_id = {}", parent.id)).await;
    for target in [format!("/api/reports/{id}/"), format!("/api/reports/{id}/stats/")] {
        assert_eq!(school.get(&parent, &target).await.status, StatusCode::FORBIDDEN, "{target}");
        assert_eq!(school.bypass(&parent, &target).await.status, StatusCode::FORBIDDEN, "{target}");
    }
    assert_eq!(school.get(&parent, "/api/reports/").await.json()["count"], 0);
    let warm = json!({ "report_ids": [id], "report_type": "student_progress", "user_ids": [parent.id] });
    let warmed = school.post(&admin, "/api/reports/cache/warm/", warm).await.json();
    assert_eq!(warmed, json!({ "total": 1, "cached": 0, "failed": 1 }));
    assert_eq!(school.get(&parent, &format!("/api/reports/{id}/")).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn the_database_serves_uncached_what_an_index_that_is_behind_does_not_know_of() {
    let school = School::open().await;
    let (parent, stranger) = (school.login("parent-1").await, school.login("parent-2").await);
    let id = school.newest(&parent, "student_progress").await;
    let target = format!("/api/reports/{id}/");
    assert_eq!(school.get(&stranger, &target).await.status, StatusCode::FORBIDDEN);
    let link =
        format!("INSERT INTO guardians SELECT {}, student_id FROM reports WHERE id = {id}", stranger.id);
    write(&school.platform, &link).await;
    for _ in 0..2 {
        let read = school.get(&stranger, &target).await;
        assert_eq!((read.status, read.x_cache()), (StatusCode::OK, ""));
        assert_eq!(read.headers["cache-control"], "private, no-store", "nor does the browser keep it");
        assert_eq!(read.json()["reader"]["user_id"].as_i64(), Some(stranger.id));
    }
    assert_eq!(school.get(&stranger, "/api/reports/999999/").await.status, StatusCode::NOT_FOUND);
}
