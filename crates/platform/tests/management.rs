//! The staff's calls.

use http::{Method, StatusCode};
use serde_json::json;

use crate::school::School;

#[tokio::test]
async fn a_warmed_report_is_a_hit_on_its_first_read() {
    let school = School::open().await;
    let (admin, teacher) = (school.login("admin").await, school.login("teacher-1").await);
    let list = school.bypass(&teacher, "/api/reports/?type=analytics&page_size=3").await.json();
    let ids: Vec<i64> =
        list["results"].as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect();
    let request = json!({ "report_ids": ids, "report_type": "analytics" });
    let warmed = school.post(&admin, "/api/reports/cache/warm/", request).await.json();
    let readers = warmed["total"].as_u64().unwrap();
    assert!(readers >= 3 * 2, "every teacher of each class");
    assert_eq!((warmed["cached"].as_u64(), warmed["failed"].as_u64()), (Some(readers), Some(0)));
    for id in ids {
        let queries = school.report_queries().await;
        let read = school.get(&teacher, &format!("/api/reports/{id}/")).await;
        assert_eq!((read.status, read.x_cache()), (StatusCode::OK, "HIT"));
        assert_eq!(school.report_queries().await, queries);
        let fresh = school.bypass(&teacher, &format!("/api/reports/{id}/")).await;
        assert_eq!(read.body, fresh.body);
        assert_eq!(read.headers["content-type"], fresh.headers["content-type"]);
    }
}

