//! Requests at the edge of what is allowed: odd parameters, other methods, the order of refusals.

use http::{Method, StatusCode};
use serde_json::json;

use crate::rows::numbers;
use crate::rules::Rules;
use crate::school::{Answer, Person, School};

async fn head(school: &School, who: &Person, target: &str) -> Answer {
    school.send(Method::HEAD, target, Some(&who.token), None, &[]).await
}

#[tokio::test]
async fn no_parameter_makes_the_database_fail() {
    let school = School::open().await;
    let teacher = school.login("teacher-1").await;
    for search in ["a".repeat(60_000), "%25".repeat(18_000), "%F0%9F%98%80".repeat(4_000)] {
        let answer = school.get(&teacher, &format!("/api/reports/?search={search}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{} bytes", search.len());
        assert!(answer.json()["detail"].as_str().unwrap().contains("search"));
    }
    for query in [
        "search=%00",
        "search='%3B--",
        "search=%22%5C",
        "subject=%00",
        "subject=none",
        "search=%25_%5C",
        "page=9223372036854775807&page_size=100",
        "student=9223372036854775807",
        "&&&",
    ] {
        for view in ["", "export/"] {
            let query = if view == "export/" {
                query.replace("page_size=100", "page_size=50")
            } else {
                query.to_owned()
            };
            let target = format!("/api/reports/{view}?{query}");
            let answer = school.get(&teacher, &target).await;
            assert_eq!(answer.status, StatusCode::OK, "{target}: {}", answer.text());
            assert_eq!(answer.body, school.bypass(&teacher, &target).await.body, "{target}");
        }
    }
    let ascii = school.get(&teacher, &format!("/api/reports/?search={}", "a".repeat(200))).await;
    assert_eq!(ascii.json()["count"], 0, "as long as a title may be");
}

#[tokio::test]
async fn one_answer_has_one_spelling() {
    let school = School::open().await;
    let teacher = school.login("teacher-1").await;
    for query in [
        "page=01",
        "page=%2B2",
        "page_size=020",
        "student=016",
        "page=+1",
        "page=1.0",
        "page=",
        "page=1&page=1",
    ] {
        let answer = school.get(&teacher, &format!("/api/reports/?{query}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
    }
    school.get(&teacher, "/api/reports/?type=analytics&page=2").await;
    for query in ["page=2&type=analytics", "%74ype=analytics&page=%32", "type=analytics&page_size=20&page=2&"]
    {
        let answer = school.get(&teacher, &format!("/api/reports/?{query}")).await;
        assert_eq!(answer.x_cache(), "HIT", "{query}");
    }
    school.get(&teacher, "/api/reports/").await;
    let defaults = "search=&ordering=-week_start&page=1&page_size=20";
    let answer = school.get(&teacher, &format!("/api/reports/?{defaults}")).await;
    assert_eq!(answer.x_cache(), "HIT", "values equal to the default are left out");
}

#[tokio::test]
async fn head_is_get_without_the_body_and_fills_for_it() {
    let school = School::open().await;
    let teacher = school.login("teacher-2").await;
    let id = school.newest(&teacher, "analytics").await;
    for target in [
        "/api/reports/?page_size=3".to_owned(),
        "/api/reports/export/?page_size=2&format=csv".to_owned(),
        format!("/api/reports/{id}/"),
        format!("/api/reports/{id}/stats/"),
    ] {
        let first = head(&school, &teacher, &target).await;
        assert_eq!(
            (first.status, first.x_cache(), first.body.len()),
            (StatusCode::OK, "MISS", 0),
            "{target}"
        );
        let got = school.get(&teacher, &target).await;
        assert_eq!(got.x_cache(), "HIT", "{target}");
        let again = head(&school, &teacher, &target).await;
        assert_eq!((again.x_cache(), again.body.len()), ("HIT", 0), "{target}");
        for name in ["etag", "cache-control", "vary", "content-type", "content-length"] {
            assert_eq!(again.headers.get(name), got.headers.get(name), "{target} {name}");
            assert_eq!(first.headers.get(name), got.headers.get(name), "{target} {name}");
        }
        assert_eq!(got.headers["content-length"], got.body.len().to_string().as_str());
    }
    for (target, status) in [("/api/reports/999999/", 404), ("/api/reports/?page=0", 400)] {
        let refused = head(&school, &teacher, target).await;
        assert_eq!((refused.status.as_u16(), refused.body.len()), (status, 0), "{target}");
    }
}

#[tokio::test]
async fn refusals_say_first_who_then_what_then_whose() {
    let school = School::open().await;
    let (one, other) = (school.login("student-1").await, school.login("student-2").await);
    let foreign = school.newest(&other, "student_progress").await;
    let admin = school.login("admin").await;
    let get = async |who: Option<&Person>, target: String| {
        school.send(Method::GET, &target, who.map(|who| who.token.as_str()), None, &[]).await.status.as_u16()
    };
    for (who, target, status) in [
        (None, format!("/api/reports/{foreign}/"), 401),
        (None, "/api/reports/999999/".to_owned(), 401),
        (None, "/api/reports/?page=0".to_owned(), 401),
        (None, "/api/reports/cache/stats/".to_owned(), 401),
        (Some(&one), format!("/api/reports/{foreign}/?page=1"), 400),
        (Some(&one), "/api/reports/999999/?page=1".to_owned(), 400),
        (Some(&one), "/api/reports/999999/stats/".to_owned(), 404),
        (Some(&one), format!("/api/reports/{foreign}/stats/"), 403),
        (Some(&one), format!("/api/reports/{foreign}"), 404),
        (Some(&one), "/api/reports".to_owned(), 404),
        (Some(&one), format!("/api/reports/{foreign}//"), 404),
        (Some(&one), format!("/api/reports/-{foreign}/"), 404),
        (Some(&one), "/api/reports/9223372036854775808/".to_owned(), 404),
        (Some(&one), "/api/reports/%ff/".to_owned(), 404),
        (Some(&one), "/api/reports/%ff/stats/".to_owned(), 404),
        (Some(&one), "/api/reports/cache/stats/".to_owned(), 403),
        // The staff run the service; no report concerns them.
        (Some(&admin), format!("/api/reports/{foreign}/"), 403),
        (Some(&admin), format!("/api/reports/{foreign}/stats/"), 403),
        (Some(&admin), "/api/reports/999999/".to_owned(), 404),
    ] {
        assert_eq!(get(who, target.clone()).await, status, "{target}");
    }
    for view in ["", "export/"] {
        let list = school.get(&admin, &format!("/api/reports/{view}")).await;
        assert_eq!((list.status, &list.json()["count"]), (StatusCode::OK, &json!(0)));
    }
}

#[tokio::test]
async fn a_404_of_a_report_to_come_or_gone_is_kept_by_nobody() {
    let school = School::open().await;
    let rules = Rules::of(&school).await;
    let teacher = school.login("teacher-1").await;
    let class = rules.teaching.iter().find(|row| row[2] == teacher.id).unwrap()[0];
    let body = json!({
        "report_type": "analytics", "class_id": class, "title": "To come", "week_start": "2026-11-09",
    });
    for _ in 0..2 {
        let next = numbers(&school.platform, "revisions").await[0][1] + 1;
        let target = format!("/api/reports/{next}/");
        for _ in 0..2 {
            let early = school.get(&teacher, &target).await;
            assert_eq!(early.status, StatusCode::NOT_FOUND);
            assert!(early.headers["cache-control"].to_str().unwrap().contains("no-store"));
        }
        let saved = school.post(&teacher, "/api/reports/", body.clone()).await.json();
        assert_eq!(saved["id"], json!(next));
        for expected in ["MISS", "HIT"] {
            let read = school.get(&teacher, &target).await;
            assert_eq!((read.status, read.x_cache()), (StatusCode::OK, expected));
        }
        assert_eq!(school.delete(&teacher, &target).await.status, StatusCode::NO_CONTENT);
        assert_eq!(school.get(&teacher, &target).await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn only_a_200_of_a_report_may_be_kept_and_by_its_reader_alone() {
    let school = School::open().await;
    let (student, admin) = (school.login("student-1").await, school.login("admin").await);
    let teacher = school.login("teacher-1").await;
    let (grade, people) = ("/api/answers/1/grade/", "/api/people/?page_size=1");
    let foreign = school.newest(&school.login("student-2").await, "student_progress").await;
    let foreign = format!("/api/reports/{foreign}/");
    for (who, method, target, status) in [
        (None, Method::GET, "/api/reports/", 401),
        (None, Method::GET, "/api/reports/cache/stats/", 401),
        (Some(&student), Method::GET, "/api/reports/?page=0", 400),
        (Some(&student), Method::GET, &*foreign, 403),
        (Some(&student), Method::GET, "/api/reports/999999/stats/", 404),
        (Some(&student), Method::GET, "/api/nothing/", 404),
        (Some(&student), Method::PUT, "/api/reports/", 405),
        (Some(&student), Method::PATCH, grade, 403),
        (Some(&teacher), Method::PATCH, grade, 422),
        // Not reports: nothing tells a browser when these change.
        (Some(&teacher), Method::GET, "/api/answers/", 200),
        (Some(&student), Method::GET, "/api/assignments/", 200),
        (Some(&student), Method::GET, "/api/materials/", 200),
        (Some(&admin), Method::GET, people, 200),
        (Some(&admin), Method::GET, "/api/reports/cache/stats/", 200),
        (Some(&admin), Method::GET, "/api/reports/cache/hit-rate/", 200),
    ] {
        let token = who.map(|who: &Person| who.token.as_str());
        let answer = school.send(method.clone(), target, token, Some(json!({})), &[]).await;
        assert_eq!(answer.status.as_u16(), status, "{method} {target}: {}", answer.text());
        let said = answer.headers.get("cache-control").map_or("", |value| value.to_str().unwrap());
        assert!(said.contains("no-store"), "{method} {target}: {status} {said:?}");
        assert!(!answer.headers.contains_key("etag"), "{method} {target}");
    }
    let read = school.get(&student, "/api/reports/").await;
    assert_eq!(read.headers["cache-control"], "private, max-age=0, must-revalidate");
    assert_eq!(read.headers["vary"], "Authorization, Accept-Encoding");
}

#[tokio::test]
async fn authorised_cacheable_requests_are_hits_misses_and_bypasses_and_nothing_else() {
    let school = School::open().await;
    let (student, admin) = (school.login("student-1").await, school.login("admin").await);
    let target = "/api/reports/?page_size=2";
    let ask = async |method: Method, target: &str, headers: &[(&str, &str)]| {
        school.send(method, target, Some(&student.token), None, headers).await
    };
    let first = ask(Method::GET, target, &[]).await;
    let etag = first.headers["etag"].to_str().unwrap().to_owned();
    ask(Method::GET, target, &[]).await;
    ask(Method::HEAD, target, &[]).await;
    let unchanged = ask(Method::GET, target, &[("if-none-match", &etag)]).await;
    assert_eq!(unchanged.status, StatusCode::NOT_MODIFIED);
    ask(Method::GET, target, &[("cache-control", "max-age=0")]).await;
    ask(Method::GET, target, &[("cache-control", "no-cache")]).await;
    ask(Method::GET, target, &[("cache-control", "no-store")]).await;
    let only = [("cache-control", "only-if-cached")];
    assert_eq!(ask(Method::GET, target, &only).await.status, StatusCode::OK);
    let refused = ask(Method::GET, "/api/reports/?page=3", &only).await;
    assert_eq!(refused.status, StatusCode::GATEWAY_TIMEOUT);
    // These are no cacheable requests, or nobody's; to find a foreign report is a bypass.
    ask(Method::GET, "/api/reports/?page=0", &[]).await;
    ask(Method::GET, "/api/reports/999999/", &[]).await;
    let foreign = school.login("student-2").await;
    let foreign = format!("/api/reports/{}/", school.newest(&foreign, "student_progress").await);
    assert_eq!(ask(Method::GET, &foreign, &[]).await.status, StatusCode::FORBIDDEN);
    school.send(Method::GET, target, None, None, &[]).await;
    let stats = school.get(&admin, "/api/reports/cache/stats/").await.json();
    let figure = |name: &str| stats[name].as_u64().unwrap();
    assert_eq!((figure("hit"), figure("miss"), figure("bypass")), (5, 3, 2), "{stats}");
    let rate = school.get(&admin, "/api/reports/cache/hit-rate/").await.json();
    assert_eq!((rate["hits"].as_u64(), rate["total_requests"].as_u64()), (Some(5), Some(8)));
}

#[tokio::test]
async fn warming_is_all_refused_or_counts_every_pair() {
    let school = School::open().await;
    let rules = Rules::of(&school).await;
    let admin = school.login("admin").await;
    let of = |kind: &str| -> Vec<i64> {
        let of_kind = rules.reports.iter().filter(|report| report.kind == kind);
        of_kind.map(|report| report.id).collect()
    };
    let progress: Vec<i64> = of("student_progress")[..60].to_vec();
    let everybody: Vec<i64> = rules.roles.keys().copied().collect();
    let warm = async |ids: Vec<i64>, users: Option<&[i64]>| {
        let body = json!({ "report_ids": ids, "report_type": "student_progress", "user_ids": users });
        school.post(&admin, "/api/reports/cache/warm/", body).await
    };
    // Right ones first; the wrong type, or one pair too many, refuses all of it.
    let mut mixed = progress[..3].to_vec();
    mixed.push(of("analytics")[0]);
    assert_eq!(warm(mixed, None).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(progress.len() * everybody.len() > 5_000);
    assert_eq!(warm(progress.clone(), Some(&everybody)).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let stats = school.get(&admin, "/api/reports/cache/stats/").await.json();
    assert_eq!((&stats["entries"], &stats["stored"]), (&json!(0), &json!(0)));
    assert_eq!(warm(vec![], None).await.json(), json!({ "total": 0, "cached": 0, "failed": 0 }));
    let nobody = warm(progress[..2].to_vec(), Some(&[])).await.json();
    assert_eq!(nobody, json!({ "total": 0, "cached": 0, "failed": 0 }));
    let odd = [0, -1, 999_999, admin.id];
    let failed = warm(progress[..1].to_vec(), Some(&odd)).await.json();
    assert_eq!(failed, json!({ "total": 4, "cached": 0, "failed": 4 }));
    let few = &everybody[..50];
    let concerned = |id: i64| {
        let report = rules.reports.iter().find(|report| report.id == id).unwrap();
        few.iter().filter(|person| rules.concerns(**person, report)).count()
    };
    let cached: usize = progress[..4].iter().map(|id| concerned(*id)).sum();
    let said = warm(progress[..4].to_vec(), Some(few)).await.json();
    assert_eq!(said, json!({ "total": 200, "cached": cached, "failed": 200 - cached }));
    let stats = school.get(&admin, "/api/reports/cache/stats/").await.json();
    assert_eq!(stats["entries"], json!(cached), "it fills what it says");
}

#[tokio::test]
async fn an_event_that_cannot_be_is_a_bad_request_not_a_failing_store() {
    events_are_asked_for_by_name(&School::open().await).await;
}

#[tokio::test]
async fn redis_an_event_that_cannot_be_is_a_bad_request_not_a_failing_store() {
    let server = crate::redis::Server::start().await;
    events_are_asked_for_by_name(&School::on(server.store()).await).await;
}

async fn events_are_asked_for_by_name(school: &School) {
    let admin = school.login("admin").await;
    for _ in 0..2 {
        school.delete(&admin, "/api/reports/cache/").await;
    }
    let of = async |query: &str| school.get(&admin, &format!("/api/reports/cache/events/{query}")).await;
    for id in ["nonsense", "-", "1-", "-1", "1-1-1", "%2B1", "18446744073709551616", "(1", "", "$"] {
        let answer = of(&format!("?after={id}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{id}: {}", answer.text());
    }
    let all = of("").await.json();
    let first = all["results"][0]["id"].as_str().unwrap();
    assert_eq!(of(&format!("?after={first}")).await.json()["results"], json!([all["results"][1]]));
    let last = all["last"].as_str().unwrap();
    let none = of(&format!("?after={last}")).await.json();
    assert_eq!((&none["count"], &none["last"]), (&json!(0), &json!(null)));
    assert_eq!(of("?after=9999999999999").await.json()["count"], 0);
}

#[tokio::test]
async fn the_number_of_the_lists_is_no_report() {
    let school = School::open().await;
    let (admin, student) = (school.login("admin").await, school.login("student-1").await);
    school.get(&student, "/api/reports/").await;
    let refused = school.delete(&admin, "/api/reports/cache/0/").await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND, "{}", refused.text());
    assert_eq!(school.get(&student, "/api/reports/").await.x_cache(), "HIT", "collections stay");
    assert_eq!(school.delete(&admin, "/api/reports/cache/9999999999/").await.json()["invalidated_keys"], 0);
}
