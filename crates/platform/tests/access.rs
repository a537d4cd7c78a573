//! Who gets in, and what concerns whom.

use std::collections::BTreeSet;

use http::{Method, StatusCode};

use crate::rows::numbers;
use crate::rules::Rules;
use crate::school::{PASSWORD, School};

#[tokio::test]
async fn the_right_password_gives_a_token_and_a_wrong_one_401() {
    let school = School::open().await;
    let answer = school.try_login("student-1", PASSWORD).await;
    assert_eq!(answer.status, StatusCode::OK);
    let body = answer.json();
    assert_eq!((body["role"].as_str(), body["username"].as_str()), (Some("student"), Some("student-1")));
    assert_eq!(school.try_login("student-1", "cheese").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(school.try_login("nobody", PASSWORD).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(school.metric(r#"platform_db_queries_total{purpose="auth"}"#).await, 3.0);
}

#[tokio::test]
async fn without_a_valid_token_every_report_is_401_even_when_it_is_cached() {
    let school = School::open().await;
    let student = school.login("student-1").await;
    let id = school.newest(&student, "student_progress").await;
    for target in
        ["/api/reports/".to_owned(), format!("/api/reports/{id}/"), format!("/api/reports/{id}/stats/")]
    {
        school.get(&student, &target).await;
        assert_eq!(school.get(&student, &target).await.x_cache(), "HIT");
        for token in [None, Some("1.00"), Some(student.token[..30].as_ref())] {
            let answer = school.send(Method::GET, &target, token, None, &[]).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{target} {token:?}");
        }
    }
}

#[tokio::test]
async fn everybody_lists_and_reads_exactly_what_concerns_them() {
    let school = School::open().await;
    let reports = school.platform.population().reports;
    let rules = Rules::of(&school).await;
    for (username, at_least) in
        [("student-5", 8), ("parent-9", 8), ("tutor-2", 100), ("teacher-3", 100), ("admin", 0)]
    {
        let person = school.login(username).await;
        let expected = rules.entitled(person.id);
        assert!(expected.len() >= at_least, "{username} sees {}", expected.len());
        let mut listed = BTreeSet::new();
        for page in 1.. {
            let body = school.get(&person, &format!("/api/reports/?page_size=100&page={page}")).await.json();
            assert_eq!(body["count"].as_u64(), Some(expected.len() as u64), "{username}");
            let ids = body["results"].as_array().unwrap();
            listed.extend(ids.iter().map(|row| row["id"].as_i64().unwrap()));
            if ids.len() < 100 {
                break;
            }
        }
        assert_eq!(listed, expected, "{username}");
        // A sample over all reports, both views, against the same rule.
        for id in (1..=reports).step_by(41) {
            let status = if expected.contains(&id) { StatusCode::OK } else { StatusCode::FORBIDDEN };
            for view in ["", "stats/"] {
                let answer = school.get(&person, &format!("/api/reports/{id}/{view}")).await;
                assert_eq!(answer.status, status, "{username} reads {id}/{view}");
            }
        }
    }
}

#[tokio::test]
async fn every_student_and_parent_sees_eight_reports_and_every_teacher_and_tutor_a_hundred() {
    let school = School::open().await;
    let admin = school.login("admin").await;
    let rules = Rules::of(&school).await;
    for (role, at_least) in [("student", 8), ("parent", 8), ("tutor", 101), ("teacher", 101)] {
        let people = school.get(&admin, &format!("/api/people/?role={role}")).await.json();
        for person in people["results"].as_array().unwrap() {
            let seen = rules.entitled(person["user_id"].as_i64().unwrap()).len();
            assert!(seen >= at_least, "{} sees {seen}", person["username"]);
        }
    }
}

#[tokio::test]
async fn a_report_that_is_not_there_is_404_and_one_of_somebody_else_403() {
    let school = School::open().await;
    let (one, other) = (school.login("student-1").await, school.login("student-2").await);
    let id = school.newest(&other, "student_progress").await;
    assert_eq!(school.get(&other, &format!("/api/reports/{id}/")).await.status, StatusCode::OK);
    assert_eq!(school.get(&one, &format!("/api/reports/{id}/")).await.status, StatusCode::FORBIDDEN);
    for target in ["/api/reports/999999/", "/api/reports/0/", "/api/reports/nine/", "/api/nothing/"] {
        assert_eq!(school.get(&one, target).await.status, StatusCode::NOT_FOUND, "{target}");
    }
}

#[tokio::test]
async fn only_teachers_see_answers_and_only_those_of_their_classes() {
    let school = School::open().await;
    let teacher = school.login("teacher-1").await;
    let classes: BTreeSet<i64> = numbers(&school.platform, "teaching")
        .await
        .iter()
        .filter(|row| row[2] == teacher.id)
        .map(|row| row[0])
        .collect();
    let work = crate::rows::work(&school.platform).await;
    let theirs: Vec<_> = work.iter().filter(|work| classes.contains(&work.class)).collect();
    let body = school.get(&teacher, "/api/answers/?page=2&page_size=50").await.json();
    assert_eq!(body["count"].as_u64(), Some(theirs.len() as u64));
    for (got, expected) in body["results"].as_array().unwrap().iter().zip(&theirs[50..100]) {
        assert_eq!(got["id"].as_i64(), Some(expected.answer));
        assert_eq!(got["student_id"].as_i64(), Some(expected.student));
        assert_eq!(got["class_id"].as_i64(), Some(expected.class));
        assert_eq!(got["assignment_id"].as_i64(), Some(expected.assignment));
        assert_eq!(got["comment"].as_str(), Some(expected.comment.as_str()));
    }
    let student = theirs[0].student;
    let count = theirs.iter().filter(|work| work.student == student).count();
    let body = school.get(&teacher, &format!("/api/answers/?student={student}")).await.json();
    assert_eq!(body["count"].as_u64(), Some(count as u64));
    for username in ["student-1", "parent-1", "tutor-1", "admin"] {
        let person = school.login(username).await;
        assert_eq!(school.get(&person, "/api/answers/").await.status, StatusCode::FORBIDDEN, "{username}");
    }
}
