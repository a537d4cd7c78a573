//! What becomes of one request: logins that ran out, waits, captures, browsers, reactions.

use super::super::testing::{cast, named, open, serve, stage};
use super::*;
use crate::attack::Target;
use crate::plan::Plan;
use crate::workload::testing::scenario;
use axum::Router;
use axum::extract::{Request as Incoming, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use http::StatusCode;
use http::header::{COOKIE, RETRY_AFTER, SET_COOKIE};
use serde_json::{Value as Json, json};
use std::collections::HashSet;
use std::sync::{Arc, Mutex};

/// What the service knows and has seen.
#[derive(Default)]
struct Known {
    /// Sessions, which are as well the tokens against forgery.
    sessions: Mutex<HashSet<String>>,
    /// (method, path and query, body, `If-None-Match` or `X-Tag`).
    seen: Mutex<Vec<(String, String, String, String)>>,
    /// How many requests are asked to wait.
    busy: Mutex<u32>,
}

impl Known {
    fn paths(&self) -> Vec<String> {
        self.seen.lock().unwrap().iter().map(|seen| seen.1.clone()).collect()
    }
}

async fn service(State(known): State<Arc<Known>>, request: Incoming) -> Response {
    let (head, body) = request.into_parts();
    let body = String::from_utf8(axum::body::to_bytes(body, 1 << 16).await.unwrap().to_vec()).unwrap();
    let text = |name: &str| {
        head.headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
    };
    let tag = if head.headers.contains_key("x-tag") { text("x-tag") } else { text("if-none-match") };
    let path = head.uri.path_and_query().unwrap().to_string();
    let number = {
        let mut seen = known.seen.lock().unwrap();
        seen.push((head.method.to_string(), path, body.clone(), tag.clone()));
        seen.len()
    };
    let cookies = text(COOKIE.as_str());
    let session = cookies.split("; ").find_map(|pair| pair.strip_prefix("session=")).unwrap_or_default();
    match (head.method.as_str(), head.uri.path()) {
        ("GET", "/login") => ([(SET_COOKIE, "csrf=before; Path=/")], "<form>").into_response(),
        (_, "/login") => {
            let name = format!("s{number}");
            let mut response = StatusCode::FOUND.into_response();
            for cookie in ["session", "csrf"] {
                let cookie = format!("{cookie}={name}; Path=/");
                response.headers_mut().append(SET_COOKIE, cookie.parse().unwrap());
            }
            known.sessions.lock().unwrap().insert(name);
            response
        }
        (_, "/open") => axum::Json(json!({"first": "f/1"})).into_response(),
        ("GET", "/page") => {
            if tag == "\"v1\"" {
                return (StatusCode::NOT_MODIFIED, [("ETag", "\"v1\"")]).into_response();
            }
            ([("ETag", "\"v1\""), ("Cache-Control", "private, no-cache")], "page").into_response()
        }
        (_, "/busy") => {
            let mut busy = known.busy.lock().unwrap();
            if *busy > 0 {
                *busy -= 1;
                return (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, "1")]).into_response();
            }
            "free".into_response()
        }
        (_, "/always-busy") => (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "0")]).into_response(),
        (method, "/members") if known.sessions.lock().unwrap().contains(session) => {
            if method == "POST" && !body.ends_with(&format!("&csrf={session}")) {
                return StatusCode::FORBIDDEN.into_response();
            }
            "members".into_response()
        }
        (_, "/members") => StatusCode::UNAUTHORIZED.into_response(),
        _ => "".into_response(),
    }
}

struct Club {
    stage: Stage,
    known: Arc<Known>,
    seat: Seat,
}

