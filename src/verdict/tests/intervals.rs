//! What the intervals are checked against, and what is said of those that decide nothing.

use super::*;
use crate::evidence::{Sequential, Watched};
use crate::scenario::Kind;
use crate::stats::Method;

#[test]
fn people_who_differ_widen_the_interval_and_the_note_says_so() {
    let mut evidence = Made::new().four_fifths().evidence();
    let alike = one("hit_rate > 60%", &evidence);
    assert_ne!(alike.method, Some(Method::TwoWay), "{alike:?}");
    // The same reads, but all the misses of a slice are those of four people.
    for cell in evidence.cells.iter_mut().filter(|cell| !cell.source.is_hit()) {
        cell.cluster %= 4;
    }
    let apart = one("hit_rate > 60%", &evidence);
    let width = |finding: &Finding| finding.interval.map(|[lo, hi]| hi - lo).unwrap();
    assert_eq!((apart.method, apart.measured), (Some(Method::TwoWay), alike.measured));
    assert!(width(&apart) > 2.0 * width(&alike), "{apart:?} {alike:?}");
    assert!(apart.note.unwrap().contains("people differ more than time does"));
}

#[test]
fn two_people_are_too_few_to_decide_a_hit_rate() {
    let mut evidence = Made::new().four_fifths().evidence();
    for cell in &mut evidence.cells {
        cell.cluster %= 2;
    }
    let finding = expect("hit_rate > 1%", &evidence, Judgement::Inconclusive);
    assert!(finding.note.unwrap().contains("too few to know how people differ"));
    assert_eq!(finding.to_decide, None, "more reads of theirs would not help");
    assert!(finding.measured.is_some() && finding.interval.is_none(), "what was seen is said all the same");
    expect("error_rate < 2%", &evidence, Judgement::Pass);
}

/// A cache that was empty when the steady phase began.
fn cold(slices: u64) -> Evidence {
    let misses = move |slice: u64| if slice < slices { 9 } else { 1 + u64::from(slice.is_multiple_of(3)) };
    Made::new()
        .reads(STEADY, TEACHER, Source::Hit, 400, move |slice| 10 - misses(slice))
        .reads(STEADY, TEACHER, Source::Miss, 9_000, misses)
        .evidence()
}

#[test]
fn what_a_steady_phase_needs_to_warm_up_is_left_out_and_said() {
    let finding = expect("hit_rate > 80%", &cold(15), Judgement::Pass);
    assert_eq!(finding.warm_up_cut_seconds, Some(15.0), "{finding:?}");
    assert_eq!(finding.n, 850);
    assert!(finding.note.unwrap().contains("the first 15 s of steady were warm-up"));
    let latency = one("p50(latency) < 100ms", &cold(15));
    assert_eq!(latency.warm_up_cut_seconds, Some(15.0), "by its own series: {latency:?}");
}

#[test]
fn errors_and_days_are_never_cut() {
    let evidence = Made::new()
        .four_fifths()
        .reads(STEADY, TEACHER, Source::Error, 500, |slice| if slice < 15 { 5 } else { 0 })
        .evidence();
    let finding = one("error_rate < 90%", &evidence);
    assert_eq!((finding.n, finding.warm_up_cut_seconds), (1_075, None));
    let mut day = cold(15);
    day.phases[usize::from(STEADY)].kind = Kind::Day;
    let finding = one("hit_rate > 80%", &day);
    assert_eq!((finding.n, finding.warm_up_cut_seconds), (1_000, None), "its estimand is the whole day");
}

#[test]
fn only_a_phase_that_could_end_early_is_not_cut() {
    let watching = |phase: u16| {
        let mut evidence = cold(15);
        let watched = Watched {
            phase,
            first_slice: 20,
            batch_slices: 2,
            batches: 50,
            declared_us: 100_000_000,
            decided: false,
        };
        evidence.sequential =
            Some(Sequential { alpha: 0.05, rho2: 0.1, first_look: 20, phases: vec![watched], pairs: None });
        one("p50(latency) < 100ms", &evidence).warm_up_cut_seconds
    };
    assert_eq!(watching(WARM_UP), Some(15.0), "another one was watched");
    assert_eq!(watching(STEADY), None);
}

#[test]
fn a_steady_phase_that_never_was_is_not_decided() {
    let misses = |slice: u64| 1 + slice / 13;
    let evidence = Made::new()
        .reads(STEADY, TEACHER, Source::Hit, 400, move |slice| 10 - misses(slice))
        .reads(STEADY, TEACHER, Source::Miss, 9_000, misses)
        .evidence();
    for line in ["hit_rate > 1%", "hit_rate > 99%"] {
        let finding = expect(line, &evidence, Judgement::Inconclusive);
        assert!(finding.note.as_ref().unwrap().contains("no steady state"), "{finding:?}");
        assert!(finding.measured.is_some() && finding.to_decide.is_none(), "{finding:?}");
    }
}

