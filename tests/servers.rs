//! The servers that stand in for other people's: each caches, says so as its kind does,
//! and can be asked around its cache. What the examples measure rests on this.

use crate::support::django::{Django, authorization};
use crate::support::http::{Answer, ask, read};
use crate::support::nginx::Nginx;
use crate::support::service::PASSWORD;
use crate::support::varnish::Varnish;
use crate::support::{eventually, turn};
use std::time::Duration;

const LIST: &str = "/api/reports/?page_size=20";

#[track_caller]
fn list(url: &str, headers: &[(&str, &str)]) -> Answer {
    let answer = read(&format!("{url}{LIST}"), headers).expect("an answer");
    assert!([200, 304].contains(&answer.status), "{answer:?}");
    answer
}

/// Gives a grade of this teacher another comment.
#[track_caller]
fn grade(url: &str, as_teacher: &str) -> Answer {
    let grades = read(&format!("{url}/api/grades/"), &[("Authorization", as_teacher)]).unwrap().json();
    let id = &grades["results"][0]["id"];
    let headers = [("Authorization", as_teacher), ("Content-Type", "application/json")];
    let answer =
        ask("PATCH", &format!("{url}/api/grades/{id}/"), &headers, r#"{"score": 3, "comment": "seen"}"#);
    let answer = answer.unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    answer
}

#[test]
fn django_caches_per_person_until_a_write_and_revalidates() {
    let _turn = turn();
    let django = Django::start();
    let url = &django.url;
    let [teacher, other] = ["teacher-1", "teacher-2"].map(|name| authorization(url, name));
    let says = |who: &str, more: &[(&str, &str)]| {
        let answer = list(url, &[&[("Authorization", who)], more].concat());
        (answer.status, answer.header("X-Cache").map(str::to_owned))
    };
    let (miss, hit) = ((200, Some("MISS".to_owned())), (200, Some("HIT".to_owned())));
    assert_eq!(says(&teacher, &[]), miss);
    assert_eq!(says(&teacher, &[]), hit);
    assert_eq!(says(&other, &[]), miss, "another person's answer was served");
    assert_eq!(says(&teacher, &[("Cache-Control", "no-cache")]), (200, Some("BYPASS".into())));
    let answer = list(url, &[("Authorization", &teacher)]);
    assert_eq!(answer.header("Cache-Control"), Some("private, max-age=0, must-revalidate"));
    let etag = answer.header("ETag").unwrap();
    assert_eq!(says(&teacher, &[("If-None-Match", etag)]), (304, Some("HIT".into())));

    let written = grade(url, &teacher).json();
    assert_eq!(says(&other, &[]), hit, "a write of one class emptied another's");
    let again = list(url, &[("Authorization", &teacher)]);
    assert_eq!(again.header("X-Cache"), Some("MISS"));
    assert_ne!(again.body, answer.body, "the average is the old one");
    // The student whom it concerns sees it, too.
    let student = format!("student-{}", written["student"].as_u64().unwrap() - 7);
    let grades = read(&format!("{url}/api/grades/"), &[("Authorization", &authorization(url, &student))]);
    assert!(grades.unwrap().body.contains(r#""comment":"seen""#));
    assert!(django.secrets().iter().any(|secret| teacher.ends_with(secret.as_str())));
}

#[test]
fn django_lets_people_in_by_its_form_and_wants_its_token_with_each_write() {
    let _turn = turn();
    let django = Django::start();
    let login = format!("{}/accounts/login/", django.url);
    let cookie = |answer: &Answer, name: &str| {
        let found = answer.headers("Set-Cookie").find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        found
            .map(|value| value.split(';').next().unwrap().to_owned())
            .unwrap_or_else(|| panic!("no {name}: {answer:?}"))
    };
    let csrf = cookie(&read(&login, &[]).unwrap(), "csrftoken");
    let form = |password: &str| {
        let body = format!("csrfmiddlewaretoken={csrf}&username=teacher-1&password={password}");
        let cookies = format!("csrftoken={csrf}");
        let headers = [("Cookie", cookies.as_str()), ("Content-Type", "application/x-www-form-urlencoded")];
        ask("POST", &login, &headers, &body).unwrap()
    };
    assert_eq!(form("wrong").status, 200, "Django shows its form again");
    let entered = form(PASSWORD);
    assert_eq!(entered.status, 302);
    let (csrf, session) = (cookie(&entered, "csrftoken"), cookie(&entered, "sessionid"));
    assert!(django.secrets().contains(&session));

    let cookies = format!("csrftoken={csrf}; sessionid={session}");
    assert_eq!(list(&django.url, &[("Cookie", &cookies)]).header("X-Cache"), Some("MISS"));
    assert_eq!(list(&django.url, &[("Cookie", &cookies)]).header("X-Cache"), Some("HIT"));
    let grades = read(&format!("{}/api/grades/", django.url), &[("Cookie", &cookies)]).unwrap().json();
    let path = format!("{}/api/grades/{}/", django.url, grades["results"][0]["id"]);
    let write = |more: &[(&str, &str)]| {
        let headers = [&[("Cookie", cookies.as_str()), ("Content-Type", "application/json")], more].concat();
        ask("PATCH", &path, &headers, r#"{"score": 50, "comment": "by the form"}"#).unwrap().status
    };
    assert_eq!(write(&[]), 403, "a write without the token went through");
    assert_eq!(write(&[("X-CSRFToken", &csrf)]), 200);
}

#[test]
fn nginx_keeps_personal_answers_for_two_seconds() {
    let _turn = turn();
    let django = Django::uncached();
    let nginx = Nginx::before(&django.url);
    let [teacher, other] = ["teacher-1", "teacher-2"].map(|name| authorization(nginx.url(), name));
    let says = |who: &str, more: &[(&str, &str)]| {
        let answer = list(nginx.url(), &[&[("Authorization", who)], more].concat());
        assert_eq!(answer.header("X-Cache"), None, "the origin has a cache of its own");
        (answer.status, answer.header("X-Cache-Status").unwrap().to_owned())
    };
    assert_eq!(says(&teacher, &[]), (200, "MISS".into()));
    assert_eq!(says(&teacher, &[]), (200, "HIT".into()));
    assert_eq!(says(&other, &[]), (200, "MISS".into()), "another person's answer was served");
    assert_eq!(says(&teacher, &[("X-Bypass", "1")]), (200, "BYPASS".into()));
    eventually("the end of the two seconds", Duration::from_secs(5), || {
        (says(&teacher, &[]).1 == "EXPIRED").then_some(())
    });
    let etag = list(nginx.url(), &[("Authorization", &teacher)]).header("ETag").unwrap().to_owned();
    assert_eq!(says(&teacher, &[("If-None-Match", &etag)]), (304, "HIT".into()));
    grade(nginx.url(), &teacher);
}

#[test]
fn varnish_names_two_transactions_on_a_hit_and_is_emptied_by_a_write() {
    let _turn = turn();
    let django = Django::uncached();
    let varnish = Varnish::before(&django.url);
    let [teacher, other] = ["teacher-1", "teacher-2"].map(|name| authorization(varnish.url(), name));
    let ids = |who: &str, more: &[(&str, &str)]| {
        let answer = list(varnish.url(), &[&[("Authorization", who)], more].concat());
        assert_eq!(answer.header("X-Cache"), None, "the origin has a cache of its own");
        (answer.status, answer.header("X-Varnish").unwrap().split(' ').count())
    };
    assert_eq!(ids(&teacher, &[]), (200, 1));
    assert_eq!(ids(&teacher, &[]), (200, 2));
    assert_eq!(ids(&other, &[]), (200, 1), "another person's answer was served");
    assert_eq!(ids(&teacher, &[("X-Bypass", "1")]), (200, 1));
    assert_eq!(ids(&teacher, &[]), (200, 2), "a bypass emptied it");
    let etag = list(varnish.url(), &[("Authorization", &teacher)]).header("ETag").unwrap().to_owned();
    assert_eq!(ids(&teacher, &[("If-None-Match", &etag)]), (304, 2));
    grade(varnish.url(), &teacher);
    assert_eq!(ids(&teacher, &[]), (200, 1), "the answer from before the write was served");
}
