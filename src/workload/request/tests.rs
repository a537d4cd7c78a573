//! Requests as they are sent.

use super::super::testing::{action, item, person, plan, scenario, stock};
use super::*;
use crate::plan::{Hole, Plan};
use crate::workload::{Draw, NOTHING_NOTED, Person};
use serde_json::{Value, json};
use std::sync::Arc;

/// One action over things with a field, and somebody who has one of them.
fn shop(base: &str, act: Value, thing: &str, cache: Value) -> (Arc<Plan>, Person, Url) {
    let mut scenario = scenario(json!({"act": act}), json!({"visitor": {"users": 1, "actions": {"act": 1}}}));
    scenario["people"] = json!({"relations": {"thing": {"request": {"path": "/things"}, "id": "/id", "with": {"kind": "/kind"}}}});
    scenario["actions"]["list"] = json!({"path": "/list"});
    scenario["roles"]["visitor"]["actions"]["list"] = json!(1);
    scenario["cache"] = cache;
    let plan = plan(&scenario);
    let mut somebody = person(&plan, 0, "some body", &[]);
    somebody.stocks[usize::from(stock(&plan, "thing"))] = vec![item(thing, &["a&b=c"], 0)];
    (plan, somebody, base.parse().unwrap())
}

fn rendered(base: &str, act: Value, thing: &str) -> Request {
    let (plan, somebody, base) = shop(base, act, thing, json!({}));
    let draw = Draw { mark: Some("a mark".into()), ..Draw::default() };
    let fill = Fill::new(&plan, &somebody, &draw, &NOTHING_NOTED);
    render(&base, plan.action(action(&plan, "act")), &fill)
}

#[test]
fn values_stay_inside_their_segment_of_a_path() {
    for (value, segment) in [
        ("42", "42"),
        ("a/b", "a%2Fb"),
        ("../admin", "..%2Fadmin"),
        ("a?b#c", "a%3Fb%23c"),
        ("100%", "100%25"),
        ("%2F", "%252F"),
        ("a b", "a%20b"),
        ("grüße", "gr%C3%BC%C3%9Fe"),
        ("日本", "%E6%97%A5%E6%9C%AC"),
        ("a:b@c,d=e+f~g_h.i-j", "a:b@c,d=e+f~g_h.i-j"),
        ("back\\slash", "back%5Cslash"),
    ] {
        let request = rendered("http://host/", json!({"path": "/things/{thing}/end"}), value);
        assert_eq!(request.url.as_str(), format!("http://host/things/{segment}/end"));
    }
}

#[test]
fn a_path_is_below_the_base() {
    for base in ["http://host/api/v1", "http://host/api/v1/"] {
        let request = rendered(base, json!({"path": "/things/{thing}"}), "1");
        assert_eq!(request.url.as_str(), "http://host/api/v1/things/1");
    }
}

#[test]
fn a_query_is_made_of_the_parameters_and_one_alternative() {
    let act = json!({"path": "/things", "query": {"kind": "{thing.kind}", "n": 3},
                     "filters": [{}, {"by": "{username}", "open": true}]});
    let (plan, somebody, base) = shop("http://host", act, "1", json!({}));
    let url = |filter: u16| {
        let draw = Draw { filter, ..Draw::default() };
        let fill = Fill::new(&plan, &somebody, &draw, &NOTHING_NOTED);
        render(&base, plan.action(action(&plan, "act")), &fill).url.to_string()
    };
    assert_eq!(url(0), "http://host/things?kind=a%26b%3Dc&n=3");
    assert_eq!(url(1), "http://host/things?kind=a%26b%3Dc&n=3&by=some+body&open=true");
    let plain = rendered("http://host", json!({"path": "/things"}), "1");
    assert_eq!(plain.url.as_str(), "http://host/things", "no question mark without a question");
}

