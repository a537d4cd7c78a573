//! Open arrivals, breakpoints and replays.

use super::{Site, evidence, run};
use crate::attack::trace::Entry;
use crate::attack::{AttackError, Stop, TargetError};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::Ordering;

#[tokio::test]
async fn arrivals_come_by_the_clock_in_proportion_to_the_people() {
    let site = Site::open().await;
    let phases = json!([
        {"kind": "open", "duration": "2s", "arrivals": {"rate": 100, "pool": 20}},
        {"kind": "steady", "duration": "1s"},
        {"kind": "open", "name": "again", "duration": "1s", "arrivals": {"rate": 40, "shape": "poisson", "pool": 20}},
    ]);
    let plan = site.plan("/fast", phases, &[]);
    let evidence = evidence(run(&plan, &Stop::default(), None).await.unwrap());
    assert_eq!(evidence.phases.len(), 3);
    let [first, again] = &evidence.arrivals[..] else { panic!("{:?}", evidence.arrivals) };
    assert_eq!((first.phase, first.intended, again.phase), (0, 200, 2));
    assert!((15..80).contains(&again.intended), "{again:?}");
    let of_role = |role: u16| -> u64 {
        evidence.cells.iter().filter(|cell| cell.phase == 0 && cell.role == role).map(|cell| cell.n).sum()
    };
    // Six readers to two editors, every place once a round.
    assert_eq!(
        (of_role(0) + of_role(1), first.dropped),
        (200 - first.dropped, 200 - of_role(0) - of_role(1))
    );
    if first.dropped == 0 {
        assert_eq!((of_role(0), of_role(1)), (150, 50));
    }
    assert_eq!(evidence.responses(), site.served.load(Ordering::Relaxed));
    let connections = evidence.connections.as_ref().unwrap();
    assert!(connections.opened < connections.requests / 2, "{connections:?}: places keep theirs");
}

#[tokio::test]
async fn an_arrival_that_finds_nobody_free_is_dropped_and_counted() {
    let site = Site::open().await;
    // Two at a time, a tenth of a second each: about 20 a second.
    let phases = json!([{"kind": "open", "duration": "2s", "arrivals": {"rate": 100, "pool": 2}}]);
    let plan = site.plan("/slow", phases, &[]);
    let evidence = evidence(run(&plan, &Stop::default(), None).await.unwrap());
    let arrivals = &evidence.arrivals[0];
    assert_eq!(arrivals.intended, 200);
    assert_eq!(evidence.responses(), 200 - arrivals.dropped);
    assert!((10..=42).contains(&evidence.responses()), "{} answered", evidence.responses());
}

#[tokio::test]
async fn requests_by_the_clock_have_a_response_time_and_the_peak_is_counted() {
    let site = Site::open().await;
    // A tenth of a second each, at most four at a time.
    let phases = json!([
        {"kind": "open", "duration": "2s", "arrivals": {"rate": 8, "pool": 4}},
        {"kind": "steady", "duration": "1s"},
    ]);
    let plan = site.plan("/slow", phases, &[]);
    let evidence = evidence(run(&plan, &Stop::default(), None).await.unwrap());
    let times = |phase: u16| {
        let parts = evidence.response_times.iter().filter(move |part| part.phase == phase);
        parts.flat_map(|part| part.counts.clone()).collect::<Vec<(u64, u64)>>()
    };
    let n: u64 = times(0).iter().map(|(_, n)| n).sum();
    let answered = evidence.cells.iter().filter(|cell| cell.phase == 0 && cell.source.is_answered_read());
    assert_eq!(n, answered.map(|cell| cell.n).sum::<u64>(), "every answered read has one");
    assert!(n > 5 && times(0).iter().all(|(us, _)| *us >= 90_000), "{:?}", times(0));
    assert!(times(1).is_empty(), "people ask when they are ready");
    let peak = evidence.phases[0].peak_in_flight.unwrap();
    assert!((1..=4).contains(&peak), "{peak} under way in a pool of 4");
    let people: u32 = plan.roles.iter().map(|role| role.users).sum();
    assert!(evidence.phases[1].peak_in_flight.is_some_and(|peak| peak <= people));
}

#[tokio::test]
async fn a_breakpoint_ends_at_the_first_limit_that_breaks() {
    let site = Site::open().await;
    let climb = |limit: &str| {
        json!([{"kind": "breakpoint", "duration": "4s", "steps": 4, "limits": [limit],
            "arrivals": {"rate": 20, "to": 80, "pool": 50}}])
    };
    let plan = site.plan("/slow", climb("p50(latency) < 90ms"), &[]);
    let broken = evidence(run(&plan, &Stop::default(), None).await.unwrap()).breakpoints;
    assert_eq!((broken.len(), broken[0].within, broken[0].rate), (1, false, 20.0));
    assert!(broken[0].why.as_ref().unwrap().starts_with("p50(latency) was 1"), "{:?}", broken[0].why);
    assert!(broken[0].values[0].1.unwrap() >= 90_000.0);

    let plan = site.plan("/fast", climb("error_rate < 1%"), &[]);
    let held = evidence(run(&plan, &Stop::default(), None).await.unwrap()).breakpoints;
    assert_eq!(held.iter().map(|step| step.rate).collect::<Vec<_>>(), [20.0, 40.0, 60.0, 80.0]);
    assert!(held.iter().all(|step| step.within && step.values[0].1 == Some(0.0)), "{held:?}");
}

