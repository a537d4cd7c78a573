//! Phases that end as soon as their lines are decided.

use super::{Site, evidence, run};
use crate::attack::{Stop, until_decided};
use crate::plan::Plan;
use crate::verdict::{Judgement, Slo, judge};
use serde_json::json;
use std::sync::Arc;

fn plan(site: &Site, length: &str, lines: &[&str]) -> Arc<Plan> {
    let phases = json!([{"kind": "steady", "duration": length}]);
    let mut plan = Arc::unwrap_or_clone(site.plan("/fast", phases, &[]));
    plan.slos = lines.iter().map(|line| line.parse().unwrap()).collect();
    plan.until_decided = true;
    Arc::new(plan)
}

#[tokio::test]
async fn lines_far_from_their_targets_end_the_phase_and_are_judged_as_the_look_saw_them() {
    let site = Site::open().await;
    let lines = ["hit_rate > 20%", "error_rate < 20%", "p90(latency) < 5s", "mean(latency) < 1us"];
    let plan = plan(&site, "25s", &lines);
    assert!(until_decided(&plan).is_empty(), "everything can be decided early");
    let evidence = evidence(run(&plan, &Stop::default(), None).await.unwrap());
    let record = evidence.sequential.clone().unwrap();
    let [watched] = record.phases.as_slice() else { panic!("{record:?}") };
    assert!(watched.decided && watched.batches >= record.first_look, "{watched:?}");
    let took = evidence.phases[0].to_us - evidence.phases[0].from_us;
    assert!(took < 24_000_000, "{took} of 25 s");
    let verdict = judge(&plan.slos, &evidence, plan.confidence);
    let judged: Vec<Judgement> = verdict.findings.iter().map(|finding| finding.judgement).collect();
    use Judgement::{Fail, Pass};
    assert_eq!(judged, [Pass, Pass, Pass, Fail], "{:#?}", verdict.findings);
    assert!(verdict.caveats.iter().any(|caveat| caveat.to_string().contains("of the time and about")));

    // From the file alone, the same again.
    let kept: crate::evidence::Evidence =
        serde_json::from_str(&serde_json::to_string(&evidence).unwrap()).unwrap();
    let again = judge(&plan.slos, &kept, plan.confidence);
    assert_eq!(serde_json::to_string(&again).unwrap(), serde_json::to_string(&verdict).unwrap());
}

#[tokio::test]
async fn a_line_that_needs_the_whole_length_keeps_it_and_that_is_said_before() {
    let site = Site::open().await;
    let phases =
        json!([{"kind": "steady", "duration": "20s"}, {"kind": "steady", "name": "more", "duration": "2s"}]);
    let mut plan = Arc::unwrap_or_clone(site.plan("/fast", phases, &[]));
    plan.slos = ["hit_rate > 50%", r#"error_rate{phase="steady"} < 1%"#]
        .map(|line| line.parse::<Slo>().unwrap())
        .into();
    let words = until_decided(&plan);
    assert!(
        words[0].contains("steady runs its whole length for `hit_rate > 50%`: it is about several"),
        "{words:?}"
    );
    plan.slos.remove(0);
    let words = until_decided(&plan);
    assert!(words.len() == 1 && words[0].contains("more runs its whole length: no line"), "{words:?}");
    let short = self::plan(&site, "8s", &["hit_rate > 50%"]);
    assert!(until_decided(&short)[0].contains("too short for 20 batches"));
    let day = json!([{"kind": "day", "duration": "60s", "curve": [0.5, 1.0]}]);
    let mut plan = Arc::unwrap_or_clone(site.plan("/fast", day, &[]));
    plan.slos = vec!["hit_rate > 50%".parse().unwrap()];
    assert!(until_decided(&plan)[0].contains("judged as a whole"));
}
