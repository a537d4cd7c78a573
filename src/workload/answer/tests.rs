//! What a good answer is.

use super::super::testing::{action, item, person, plan, scenario, stock};
use super::*;
use crate::workload::{Draw, NOTHING_NOTED};
use http::HeaderValue;
use serde_json::{Value as Json, json};

/// The first mismatch of an answer with this status and body, if there is one.
fn held(act: Json, status: u16, body: Option<&str>) -> Option<Mismatch> {
    let mut scenario = scenario(
        json!({"act": act, "list": {"path": "/list"}}),
        json!({"visitor": {"users": 1, "actions": {"list": 1, "act": 1}}}),
    );
    scenario["people"] = json!({"relations": {"thing": {"request": {"path": "/things"}, "id": "/id", "with": {"kind": "/k"}}}});
    let plan = plan(&scenario);
    let mut somebody = person(&plan, 0, "me", &[]);
    somebody.stocks[usize::from(stock(&plan, "thing"))] = vec![item("7", &["blue"], 0)];
    let draw = Draw::default();
    let fill = Fill::new(&plan, &somebody, &draw, &NOTHING_NOTED);
    expected(plan.action(action(&plan, "act")), status, body.map(str::as_bytes), &fill).err()
}

fn good(act: Json, status: u16) -> bool {
    held(act, status, None).is_none()
}

#[test]
fn a_read_is_answered_with_200_or_304_and_a_write_with_any_success() {
    let (read, write) = (json!({"path": "/x"}), json!({"method": "PUT", "path": "/x"}));
    let all = [200, 201, 204, 302, 304, 400, 401, 404, 429, 500, 503];
    assert_eq!(all.into_iter().filter(|status| good(read.clone(), *status)).collect::<Vec<_>>(), [200, 304]);
    assert_eq!(
        all.into_iter().filter(|status| good(write.clone(), *status)).collect::<Vec<_>>(),
        [200, 201, 204, 302, 304]
    );
    assert_eq!(held(read, 503, None), Some(Mismatch::Status(503)));
    assert_eq!(Mismatch::Status(503).fault(), Fault::Status);
}

#[test]
fn declared_statuses_are_the_only_good_ones_but_a_read_may_be_confirmed() {
    let act = |method: &str| json!({"method": method, "path": "/x", "expect": {"status": [404, 410]}});
    assert!(good(act("GET"), 404) && good(act("GET"), 410) && !good(act("GET"), 200));
    assert!(good(act("GET"), 304), "it confirms a copy that was as expected");
    assert!(!good(act("PUT"), 204));
    assert!(good(json!({"method": "PUT", "path": "/x", "expect": {"status": [409]}}), 409));
}

#[test]
fn json_must_hold_what_the_placeholders_say() {
    let act = json!({"path": "/{thing}", "expect": {"json": {"/id": "{thing}", "/by/0": "{username}", "/k": "is {thing.kind}", "/on": true}}});
    let body = json!({"id": 7, "by": ["me"], "k": "is blue", "on": true});
    let hold = |body: &Json| held(act.clone(), 200, Some(&body.to_string()));
    assert_eq!(hold(&body), None);
    let mut text = body.clone();
    text["id"] = json!("7");
    assert_eq!(hold(&text), None, "a number and its text are the same");
    for (pointer, wrong, word) in [
        ("/id", json!(8), "/id is `8`, not `7`"),
        ("/by", json!([]), "/by/0 is nothing, not `me`"),
        ("/k", json!("is red"), "not `is blue`"),
        ("/on", json!(null), "/on is `null`, not `true`"),
    ] {
        let mut other = body.clone();
        *other.pointer_mut(pointer).unwrap() = wrong;
        let mismatch = hold(&other).unwrap_or_else(|| panic!("{pointer} passed"));
        assert!(mismatch.to_string().contains(word), "{mismatch}");
        assert_eq!(mismatch.fault(), Fault::Content);
    }
    let broken = held(act, 200, Some("<html>")).unwrap();
    assert!(broken.to_string().contains("not JSON"), "{broken}");
}

#[test]
fn a_text_must_be_in_the_body() {
    let act = json!({"path": "/x", "expect": {"text": "Grüße"}});
    assert_eq!(held(act.clone(), 200, Some("<p>Grüße!</p>")), None);
    assert!(held(act.clone(), 200, Some("Gruesse")).unwrap().to_string().contains("`Grüße`"));
    assert!(held(act, 500, Some("Grüße")).is_some(), "the status counts all the same");
}

#[test]
fn an_answer_without_a_body_is_not_asked_about_one() {
    let act = json!({"path": "/x", "expect": {"text": "hello", "json": {"/a": 1}}});
    assert_eq!(held(act.clone(), 304, Some("")), None);
    assert_eq!(held(act.clone(), 304, None), None);
    assert!(held(act.clone(), 200, Some("")).is_some());
    let mut head = act;
    head["method"] = json!("HEAD");
    assert_eq!(held(head.clone(), 200, Some("")), None);
    assert!(held(head, 404, Some("")).is_some());
}

#[test]
fn a_body_is_read_only_where_somebody_wants_it() {
    let wants = |act: Json| {
        let plan =
            plan(&scenario(json!({"act": act}), json!({"visitor": {"users": 1, "actions": {"act": 1}}})));
        wants_body(plan.action(0))
    };
    assert!(!wants(json!({"path": "/x"})));
    assert!(!wants(
        json!({"path": "/x", "expect": {"status": [200]}, "capture": {"tag": {"header": "ETag"}}})
    ));
    assert!(wants(json!({"path": "/x", "expect": {"text": "a"}})));
    assert!(wants(json!({"path": "/x", "expect": {"json": {"/a": 1}}})));
    assert!(wants(json!({"path": "/x", "capture": {"first": {"json": "/0"}}})));
}

#[test]
fn headers_and_json_are_remembered() {
    let plan = plan(&scenario(
        json!({
            "old": {"path": "/old", "capture": {"none": {"header": "X-None"}}},
            "act": {"path": "/x", "capture": {
                "tag": {"header": "etag"}, "first": {"json": "/results/0/id"}, "name": {"json": "/results/0/name"},
                "empty": {"json": "/results/0/empty"}, "gone": {"json": "/results/9"},
            }},
        }),
        json!({"visitor": {"users": 1, "actions": {"act": 1}}}),
    ));
    let act = plan.action(action(&plan, "act"));
    let named = |found: Vec<(u16, String)>| -> Vec<(String, String)> {
        found.into_iter().map(|(at, text)| (plan.captures[usize::from(at)].clone(), text)).collect()
    };
    let mut headers = HeaderMap::new();
    headers.insert("ETag", HeaderValue::from_static("\"v1\""));
    let body = json!({"results": [{"id": 12, "name": "Ada", "empty": null}]}).to_string();
    let pairs = |all: &[(&str, &str)]| -> Vec<(String, String)> {
        all.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    };
    let found = named(captured(act, &headers, Some(body.as_bytes())));
    assert_eq!(found, pairs(&[("tag", "\"v1\""), ("first", "12"), ("name", "Ada")]));
    // A 304 has headers only, and what was known of the body stays.
    assert_eq!(named(captured(act, &headers, None)), pairs(&[("tag", "\"v1\"")]));
    assert_eq!(captured(act, &HeaderMap::new(), Some(b"no json")), []);
}