impl Club {
    async fn new(change: impl FnOnce(&mut Json)) -> Self {
        let known = Arc::new(Known::default());
        let url = serve(Router::new().fallback(any(service)).with_state(Arc::clone(&known))).await;
        let mut scenario = scenario(
            json!({
                "members": {"path": "/members"},
                "join": {"method": "POST", "path": "/members", "form": {"a": "b"},
                         "changes": [{"actions": ["open"]}]},
                "open": {"path": "/open", "capture": {"first": {"json": "/first"}, "none": {"header": "X-None"}}},
                "next": {"path": "/next/{first}"},
                "page": {"path": "/page", "capture": {"tag": {"header": "ETag"}}},
                "edit": {"method": "PUT", "path": "/page", "headers": {"X-Tag": "{tag}"}},
                "busy": {"path": "/busy"},
                "always_busy": {"path": "/always-busy"},
                "expects": {"path": "/open", "expect": {"json": {"/first": "other"}}, "capture": {"first": {"json": "/first"}}},
            }),
            json!({
                "member": {"users": 2, "actions": {"members": 1, "open": 1, "page": 1, "busy": 1},
                           "reacts": {"to": "join", "with": ["open"], "within": "1s"}},
            }),
        );
        scenario["target"]["login"] = json!({
            "request": {"method": "POST", "path": "/login", "form": {"username": "{username}"}}, "cookies": true,
            "csrf": {"path": "/login", "cookie": "csrf", "field": "csrf"}, "password": "x",
        });
        scenario["cache"] = json!({"bypass": {"query": {"fresh": "{mark}"}}});
        change(&mut scenario);
        let (plan, target): (Arc<Plan>, Target) = open(scenario, &url).await;
        let people = vec![named(&plan, "ada"), named(&plan, "bob")];
        let cast = cast(&plan, &target, people).await;
        let (stage, _) = stage(&plan, target, &cast);
        known.seen.lock().unwrap().clear();
        Self { seat: stage.target.wire.seat(), stage, known }
    }

    async fn ask(&mut self, person: u32, action: &str, way: Way<'_>) -> Observation {
        let action = crate::workload::testing::action(&self.stage.plan, action);
        let draw = Draw::default();
        let errand = Errand { person, action, draw: &draw, due: Instant::now(), phase: 0 };
        ask(&self.stage, &mut self.seat, errand, way).await
    }
}