#[test]
fn bodies_are_json_a_form_or_a_text_with_their_type() {
    let request = rendered(
        "http://host",
        json!({"method": "POST", "path": "/things", "json": {"id": "{thing}", "note": "{mark}", "deep": ["{thing.kind}"]}}),
        "7",
    );
    assert_eq!(request.method, Method::POST);
    assert_eq!(request.headers[CONTENT_TYPE], "application/json");
    let body: Value = serde_json::from_slice(request.body.as_ref().unwrap()).unwrap();
    assert_eq!(body, json!({"id": 7, "note": "a mark", "deep": ["a&b=c"]}));
    let request = rendered(
        "http://host",
        json!({"method": "POST", "path": "/things", "form": {"kind": "{thing.kind}", "who": "{username}", "ü": "ß"}}),
        "7",
    );
    assert_eq!(request.headers[CONTENT_TYPE], "application/x-www-form-urlencoded");
    assert_eq!(&request.body.unwrap()[..], b"kind=a%26b%3Dc&who=some+body&%C3%BC=%C3%9F");
    let request = rendered(
        "http://host",
        json!({"method": "PUT", "path": "/things", "headers": {"Content-Type": "text/csv"}, "text": "id\n{thing}\n"}),
        "7",
    );
    assert_eq!(request.headers[CONTENT_TYPE], "text/csv");
    assert_eq!(&request.body.unwrap()[..], b"id\n7\n");
    assert!(rendered("http://host", json!({"path": "/things"}), "7").body.is_none());
}

#[test]
fn headers_are_filled_and_their_own_content_type_wins() {
    let act = json!({"method": "PATCH", "path": "/x", "headers": {"X-Thing": "{thing}", "Content-Type": "application/merge-patch+json"},
                     "json": {}});
    let request = rendered("http://host", act.clone(), "7");
    assert_eq!(request.headers["x-thing"], "7");
    assert_eq!(request.headers[CONTENT_TYPE], "application/merge-patch+json");
    // What the target said may not break out of its header.
    assert!(!rendered("http://host", act, "7\r\nX-Other: 1").headers.contains_key("x-thing"));
}

#[test]
fn the_way_around_the_cache_is_a_header_a_parameter_or_another_address() {
    let act = json!({"path": "/things/{thing}", "query": {"n": 1}, "headers": {"Accept": "text/plain"}});
    let around_by = |bypass: Value| {
        let (plan, somebody, base) = shop("http://edge/app/", act.clone(), "a/b", json!({"bypass": bypass}));
        let draw = Draw::default();
        let given = [(Hole::Mark, "m 1")];
        let fill = Fill { given: &given, ..Fill::new(&plan, &somebody, &draw, &NOTHING_NOTED) };
        let plain = render(&base, plan.action(action(&plan, "act")), &fill);
        let request = around(plain.clone(), &base, plan.cache.bypass.as_ref().unwrap(), &fill);
        assert_eq!(request.fingerprint, plain.fingerprint, "it asks for the same thing");
        assert_eq!(request.headers["accept"], "text/plain");
        request
    };
    let request = around_by(json!({"header": "Cache-Control: no-cache"}));
    assert_eq!(request.headers["cache-control"], "no-cache");
    assert_eq!(request.url.as_str(), "http://edge/app/things/a%2Fb?n=1");
    let request = around_by(json!({"query": {"nocache": "{mark}"}}));
    assert_eq!(request.url.as_str(), "http://edge/app/things/a%2Fb?n=1&nocache=m+1");
    for (origin, below) in [("http://origin:8000", ""), ("http://origin:8000/deep/", "/deep")] {
        let request = around_by(json!({"url": origin}));
        assert_eq!(request.url.as_str(), format!("http://origin:8000{below}/things/a%2Fb?n=1"));
    }
}

#[test]
fn a_private_cache_keeps_people_apart_and_a_shared_one_does_not() {
    let fingerprints = |private: bool| {
        let (plan, mut somebody, base) =
            shop("http://host", json!({"path": "/things/{thing}"}), "1", json!({"private": private}));
        let mut of = |index: u32, name: &str| {
            somebody.index = index;
            let draw = Draw::default();
            let fill = Fill::new(&plan, &somebody, &draw, &NOTHING_NOTED);
            render(&base, plan.action(action(&plan, name)), &fill).fingerprint
        };
        [of(0, "act"), of(1, "act"), of(1, "list"), of(1, "act")]
    };
    let [first, second, other, again] = fingerprints(true);
    assert!(first != second && second != other && again == second);
    let [first, second, other, again] = fingerprints(false);
    assert!(first == second && second != other && again == second);
}

#[test]
fn a_read_that_asks_in_its_body_is_known_by_it_and_a_write_by_its_address() {
    let fingerprint = |reads: bool, text: &str| {
        rendered(
            "http://host",
            json!({"method": "POST", "path": "/graphql", "reads": reads, "text": text}),
            "1",
        )
        .fingerprint
    };
    assert_ne!(fingerprint(true, "query a"), fingerprint(true, "query b"));
    assert_eq!(fingerprint(true, "query a"), fingerprint(true, "query a"));
    // What a browser has of an address is no longer good after a write to it.
    assert_eq!(fingerprint(false, "a"), fingerprint(false, "b"));
}