#[tokio::test]
async fn a_breakpoint_ends_at_a_rate_that_cannot_be_sent() {
    let site = Site::open().await;
    let phases = json!([{"kind": "breakpoint", "duration": "3s", "steps": 3, "limits": ["error_rate < 1%"],
        "arrivals": {"rate": 5, "to": 205, "pool": 2}}]);
    let plan = site.plan("/slow", phases, &[]);
    let steps = evidence(run(&plan, &Stop::default(), None).await.unwrap()).breakpoints;
    let last = steps.last().unwrap();
    assert!(!last.within && last.rate <= 105.0 && last.dropped > 0, "{steps:?}");
    assert!(last.why.as_ref().unwrap().contains("a pool of 2"), "{:?}", last.why);
    assert!(last.achieved < last.rate / 2.0, "{last:?}");
}

type Asked = BTreeMap<String, u64>;

/// How often each request of a trace was made.
fn asked(trace: &Path) -> Asked {
    let mut asked = Asked::new();
    for line in std::fs::read_to_string(trace).unwrap().lines() {
        let Entry { role, person, action, items, values, mark, filter, .. } =
            serde_json::from_str(line).unwrap();
        *asked
            .entry(format!("{role} {person} {action} {items:?} {values:?} {mark:?} {filter}"))
            .or_default() += 1;
    }
    asked
}

fn replay(trace: &Path) -> Value {
    json!([{"kind": "replay", "duration": "30s", "file": trace}])
}

#[tokio::test]
async fn a_trace_sent_again_asks_the_same() {
    let (site, dir) = (Site::open().await, tempfile::tempdir().unwrap());
    let (first, second) = (dir.path().join("first.trace"), dir.path().join("second.trace"));
    let phases = json!([
        {"kind": "steady", "duration": "1500ms"},
        {"kind": "open", "duration": "1s", "arrivals": {"rate": 60, "pool": 20}},
    ]);
    let plan = site.plan("/fast", phases, &[]);
    run(&plan, &Stop::default(), Some(&first)).await.unwrap();
    let plan = site.plan("/fast", replay(&first), &[]);
    let conducted = run(&plan, &Stop::default(), Some(&second)).await.unwrap();
    assert!(conducted.troubles.is_empty(), "{:?}", conducted.troubles);
    let evidence = evidence(conducted);
    let (written, again) = (asked(&first), asked(&second));
    assert!(written.len() > 30 && written.keys().any(|request| request.contains("other")), "{written:?}");
    assert_eq!(evidence.arrivals[0].intended, written.values().sum::<u64>());
    assert_eq!(evidence.arrivals[0].dropped, 0, "a pool of a hundred for a fast page");
    assert_eq!(written, again);
    // As long as it took then, and not until the end of the phase.
    let phase = &evidence.phases[0];
    assert!((1_500_000..15_000_000).contains(&(phase.to_us - phase.from_us)), "{phase:?}");
}

#[tokio::test]
async fn what_cannot_be_sent_again_is_counted_and_told() {
    let (site, dir) = (Site::open().await, tempfile::tempdir().unwrap());
    let trace = dir.path().join("a.trace");
    let line = |at: f64, person: &str, action: &str, filter: u16| {
        json!({"at": at, "phase": "x", "role": "reader", "person": person, "action": action, "filter": filter})
            .to_string()
    };
    let lines = [
        line(0.0, "visitor-reader-1", "page", 2),
        line(0.1, "nobody", "page", 0),
        line(0.1, "visitor-reader-1", "gone", 0),
        line(0.1, "visitor-reader-2", "page", 3),
        line(0.1, "visitor-reader-2", "other", 0),
        line(99.0, "visitor-reader-2", "page", 0),
        line(0.2, "visitor-reader-2", "page", 0),
    ];
    std::fs::write(&trace, lines.join("\n")).unwrap();
    let conducted = run(&site.plan("/fast", replay(&trace), &[]), &Stop::default(), None).await.unwrap();
    let [trouble] = &conducted.troubles[..] else { panic!("{:?}", conducted.troubles) };
    assert!(trouble.contains("5 of its 7 requests were left out"), "{trouble}");
    for why in ["1 by people", "1 of actions", "1 with filters", "1 without a value", "1 came after the end"]
    {
        assert!(trouble.contains(why), "{why}: {trouble}");
    }
    assert_eq!(evidence(conducted).responses(), 2);
}

#[tokio::test]
async fn a_trace_that_is_none_is_refused_with_its_line_before_any_load() {
    let (site, dir) = (Site::open().await, tempfile::tempdir().unwrap());
    let trace = dir.path().join("b.trace");
    let good = r#"{"at": 1, "phase": "x", "role": "reader", "person": "visitor-reader-1", "action": "page"}"#;
    for (text, place, what) in [
        (format!("{good}\n\n{{\"at\": 2}}\n"), "b.trace:3", "missing field"),
        (format!("{good}\nGET / HTTP/1.1\n"), "b.trace:2", "not a line of a trace"),
        (good.replace("1,", "-1,"), "b.trace:1", "no moment"),
        (good.replace("\"at\"", "\"url\": \"/\", \"at\""), "b.trace:1", "unknown field `url`"),
        (String::new(), "b.trace", "empty"),
    ] {
        std::fs::write(&trace, &text).unwrap();
        let outcome = run(&site.plan("/fast", replay(&trace), &[]), &Stop::default(), None).await;
        let Err(AttackError::Target(TargetError::Trace { path, what: said })) = outcome.map(|_| ()) else {
            panic!("{text}: was accepted");
        };
        assert!(path.ends_with(place) && said.contains(what), "{path}: {said}");
    }
    let gone = site.plan("/fast", replay(&dir.path().join("gone.trace")), &[]);
    assert!(
        run(&gone, &Stop::default(), None).await.err().unwrap().to_string().contains("cannot read the trace")
    );
    assert_eq!(site.served.load(Ordering::Relaxed), 0);
}