#[tokio::test]
async fn a_login_that_ran_out_is_done_again_once() {
    let mut club = Club::new(|_| {}).await;
    assert_eq!(club.ask(0, "members", Way::Person).await.status, Some(200));
    club.known.sessions.lock().unwrap().clear();
    club.known.seen.lock().unwrap().clear();
    let seen = club.ask(0, "members", Way::Person).await;
    assert_eq!((seen.status, seen.fault), (Some(200), None));
    assert_eq!(club.known.paths(), ["/members", "/login", "/login", "/members"]);
    assert_eq!(club.stage.counts.logins.load(Ordering::Relaxed), 1);
    // The new login is kept.
    assert_eq!(club.ask(0, "members", Way::Person).await.status, Some(200));
    assert_eq!(club.stage.counts.logins.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_form_carries_the_token_of_the_new_login() {
    let mut club = Club::new(|_| {}).await;
    assert_eq!(club.ask(0, "join", Way::Person).await.status, Some(200));
    club.known.sessions.lock().unwrap().clear();
    let seen = club.ask(0, "join", Way::Person).await;
    assert_eq!((seen.status, seen.fault), (Some(200), None));
}

#[tokio::test]
async fn where_the_scenario_says_so_a_401_is_an_answer() {
    let mut club = Club::new(|scenario| scenario["target"]["login"]["refresh"] = json!(false)).await;
    club.known.sessions.lock().unwrap().clear();
    let seen = club.ask(0, "members", Way::Person).await;
    assert_eq!((seen.status, seen.fault), (Some(401), Some(Fault::Status)));
    assert_eq!(club.stage.counts.logins.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn an_answer_that_the_scenario_expects_needs_no_new_login_and_no_wait() {
    let mut club = Club::new(|scenario| {
        scenario["actions"]["members"]["expect"] = json!({"status": [200, 401]});
        scenario["actions"]["always_busy"]["expect"] = json!({"status": [503]});
    })
    .await;
    club.known.sessions.lock().unwrap().clear();
    let seen = club.ask(0, "members", Way::Person).await;
    assert_eq!((seen.status, seen.fault), (Some(401), None));
    let seen = club.ask(0, "always_busy", Way::Person).await;
    assert_eq!((seen.status, seen.fault), (Some(503), None));
    assert_eq!(club.known.paths(), ["/members", "/always-busy"]);
}

#[tokio::test]
async fn a_target_that_asks_to_wait_is_waited_for() {
    let mut club = Club::new(|_| {}).await;
    *club.known.busy.lock().unwrap() = 1;
    let began = Instant::now();
    let seen = club.ask(0, "busy", Way::Person).await;
    assert_eq!((seen.status, seen.fault), (Some(200), None));
    assert!(began.elapsed() >= Duration::from_secs(1));
    assert!(seen.finished_us - seen.started_us < 900_000, "the wait is no part of the answer's latency");
    assert_eq!(club.stage.counts.waited.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_target_that_is_always_busy_is_waited_for_so_often_and_then_wrong() {
    let mut club = Club::new(|scenario| scenario["target"]["connection"] = json!({"waits": 2})).await;
    let seen = club.ask(0, "always_busy", Way::Person).await;
    assert_eq!((seen.status, seen.fault), (Some(503), Some(Fault::Status)));
    assert_eq!(club.known.paths().len(), 3);
}

#[tokio::test]
async fn what_is_captured_fills_later_requests_of_the_same_person_alone() {
    let mut club = Club::new(|_| {}).await;
    club.ask(0, "open", Way::Person).await;
    club.ask(0, "next", Way::Person).await;
    club.ask(1, "next", Way::Person).await;
    assert_eq!(club.known.paths(), ["/open", "/next/f%2F1", "/next/"]);
    assert_eq!(club.stage.of(0).notes.get(0), Some("f/1"));
    // Nothing is believed of an answer that is wrong.
    let seen = club.ask(1, "expects", Way::Person).await;
    assert_eq!((seen.fault, club.stage.of(1).notes.get(0)), (Some(Fault::Content), None));
}

#[tokio::test]
async fn a_browser_asks_whether_its_copy_is_still_good_and_the_harness_has_none() {
    let mut club = Club::new(|_| {}).await;
    let first = club.ask(0, "page", Way::Person).await;
    let again = club.ask(0, "page", Way::Person).await;
    assert_eq!((again.status, again.validated), (Some(304), true));
    assert_eq!(again.digest, first.digest, "it sees the copy that was confirmed");
    let plain = club.ask(0, "page", Way::Plain).await;
    assert_eq!((plain.status, plain.validated), (Some(200), false));
    assert_eq!(club.ask(1, "page", Way::Person).await.status, Some(200), "a copy is its owner's");
    // A write takes the copy away, and carries what was captured.
    club.ask(0, "edit", Way::Person).await;
    assert_eq!(club.known.seen.lock().unwrap().last().unwrap().3, "\"v1\"");
    assert_eq!(club.ask(0, "page", Way::Person).await.status, Some(200));
}

#[tokio::test]
async fn each_way_around_the_cache_is_another_request_that_asks_for_the_same() {
    let mut club = Club::new(|_| {}).await;
    let bypass = club.stage.plan.cache.bypass.clone().unwrap();
    let plain = club.ask(0, "open", Way::Plain).await;
    let mut fingerprints = vec![plain.request];
    for _ in 0..3 {
        fingerprints.push(club.ask(0, "open", Way::Around(&bypass)).await.request);
    }
    fingerprints.dedup();
    assert_eq!(fingerprints.len(), 1);
    let mut paths = club.known.paths();
    assert!(paths[1..].iter().all(|path| path.len() > "/open?fresh=".len()), "{paths:?}");
    paths.sort_unstable();
    paths.dedup();
    assert_eq!(paths.len(), 4, "{paths:?}");
}

#[tokio::test]
async fn others_react_to_a_write_that_went_well() {
    let mut club = Club::new(|_| {}).await;
    assert_eq!(club.stage.mail.due(0, 1), None);
    let seen = club.ask(0, "join", Way::Person).await;
    assert_eq!((seen.fault, seen.source), (None, crate::observe::Source::Write));
    assert!(club.stage.mail.due(0, 1).is_some(), "bob, at the second place, will look");
    assert_eq!(club.stage.mail.due(0, 0), None, "ada wrote it");
    let mut club =
        Club::new(|scenario| scenario["actions"]["join"]["expect"] = json!({"status": [201]})).await;
    assert!(club.ask(0, "join", Way::Person).await.fault.is_some());
    assert_eq!(club.stage.mail.due(0, 1), None, "nothing was written");
}

#[tokio::test]
async fn a_run_that_is_ended_gives_up_a_wait() {
    let mut club = Club::new(|_| {}).await;
    *club.known.busy.lock().unwrap() = 100;
    let stop = club.stage.stop.clone();
    let began = Instant::now();
    let (seen, ()) = tokio::join!(club.ask(0, "busy", Way::Person), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        stop.trigger(crate::attack::Cause::Interrupted);
    });
    assert_eq!(seen.status, Some(429));
    assert!(began.elapsed() < Duration::from_millis(900));
}
