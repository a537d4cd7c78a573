//! One person's report is nobody else's: not in a shared cache, not at a shared browser, not by a token.

use std::collections::HashMap;

use http::{HeaderMap, Method, StatusCode, header};
use platform::{Config, Size};
use report_cache::BrowserPolicy;

use super::views;
use crate::school::{Answer, Person, School, config};

fn members<'h>(headers: &'h HeaderMap, name: &header::HeaderName) -> impl Iterator<Item = &'h str> {
    let lines = headers.get_all(name).into_iter().map(|line| line.to_str().unwrap());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}

fn directive<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    members(headers, &header::CACHE_CONTROL)
        .map(|member| member.split_once('=').unwrap_or((member, "")))
        .find_map(|(directive, value)| (directive == name).then_some(value))
}

/// Whether a shared cache may store the answer to a request with `Authorization` (RFC 9111 §3 and §3.5).
fn shared_may_store(headers: &HeaderMap) -> bool {
    let says = |name| directive(headers, name).is_some();
    !says("no-store") && !says("private") && (says("public") || says("s-maxage") || says("must-revalidate"))
}

async fn with(browser: BrowserPolicy) -> School {
    School::with(Config { browser, ..config(Size::small()) }).await
}

/// Row 10: whatever came of the request.
#[tokio::test]
async fn a_shared_cache_may_keep_nothing() {
    let mut would = HeaderMap::new();
    would.insert(header::CACHE_CONTROL, "max-age=0, must-revalidate".parse().unwrap());
    assert!(shared_may_store(&would), "a control: without private it may");
    for browser in [BrowserPolicy::Exact, BrowserPolicy::Relaxed] {
        let school = with(browser).await;
        let teacher = school.login("teacher-1").await;
        let stranger = school.login("student-1").await;
        for target in views(&school, &teacher).await {
            let ask = async |who: &str, name: &str, value: &str| {
                school.send(Method::GET, &target, Some(who), None, &[(name, value)]).await
            };
            let uncached = ask(&teacher.token, "cache-control", "only-if-cached").await;
            assert_eq!(uncached.status, StatusCode::GATEWAY_TIMEOUT);
            let miss = school.get(&teacher, &target).await;
            let etag = miss.headers["etag"].to_str().unwrap().to_owned();
            let confirmed = ask(&teacher.token, "if-none-match", &etag).await;
            assert_eq!(confirmed.status, StatusCode::NOT_MODIFIED);
            let refused = ask("7.0123", "if-none-match", &etag).await;
            assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
            let answers = [
                uncached,
                miss,
                confirmed,
                refused,
                school.get(&teacher, &target).await,
                school.bypass(&teacher, &target).await,
                ask(&teacher.token, "cache-control", "no-store").await,
                school.send(Method::HEAD, &target, Some(&teacher.token), None, &[]).await,
                school.get(&stranger, &target).await,
                school.get(&teacher, &format!("{target}?colour=red")).await,
            ];
            for Answer { status, headers, .. } in answers {
                assert!(!shared_may_store(&headers), "{target} {status} {headers:?}");
                let reader_owns = status == StatusCode::OK || status == StatusCode::NOT_MODIFIED;
                assert!(!reader_owns || directive(&headers, "private").is_some(), "{target} {headers:?}");
            }
        }
    }
}

/// A browser's cache (RFC 9111): one copy for each target, whoever sits there.
struct Browser {
    copies: HashMap<String, (Person, Answer)>,
    /// A browser that does not is the control.
    heeds_vary: bool,
    /// Reads that sent no request.
    unasked: usize,
}

impl Browser {
    fn new(heeds_vary: bool) -> Self {
        Self { copies: HashMap::new(), heeds_vary, unasked: 0 }
    }

    async fn read(&mut self, school: &School, who: &Person, target: &str) -> Vec<u8> {
        let held = self.copies.remove(target);
        if let Some((whose, copy)) = &held {
            let varies =
                members(&copy.headers, &header::VARY).any(|name| name.eq_ignore_ascii_case("authorization"));
            let selected = whose.token == who.token || !(varies && self.heeds_vary);
            let seconds = directive(&copy.headers, "max-age").map_or(0, |secs| secs.parse().unwrap());
            if selected && seconds > 0 {
                self.unasked += 1;
                let body = copy.body.clone();
                self.copies.extend(held.map(|held| (target.to_owned(), held)));
                return body;
            }
        }
        // §4.3.1: also the validator of a copy that was selected for another request.
        let tag = held.as_ref().map(|(_, copy)| copy.headers["etag"].to_str().unwrap().to_owned());
        let headers: Vec<(&str, &str)> = tag.iter().map(|tag| ("if-none-match", tag.as_str())).collect();
        let answer = school.send(Method::GET, target, Some(&who.token), None, &headers).await;
        let body = match (answer.status, held) {
            (StatusCode::NOT_MODIFIED, Some((_, copy))) => copy.body,
            (StatusCode::OK, _) => answer.body,
            (status, _) => panic!("{target}: {status}"),
        };
        let copy = Answer { status: StatusCode::OK, headers: answer.headers, body: body.clone() };
        self.copies.insert(target.to_owned(), (who.clone(), copy));
        body
    }
}