#[tokio::test]
async fn warming_counts_what_cannot_be_warmed_as_failed_and_refuses_a_wrong_type() {
    let school = School::open().await;
    let (admin, student) = (school.login("admin").await, school.login("student-1").await);
    let stranger = school.login("student-2").await;
    let id = school.newest(&student, "student_progress").await;
    let warm = async |body| school.post(&admin, "/api/reports/cache/warm/", body).await;
    let body = json!({
        "report_ids": [id, 999_999], "report_type": "student_progress", "user_ids": [student.id, stranger.id],
    });
    assert_eq!(warm(body).await.json(), json!({ "total": 4, "cached": 1, "failed": 3 }));
    assert_eq!(school.get(&student, &format!("/api/reports/{id}/")).await.x_cache(), "HIT");
    for body in [
        json!({ "report_ids": [id], "report_type": "analytics" }),
        json!({ "report_ids": [id], "report_type": "horoscope" }),
        json!({ "report_type": "analytics" }),
    ] {
        assert_eq!(warm(body.clone()).await.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
    }
}

#[tokio::test]
async fn deleting_one_report_removes_all_its_variants_and_only_those() {
    let school = School::open().await;
    let (admin, teacher) = (school.login("admin").await, school.login("teacher-1").await);
    let list = school.bypass(&teacher, "/api/reports/?type=analytics&page_size=2").await.json();
    let id = |place: usize| list["results"][place]["id"].as_i64().unwrap();
    let gone = [format!("/api/reports/{}/", id(0)), format!("/api/reports/{}/stats/", id(0))];
    let kept = [format!("/api/reports/{}/", id(1)), "/api/reports/".to_owned()];
    for target in gone.iter().chain(&kept) {
        school.get(&teacher, target).await;
    }
    let deleted = school.delete(&admin, &format!("/api/reports/cache/{}/", id(0))).await.json();
    assert_eq!(deleted["report_id"].as_i64(), Some(id(0)));
    assert_eq!(deleted["invalidated_keys"].as_u64(), Some(2));
    assert!(deleted["message"].is_string());
    for target in &kept {
        assert_eq!(school.get(&teacher, target).await.x_cache(), "HIT", "{target}");
    }
    for target in &gone {
        assert_eq!(school.get(&teacher, target).await.x_cache(), "MISS", "{target}");
    }
}

#[tokio::test]
async fn deleting_all_says_how_many_there_were() {
    let school = School::open().await;
    let admin = school.login("admin").await;
    for number in 1..=5 {
        let student = school.login(&format!("student-{number}")).await;
        school.get(&student, "/api/reports/").await;
        school.get(&student, "/api/reports/?page=2&page_size=5").await;
    }
    let stats = school.get(&admin, "/api/reports/cache/stats/").await.json();
    assert_eq!((stats["entries"].as_u64(), stats["stored"].as_u64()), (Some(10), Some(10)));
    let deleted = school.delete(&admin, "/api/reports/cache/").await.json();
    assert_eq!(deleted["invalidated_keys"].as_u64(), Some(10));
    let again = school.delete(&admin, "/api/reports/cache/").await.json();
    assert_eq!(again["invalidated_keys"].as_u64(), Some(0));
    let stats = school.get(&admin, "/api/reports/cache/stats/").await.json();
    assert_eq!((stats["entries"].as_u64(), stats["bytes"].as_u64()), (Some(0), Some(0)));
}

#[tokio::test]
async fn statistics_and_hit_rate_have_their_fields_and_count_exactly() {
    let school = School::open().await;
    let (admin, student) = (school.login("admin").await, school.login("student-1").await);
    for _ in 0..4 {
        school.get(&student, "/api/reports/").await;
    }
    school.bypass(&student, "/api/reports/").await;
    let stats = school.get(&admin, "/api/reports/cache/stats/").await.json();
    assert_eq!(stats["max_size_per_user"].as_u64(), Some(52_428_800));
    assert_eq!(
        stats["ttl_map"],
        json!({
            "student_progress": 300, "grade_distribution": 900, "analytics": 1800, "custom": 3600, "default": 600,
        })
    );
    let figure = |name: &str| stats[name].as_u64().unwrap_or_else(|| panic!("{name} is {}", stats[name]));
    assert_eq!([figure("hit"), figure("miss"), figure("bypass")], [3, 1, 1]);
    assert_eq!([figure("coalesced"), figure("evicted"), figure("stored")], [0, 0, 1]);
    assert_eq!(figure("entries"), 1);
    assert!(figure("bytes") > 0 && figure("largest_user_bytes") <= figure("bytes"));
    for name in ["engine", "backend", "status"] {
        assert!(stats[name].is_string(), "{name}");
    }
    let rate = school.get(&admin, "/api/reports/cache/hit-rate/").await.json();
    assert_eq!((rate["hits"].as_u64(), rate["misses"].as_u64()), (Some(3), Some(1)));
    assert_eq!((rate["hit_rate"].as_f64(), rate["total_requests"].as_u64()), (Some(75.0), Some(4)));
    assert!(rate["last_updated"].is_string());
}

#[tokio::test]
async fn management_is_for_staff_only() {
    let school = School::open().await;
    let calls = [
        (Method::GET, "/api/reports/cache/stats/"),
        (Method::GET, "/api/reports/cache/hit-rate/"),
        (Method::POST, "/api/reports/cache/warm/"),
        (Method::DELETE, "/api/reports/cache/"),
        (Method::DELETE, "/api/reports/cache/1/"),
        (Method::GET, "/api/people/"),
    ];
    for username in ["teacher-1", "tutor-1", "student-1", "parent-1"] {
        let person = school.login(username).await;
        for (method, target) in &calls {
            let answer = school.send(method.clone(), target, Some(&person.token), None, &[]).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{username} {method} {target}");
        }
    }
    for (method, target) in &calls {
        let answer = school.send(method.clone(), target, None, None, &[]).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{method} {target}");
    }
}

#[tokio::test]
async fn staff_see_the_people_by_role_and_page() {
    let school = School::open().await;
    let admin = school.login("admin").await;
    let body = school.get(&admin, "/api/people/?role=student&page=2&page_size=50").await.json();
    assert_eq!((body["count"].as_u64(), body["page"].as_u64()), (Some(120), Some(2)));
    let results = body["results"].as_array().unwrap();
    assert_eq!((results.len(), &results[0]["username"]), (50, &json!("student-51")));
    let everybody = school.get(&admin, "/api/people/").await.json();
    assert_eq!(everybody["count"].as_u64(), Some(1 + 8 + 6 + 120 + 100));
    assert_eq!(school.get(&admin, "/api/people/?role=ghost").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn warming_fills_for_the_author_and_the_persons_concerned_what_each_of_them_reads() {
    let school = School::open().await;
    let rules = crate::rules::Rules::of(&school).await;
    let admin = school.login("admin").await;
    let student = rules.student();
    let report = rules.reports.iter().find(|report| report.student == student).unwrap();
    assert_eq!(report.kind, "student_progress");
    let body = json!({ "report_ids": [report.id, report.id], "report_type": "student_progress" });
    let warmed = school.post(&admin, "/api/reports/cache/warm/", body.clone()).await.json();
    let readers = rules.readers(|other| other.id == report.id);
    let roles = crate::watch::roles_of(&rules, &readers);
    assert_eq!(roles.into_iter().collect::<Vec<_>>(), ["parent", "student", "teacher", "tutor"]);
    // Counted in (report, user), each pair once.
    assert_eq!(warmed, json!({ "total": readers.len(), "cached": readers.len(), "failed": 0 }));
    for (reader, _) in &readers {
        let person = school.person(*reader).await;
        let target = format!("/api/reports/{}/", report.id);
        let read = school.get(&person, &target).await;
        assert_eq!((read.x_cache(), &read.json()["reader"]["user_id"]), ("HIT", &json!(reader)));
        assert_eq!(read.body, school.bypass(&person, &target).await.body, "{reader}");
    }
    let again = school.post(&admin, "/api/reports/cache/warm/", body).await.json();
    assert_eq!(again, warmed, "what is there already is cached");
    let hits = school.get(&admin, "/api/reports/cache/hit-rate/").await.json();
    assert_eq!(hits["total_requests"].as_u64(), Some(readers.len() as u64), "warming counts as no request");
}

#[tokio::test]
async fn warming_fills_nothing_for_somebody_whose_link_was_cut() {
    let school = School::open().await;
    let rules = crate::rules::Rules::of(&school).await;
    let admin = school.login("admin").await;
    let student = rules.student();
    let parent = rules.parents(student)[0];
    let report = rules.reports.iter().find(|report| report.student == student).unwrap().id;
    school.delete(&admin, &format!("/api/students/{student}/guardians/{parent}/")).await;
    let body =
        json!({ "report_ids": [report], "report_type": "student_progress", "user_ids": [parent, student] });
    let warmed = school.post(&admin, "/api/reports/cache/warm/", body).await.json();
    assert_eq!(warmed, json!({ "total": 2, "cached": 1, "failed": 1 }));
    let stats = school.get(&admin, "/api/reports/cache/stats/").await.json();
    assert_eq!(stats["entries"].as_u64(), Some(1));
}

#[tokio::test]
async fn deleting_one_report_counts_every_persons_every_variant() {
    let school = School::open().await;
    let rules = crate::rules::Rules::of(&school).await;
    let admin = school.login("admin").await;
    let student = rules.student();
    let report = rules.reports.iter().find(|report| report.student == student).unwrap().id;
    let other = rules.reports.iter().filter(|report| report.student == student).nth(1).unwrap().id;
    let readers = rules.readers(|one| one.id == report);
    for (reader, _) in &readers {
        let person = school.person(*reader).await;
        for target in [
            format!("/api/reports/{report}/"),
            format!("/api/reports/{report}/stats/"),
            format!("/api/reports/{other}/"),
            "/api/reports/".to_owned(),
        ] {
            school.get(&person, &target).await;
        }
    }
    let forget = format!("/api/reports/cache/{report}/");
    let deleted = school.delete(&admin, &forget).await.json();
    assert_eq!(deleted["invalidated_keys"].as_u64(), Some(2 * readers.len() as u64));
    for (reader, _) in &readers {
        let person = school.person(*reader).await;
        let get = async |target: String| school.get(&person, &target).await.x_cache().to_owned();
        assert_eq!(get(format!("/api/reports/{report}/")).await, "MISS");
        assert_eq!(get(format!("/api/reports/{report}/stats/")).await, "MISS");
        assert_eq!(get(format!("/api/reports/{other}/")).await, "HIT");
        assert_eq!(get("/api/reports/".to_owned()).await, "HIT");
    }
    school.delete(&admin, &forget).await;
    assert_eq!(school.delete(&admin, &forget).await.json()["invalidated_keys"].as_u64(), Some(0));
    let missing = school.delete(&admin, "/api/reports/cache/nine/").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_hit_rate_takes_a_role_and_a_window_and_nothing_else() {
    let school = School::open().await;
    let admin = school.login("admin").await;
    for query in ["", "?role=teacher", "?window=600", "?role=parent&window=60"] {
        let answer = school.get(&admin, &format!("/api/reports/cache/hit-rate/{query}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{query}");
    }
    for query in ["?role=staff", "?role=ghost", "?window=0", "?window=3601", "?window=soon", "?since=1"] {
        let answer = school.get(&admin, &format!("/api/reports/cache/hit-rate/{query}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
        assert!(answer.json()["detail"].is_string());
    }
}

#[tokio::test]
async fn what_was_removed_is_told_to_staff_with_reason_scope_size_and_duration() {
    let school = School::open().await;
    let admin = school.login("admin").await;
    let (answer, teacher) = crate::freshness::gradable(&school).await;
    let student = school.person(answer.student).await;
    let report = school.newest(&student, "student_progress").await;
    school.get(&student, &format!("/api/reports/{report}/")).await;
    school.grade(&teacher, answer.answer, json!({ "score": 3 })).await;
    school.delete(&admin, &format!("/api/reports/cache/{report}/")).await;
    let events = school.get(&admin, "/api/reports/cache/events/").await.json();
    assert_eq!(
        (events["count"].as_u64(), &events["results"][0]["reason"]),
        (Some(2), &json!("grade_changed"))
    );
    let scopes = events["results"][0]["scope"]["people"].as_array().unwrap();
    assert!(scopes.contains(&json!([student.id, "student_progress"])), "{scopes:?}");
    assert!(events["results"][0]["removed"].as_u64() >= Some(1));
    assert!(events["results"][0]["took_us"].as_u64() > Some(0));
    assert_eq!(events["results"][1]["scope"], json!({ "report": report }));
    let first = events["results"][0]["id"].as_str().unwrap();
    let next = school.get(&admin, &format!("/api/reports/cache/events/?after={first}&limit=5")).await.json();
    assert_eq!((next["count"].as_u64(), &next["last"]), (Some(1), &events["last"]));
    let refused = school.get(&student, "/api/reports/cache/events/").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn the_hit_rate_is_told_by_role_and_window() {
    let school = School::open().await;
    let admin = school.login("admin").await;
    for username in ["teacher-1", "student-1", "student-1"] {
        let reader = school.login(username).await;
        school.get(&reader, "/api/reports/").await;
    }
    let of = |part: &'static str| {
        let (school, admin) = (&school, &admin);
        async move { school.get(admin, &format!("/api/reports/cache/hit-rate/{part}")).await.json() }
    };
    let all = of("").await;
    assert_eq!((&all["hits"], &all["misses"], all.get("window_seconds")), (&json!(1), &json!(2), None));
    let students = of("?role=student&window=60").await;
    assert_eq!((&students["hits"], &students["misses"]), (&json!(1), &json!(1)));
    assert_eq!((&students["window_seconds"], &students["hit_rate"]), (&json!(60), &json!(50.0)));
}
