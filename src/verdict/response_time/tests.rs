//! Times from the intended start, on runs made by hand.

use crate::evidence::{Arrivals, Evidence};
use crate::fixture::{Made, STEADY, STUDENT, TEACHER};
use crate::observe::Source;
use crate::scenario::Kind;
use crate::verdict::{Finding, Judgement, judge};

#[track_caller]
fn expect(line: &str, evidence: &Evidence, judgement: Judgement) -> Finding {
    let finding = judge(&[line.parse().unwrap()], evidence, 0.95).findings.remove(0);
    assert_eq!(finding.judgement, judgement, "{finding:#?}");
    finding
}

/// Ten requests a second by the clock that take 2 ms; two seconds of every ten nobody is
/// answered, and all that was to come then comes at their end.
fn stalled(dropped: u64) -> Evidence {
    let waits = |second: u64| if second % 10 < 2 { (2 - second % 10) * 1_000_000 } else { 2_000 };
    let mut evidence = Made::new().by_clock(STEADY, STUDENT, Source::Hit, 2_000, waits, 10).evidence();
    evidence.phases[usize::from(STEADY)].kind = Kind::Open;
    evidence.arrivals = vec![Arrivals { phase: STEADY, intended: 1_000 + dropped, dropped }];
    evidence
}

#[test]
fn a_stall_is_in_the_response_time_and_not_in_the_latency() {
    let evidence = stalled(0);
    expect("p95(latency) < 5ms", &evidence, Judgement::Pass);
    let finding = expect(r#"p95(response_time{phase="steady"}) < 5ms"#, &evidence, Judgement::Fail);
    assert!((1e6..3e6).contains(&finding.measured.unwrap()), "{finding:#?}");
    let mean = expect("mean(response_time) < 5ms", &evidence, Judgement::Fail).measured.unwrap();
    assert!((mean / (0.2 * 1.5e6 + 0.8 * 2_000.0) - 1.0).abs() < 0.01, "{mean}");
    let finding = expect("p95(response_time) < 5ms over 10s", &evidence, Judgement::Fail);
    assert!(finding.note.unwrap().contains("of 10 windows 0 held, 10 missed"));
    expect("p50(response_time) < 5ms over 10s", &calm(), Judgement::Pass);
    expect("mean(response_time) < 5ms over 10s", &calm(), Judgement::Pass);
}

fn calm() -> Evidence {
    Made::new().by_clock(STEADY, STUDENT, Source::Hit, 2_000, |_| 2_100, 10).evidence()
}

#[test]
fn what_was_dropped_has_no_response_time_and_is_said() {
    assert_eq!(expect("p50(response_time) < 5ms", &stalled(0), Judgement::Pass).note, None);
    let finding = expect("p50(response_time) < 5ms", &stalled(7), Judgement::Pass);
    assert!(finding.note.unwrap().contains("7 of 1,007 arrivals (0.7 %) found nobody free"));
}

#[test]
fn people_who_ask_when_they_are_ready_have_no_intended_start() {
    let evidence = Made::new().four_fifths().evidence();
    for line in
        ["p50(response_time) < 100s", "mean(response_time) < 100s", "p50(response_time) < 100s over 10s"]
    {
        let finding = expect(line, &evidence, Judgement::Inconclusive);
        assert!(finding.note.unwrap().contains("in steady people ask when they are ready"), "{line}");
    }
    let finding = expect(r#"p50(response_time{role="teacher"}) < 5ms"#, &stalled(0), Judgement::Inconclusive);
    assert!(finding.note.unwrap().contains("no answered read"));
}

#[test]
fn a_role_and_an_action_select_their_own() {
    let evidence = Made::new()
        .by_clock(STEADY, STUDENT, Source::Hit, 2_000, |_| 2_000, 10)
        .by_clock(STEADY, TEACHER, Source::Miss, 2_000, |_| 90_000, 10)
        .evidence();
    expect(r#"p90(response_time{role="student"}) < 5ms"#, &evidence, Judgement::Pass);
    expect(r#"p90(response_time{role="teacher", action="report"}) < 5ms"#, &evidence, Judgement::Fail);
}
