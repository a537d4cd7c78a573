//! Lines that end a run early.

use super::{Site, evidence, run};
use crate::attack::{Cause, Stop};
use serde_json::json;
use std::time::{Duration, Instant};

#[tokio::test]
async fn a_line_that_holds_ends_the_run_and_what_there_is_stays() {
    let site = Site::open().await;
    let phases = json!([{"kind": "steady", "duration": "60s"}]);
    let plan = site.plan("/broken", phases, &["error_rate > 50% over 2s"]);
    let (stop, begun) = (Stop::default(), Instant::now());
    let conducted = run(&plan, &stop, None).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    let Some(Cause::Aborted { line, value }) = stop.cause() else { panic!("{:?}", stop.cause()) };
    assert_eq!(line, "error_rate > 50% over 2s");
    assert_eq!(value, "error_rate was 100.0 %");
    let evidence = evidence(conducted);
    assert!(evidence.responses() >= 20 && evidence.phases.len() == 1);
}

#[tokio::test]
async fn a_line_that_does_not_hold_ends_nothing() {
    let site = Site::open().await;
    let phases = json!([{"kind": "steady", "duration": "2500ms"}]);
    let plan = site.plan("/fast", phases, &["error_rate > 0.1% over 1s", r#"hit_rate{role="editor"} < 99%"#]);
    let stop = Stop::default();
    let evidence = evidence(run(&plan, &stop, None).await.unwrap());
    assert_eq!(stop.cause(), None);
    assert!(evidence.responses() > 40, "{}", evidence.responses());
}