/// Row 10.
#[tokio::test]
async fn two_people_at_one_browser_each_see_their_own() {
    for policy in [BrowserPolicy::Exact, BrowserPolicy::Relaxed] {
        let school = with(policy).await;
        let student = school.login("student-1").await;
        let report = school.newest(&student, "student_progress").await;
        let listed = crate::rules::Rules::of(&school).await;
        let parent = school.person(listed.parents(student.id)[0]).await;
        let targets = [
            "/api/reports/".to_owned(),
            "/api/reports/export/?page_size=2".to_owned(),
            format!("/api/reports/{report}/"),
            format!("/api/reports/{report}/stats/"),
        ];
        let (mut browser, mut careless) = (Browser::new(true), Browser::new(false));
        let mut mixed = 0;
        for who in [&student, &parent, &parent, &student, &student, &parent] {
            for target in &targets {
                let own = school.bypass(who, target).await.body;
                assert!(browser.read(&school, who, target).await == own, "{policy:?} {} {target}", who.id);
                mixed += usize::from(careless.read(&school, who, target).await != own);
            }
        }
        let relaxed = policy == BrowserPolicy::Relaxed;
        assert_eq!(browser.unasked > 0, relaxed, "only relaxed, a copy is used unasked");
        assert_eq!(mixed > 0, relaxed, "a control: without Vary two people's reports get mixed");
    }
}

/// Row 13.
#[tokio::test]
async fn each_type_lives_under_its_own_ttl() {
    let school = School::open().await;
    let teacher = school.login("teacher-1").await;
    let tutor = school.login("tutor-1").await;
    let of = async |who: &Person, kind: &str| {
        (who.clone(), format!("/api/reports/{}/", school.newest(who, kind).await))
    };
    let reads = [
        (of(&teacher, "student_progress").await, 300),
        (of(&teacher, "grade_distribution").await, 900),
        (of(&teacher, "analytics").await, 1_800),
        (of(&tutor, "custom").await, 3_600),
        ((teacher.clone(), "/api/reports/".to_owned()), 600),
        ((teacher.clone(), "/api/reports/export/?type=analytics&page_size=1".to_owned()), 600),
    ];
    for ((who, target), secs) in reads {
        school.get(&who, &target).await;
        let hit = school.get(&who, &target).await;
        let said = hit.headers.get_all("cache-status").iter().find_map(|line| {
            line.to_str().unwrap().strip_prefix("report-cache; hit; ttl=")?.parse::<u64>().ok()
        });
        // The jitter takes up to a tenth; a minute is for a machine that is busy.
        let said = said.unwrap();
        assert!(said <= secs && said + 60 >= secs * 9 / 10, "{target}: {said} of {secs} s");
    }
}

/// Row 25.
#[tokio::test]
async fn no_token_but_the_readers_own_is_served_from_a_warm_key() {
    let (school, elsewhere) = (School::open().await, School::open().await);
    let student = school.login("student-1").await;
    let other = school.login("student-2").await;
    let abroad = elsewhere.login("student-1").await;
    assert_eq!(abroad.id, student.id);
    let report = school.newest(&student, "student_progress").await;
    let (id, mac) = student.token.split_once('.').unwrap();
    let (other_id, other_mac) = other.token.split_once('.').unwrap();
    let forged = [
        abroad.token.clone(),
        format!("{id}.{other_mac}"),
        format!("{other_id}.{mac}"),
        student.token[..student.token.len() - 1].to_owned(),
        format!("{}0", student.token),
        student.token.to_uppercase(),
        format!("0{}", student.token),
        format!("+{}", student.token),
        id.to_owned(),
        String::new(),
    ];
    for target in [format!("/api/reports/{report}/"), "/api/reports/".to_owned()] {
        let warm = school.get(&student, &target).await;
        assert_eq!(school.get(&student, &target).await.x_cache(), "HIT");
        let etag = warm.headers["etag"].to_str().unwrap();
        for token in &forged {
            for headers in [vec![], vec![("if-none-match", etag)], vec![("cache-control", "only-if-cached")]]
            {
                let refused = school.send(Method::GET, &target, Some(token), None, &headers).await;
                assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{target} {token:?} {headers:?}");
                assert!(!refused.headers.contains_key("etag") && refused.x_cache().is_empty());
            }
        }
        let nobody = school.send(Method::GET, &target, None, None, &[("if-none-match", etag)]).await;
        assert_eq!(nobody.status, StatusCode::UNAUTHORIZED);
    }
    let target = format!("/api/reports/{report}/");
    assert_eq!(school.get(&other, &target).await.status, StatusCode::FORBIDDEN);
    assert_eq!(school.get(&student, &target).await.x_cache(), "HIT", "and the key is still warm");
}