/// A target just outside the interval of the hit rate at a confidence.
fn just_above(evidence: &Evidence, confidence: f64) -> String {
    let line = "hit_rate > 60%".parse().unwrap();
    let [_, hi] = judge_line(&line, evidence, confidence).interval.unwrap();
    format!("hit_rate > {}", hi + 1e-4)
}

/// A target just outside the interval that decides: a failure by itself.
fn barely_missed(evidence: &Evidence) -> String {
    just_above(evidence, decided_at(CONFIDENCE))
}

#[test]
fn a_line_that_only_the_interval_shown_clears_is_open_and_says_what_would_decide_it() {
    let evidence = Made::new().four_fifths().evidence();
    let line = just_above(&evidence, CONFIDENCE);
    let finding = expect(&line, &evidence, Judgement::Inconclusive);
    assert!(finding.interval.unwrap()[1] < finding.target, "{finding:?}");
    let note = finding.note.unwrap();
    assert!(note.starts_with("the 95 % interval clears ") && note.contains("asks for 98 %"), "{note}");
    assert!(note.contains("more reads") && finding.to_decide.is_some(), "{note}");
    let slo = line.parse().unwrap();
    assert_eq!(judge_line(&slo, &evidence, CONFIDENCE).judgement, Judgement::Fail, "it would have failed");
}

#[test]
fn whoever_asks_for_more_confidence_is_decided_at_that() {
    let evidence = Made::new().four_fifths().evidence();
    let line = just_above(&evidence, 0.98);
    let judged = |confidence| judge(&slos(&[&line]), &evidence, confidence);
    assert_eq!(judged(0.95).verdict, Outcome::Fail);
    assert_eq!(judged(0.95).decided_at, Some(0.98));
    assert_eq!(judged(0.99).verdict, Outcome::Inconclusive);
    assert_eq!(judged(0.99).decided_at, Some(0.99));
}

#[test]
fn a_failure_by_chance_among_many_lines_is_left_open() {
    let evidence = Made::new().four_fifths().evidence();
    let line = barely_missed(&evidence);
    expect(&line, &evidence, Judgement::Fail);
    let lines: Vec<String> =
        std::iter::once(line).chain((1..20).map(|n| format!("hit_rate > {n}%"))).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let verdict = judge(&slos(&lines), &evidence, CONFIDENCE);
    let finding = &verdict.findings[0];
    assert_eq!(finding.judgement, Judgement::Inconclusive);
    assert!(finding.note.as_ref().unwrap().contains("among 20 lines"), "{finding:?}");
    assert_eq!(finding.confidence, CONFIDENCE, "the plain interval is shown");
    assert_eq!(verdict.verdict, Outcome::Inconclusive);
    assert!(verdict.findings[1..].iter().all(|finding| finding.judgement == Judgement::Pass));
}

#[test]
fn a_failure_beyond_chance_stands_among_many_lines() {
    let evidence = Made::new().four_fifths().scrapes(60).evidence();
    let lines: Vec<String> = (70..99).map(|n| format!("hit_rate > {n}%")).collect();
    let mut lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    lines.push(r#"max(memory{scope="user"}) <= 18KB"#);
    let verdict = judge(&slos(&lines), &evidence, CONFIDENCE);
    let of =
        |text: &str| verdict.findings.iter().find(|finding| finding.slo.contains(text)).unwrap().judgement;
    assert_eq!((of("> 98%"), of("> 90%"), of("> 70%")), (Judgement::Fail, Judgement::Fail, Judgement::Pass));
    assert_eq!(of("memory"), Judgement::Fail, "what is read off is not corrected");
}

#[test]
fn too_little_says_how_much_more() {
    let evidence = Made::new().reads(STEADY, TEACHER, Source::Hit, 400, |slice| slice % 2).evidence();
    let finding = expect("hit_rate > 1%", &evidence, Judgement::Inconclusive);
    let more = finding.to_decide.unwrap();
    assert_eq!((finding.n, more.samples, more.seconds), (50, 50, Some(100.0)));
    let note = finding.note.unwrap();
    assert!(note.contains("about 50 more reads, another 1 min 40 s at this pace"), "{note}");
    let pairs = Made::new().pairs(LIST, 12).evidence();
    let finding = expect("speedup >= 2x", &pairs, Judgement::Inconclusive);
    let more = finding.to_decide.unwrap();
    assert_eq!(more.samples, 8);
    assert!(finding.note.unwrap().contains("about 8 more pairs"), "{more:?}");
}
