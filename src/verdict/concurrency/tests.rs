//! The most at one time, on runs made by hand.

use crate::evidence::{Cell, Evidence};
use crate::fixture::{LIST, Made, STEADY, STUDENT, TEACHER};
use crate::observe::Source;
use crate::verdict::{Finding, Judgement, judge};

#[track_caller]
fn expect(line: &str, evidence: &Evidence, judgement: Judgement) -> Finding {
    let finding = judge(&[line.parse().unwrap()], evidence, 0.95).findings.remove(0);
    assert_eq!(finding.judgement, judgement, "{finding:#?}");
    finding
}

/// Each of these people asks once, in that second of the measured phase.
fn asked(people: impl Iterator<Item = (u16, u32, u32)>) -> Evidence {
    let mut evidence = Made::new().evidence();
    evidence.cells = people
        .map(|(role, person, second)| Cell {
            phase: STEADY,
            role,
            action: LIST,
            source: Source::Hit,
            cluster: person % 1_024,
            slice: 20 + second,
            n: 1,
            firsts: 0,
            validated: 0,
            bytes: 0,
            latency_us: 400,
        })
        .collect();
    evidence
}

#[test]
fn people_of_one_minute_are_counted_once_each() {
    // Sixty in the first minute, one a second, and again; then ten more.
    let evidence = asked((0..90).map(|second| (STUDENT, second % 70, second)));
    let finding = expect(r#"max(concurrency{of="people"}) >= 60"#, &evidence, Judgement::Pass);
    assert_eq!((finding.measured, finding.interval, finding.n), (Some(60.0), None, 90));
    expect(r#"max(concurrency{of="people"}) >= 61"#, &evidence, Judgement::Fail);
    let same = asked((0..90).map(|second| (STUDENT, second % 2, second)));
    assert_eq!(expect(r#"max(concurrency{of="people"}) == 2"#, &same, Judgement::Pass).measured, Some(2.0));
    let both = asked((0..50).flat_map(|second| [(STUDENT, second, second), (TEACHER, 100 + second, second)]));
    expect(r#"max(concurrency{of="people"}) >= 100"#, &both, Judgement::Pass);
    expect(r#"max(concurrency{of="people", role="teacher"}) >= 51"#, &both, Judgement::Fail);
}

#[test]
fn a_copy_in_a_browser_asked_nothing() {
    let mut evidence = asked((0..20).map(|person| (STUDENT, person, 0)));
    evidence.cells.iter_mut().take(5).for_each(|cell| cell.source = Source::Browser);
    assert_eq!(expect(r#"max(concurrency{of="people"}) >= 15"#, &evidence, Judgement::Pass).n, 15);
}

#[test]
fn more_people_than_can_be_told_apart_are_a_lower_bound() {
    let crowd = asked((0..4_000).map(|person| (STUDENT, person, 3)));
    let finding = expect(r#"max(concurrency{of="people"}) >= 1000"#, &crowd, Judgement::Pass);
    assert_eq!(finding.measured, Some(1_024.0));
    let finding = expect(r#"max(concurrency{of="people"}) >= 3000"#, &crowd, Judgement::Inconclusive);
    assert!(finding.note.unwrap().contains("1,024 or more"));
    expect(r#"max(concurrency{of="people"}) < 3000"#, &crowd, Judgement::Inconclusive);
    expect(r#"max(concurrency{of="people"}) < 1000"#, &crowd, Judgement::Fail);
}

#[test]
fn requests_under_way_are_as_counted_when_they_were_sent() {
    let mut evidence = Made::new().four_fifths().evidence();
    let line = r#"max(concurrency{of="requests"}) >= 17"#;
    let finding = expect(line, &evidence, Judgement::Inconclusive);
    assert!(finding.note.unwrap().contains("not counted"), "an old run has no such count");
    evidence.phases[1].peak_in_flight = Some(90);
    evidence.phases[2].peak_in_flight = Some(17);
    let finding = expect(line, &evidence, Judgement::Pass);
    assert_eq!((finding.measured, finding.interval), (Some(17.0), None), "warm-up is not measured");
    expect(r#"max(concurrency{of="requests", phase="steady"}) < 17"#, &evidence, Judgement::Fail);
    let finding = expect(line, &Made::new().evidence(), Judgement::Inconclusive);
    assert_eq!(finding.measured, None);
}

#[test]
fn slices_longer_than_a_minute_do_not_tell_who_was_there_in_one() {
    let mut evidence = asked((0..20).map(|person| (STUDENT, person, 0)));
    evidence.slice_us = 72_000_000;
    let finding = expect(r#"max(concurrency{of="people"}) >= 1"#, &evidence, Judgement::Inconclusive);
    assert!(finding.note.unwrap().contains("more than a minute"));
}
