use super::*;
use crate::fixture::{Made, STEADY, TEACHER};
use crate::observe::RedisSeen;
use crate::verdict::{Judgement, Outcome, judge as judge_all};

/// Eight hits and two misses a slice over 100 slices; the service is read in each and counts
/// so many for each of the client's.
fn run(hits: f64, misses: f64) -> Evidence {
    let mut evidence = Made::new()
        .reads(STEADY, TEACHER, Source::Hit, 400, |_| 8)
        .reads(STEADY, TEACHER, Source::Miss, 9_000, |_| 2)
        .scrapes(100)
        .evidence();
    for (at, scrape) in (0..).zip(&mut evidence.scrapes) {
        let seen = f64::from(at);
        (scrape.hits, scrape.misses) = (Some(5.0 + seen * hits), Some(seen * misses));
    }
    evidence
}

fn found(evidence: &Evidence, counter: Counter) -> Reconciliation {
    reconcile(evidence).into_iter().find(|found| found.counter == counter).unwrap()
}

#[test]
fn counts_that_requests_under_way_explain_agree() {
    let evidence = run(8.0, 2.0);
    for counter in [Counter::Hits, Counter::Misses] {
        let found = found(&evidence, counter);
        assert_eq!((found.agreement, &found.note), (Agreement::Agrees, &None), "{found:?}");
        let counted = found.counted.unwrap();
        assert!(found.between[0] <= counted && counted <= found.between[1], "{found:?}");
        assert!(found.between[1] - found.between[0] <= 3 * 8, "no wider than its edges: {found:?}");
    }
    assert_eq!(reconcile(&evidence).len(), 2, "nobody told of bypasses or Redis");
}

#[test]
fn a_service_that_counts_fewer_hits_than_it_served_differs() {
    let found = found(&run(7.5, 2.0), Counter::Hits);
    assert_eq!(found.agreement, Agreement::Differs);
    assert!(found.note.unwrap().contains("fewer than the client received"));
}

#[test]
fn more_than_the_client_received_may_be_others_unless_the_service_was_ours_alone() {
    let mut evidence = run(9.0, 2.0);
    assert_eq!(found(&evidence, Counter::Hits).agreement, Agreement::Differs);
    evidence.run.target = "http://127.0.0.1:8080/".into();
    assert_eq!(found(&evidence, Counter::Hits).agreement, Agreement::Unknown);
}

#[test]
fn a_counter_that_is_wrong_for_certain_fails_the_run() {
    let line = |evidence: &Evidence| {
        let verdict = judge_all(&[r#"violations{oracle="counters"} == 0"#.parse().unwrap()], evidence, 0.95);
        (verdict.verdict, verdict.findings[0].judgement, verdict.violations.len())
    };
    assert_eq!(line(&run(8.0, 2.0)), (Outcome::Pass, Judgement::Pass, 0));
    assert_eq!(line(&run(7.0, 2.0)), (Outcome::Fail, Judgement::Fail, 1));
    let mut others = run(9.0, 2.0);
    others.run.target = "http://127.0.0.1:8080/".into();
    assert_eq!(line(&others), (Outcome::Inconclusive, Judgement::Inconclusive, 0));
}

#[test]
fn answers_that_do_not_say_what_they_were_may_be_either() {
    let mut evidence = run(9.0, 2.0);
    for cell in &mut evidence.cells {
        // One of five responses of a slice has lost its header.
        if cell.source == Source::Hit && cell.cluster == 0 {
            cell.source = Source::Unknown;
        }
    }
    let served = run(8.0, 2.0);
    evidence.scrapes.clone_from(&served.scrapes);
    assert_eq!(found(&evidence, Counter::Hits).agreement, Agreement::Agrees);
}

#[test]
fn a_counter_that_falls_was_restarted_and_tells_nothing() {
    let mut evidence = run(8.0, 2.0);
    evidence.scrapes[50].hits = Some(0.0);
    let found = found(&evidence, Counter::Hits);
    assert_eq!((found.agreement, found.counted), (Agreement::Unknown, None));
    assert!(found.note.unwrap().contains("restarted"));
}

#[test]
fn a_redis_that_was_asked_less_often_than_the_cache_answered_differs() {
    let with = |lookups: f64| {
        let mut evidence = run(8.0, 2.0);
        for (at, scrape) in (0..).zip(&mut evidence.scrapes) {
            let seen = f64::from(at);
            scrape.redis = Some(RedisSeen { hits: seen * lookups, misses: seen });
        }
        found(&evidence, Counter::Lookups)
    };
    let found = with(29.0);
    assert_eq!(found.agreement, Agreement::Agrees, "a read may look up several keys");
    assert_eq!(found.counted, Some(2_970));
    assert!(found.note.unwrap().contains("for each read"));
    assert_eq!(with(5.0).agreement, Agreement::Differs);
}
