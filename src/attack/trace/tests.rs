//! What is written down of a request, and what is not.

use super::super::testing::{cast, named, open, serve, stage};
use super::*;
use crate::workload::testing::{action, item, school, stock};
use crate::workload::{Draw, Item};
use axum::Router;
use serde_json::json;

#[tokio::test]
async fn requests_are_written_with_names_and_without_secrets() {
    let url = serve(Router::new()).await;
    let mut scenario = school();
    scenario["target"]["login"] = json!({"basic": true, "password": "s3cret"});
    let (plan, target) = open(scenario, &url).await;
    let mut teacher = named(&plan, "ada");
    teacher.stocks[usize::from(stock(&plan, "answer"))] = vec![Item::plain("a1"), item("a/2", &["s2"], 0)];
    let cast = cast(&plan, &target, vec![teacher]).await;
    let (stage, _scene) = stage(&plan, target, &cast);
    let grade = Draw {
        items: vec![(stock(&plan, "answer"), 1)],
        values: vec![(0, "77".into())],
        mark: Some("mark 1".into()),
        filter: 0,
    };
    let list = Draw { filter: 2, ..Draw::default() };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.trace");
    let (tracer, sink) = Tracer::start(&path).unwrap();
    for (name, draw) in [("grade", &grade), ("list", &list)] {
        let errand = Errand { person: 0, action: action(&plan, name), draw, due: Instant::now(), phase: 0 };
        sink.write(Entry::of(&stage, &errand)).await;
    }
    drop(sink);
    tracer.finish().await.unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(!text.contains("s3cret") && !text.contains("Basic"), "{text}");
    let entries: Vec<Entry> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [first, second] = entries.as_slice() else { panic!("{text}") };
    assert_eq!(
        (first.phase.as_str(), first.role.as_str(), first.person.as_str(), first.action.as_str()),
        ("steady", "teacher", "ada", "grade")
    );
    assert_eq!(first.items, [("answer".to_owned(), "a/2".to_owned())].into());
    assert_eq!(first.values, [("score".to_owned(), "77".to_owned())].into());
    assert_eq!((first.mark.as_deref(), first.filter), (Some("mark 1"), 0));
    assert_eq!((second.action.as_str(), second.mark.as_deref(), second.filter), ("list", None, 2));
    assert!(second.items.is_empty() && second.at >= first.at && first.at >= 0.0);
    assert!(!text.lines().nth(1).unwrap().contains("items"), "what is not there takes no room");
}

#[tokio::test]
async fn a_trace_that_cannot_be_written_is_told_before_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let error = Tracer::start(&folder.path().join("no/such/folder.trace")).unwrap_err().to_string();
    assert!(error.contains("folder.trace") && error.contains("cannot write"), "{error}");
}
