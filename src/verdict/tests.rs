//! Judging, on runs made by hand.

mod intervals;

use super::*;
use crate::evidence::{Caveat, Evidence};
use crate::fixture::{LIST, Made, REPORT, SLICES, STEADY, STUDENT, TEACHER, WARM_UP};
use crate::observe::Source;

const CONFIDENCE: f64 = 0.95;

fn slos(lines: &[&str]) -> Vec<Slo> {
    lines.iter().map(|line| line.parse().unwrap_or_else(|error| panic!("{line}: {error}"))).collect()
}

fn one(line: &str, evidence: &Evidence) -> Finding {
    judge(&slos(&[line]), evidence, CONFIDENCE).findings.remove(0)
}

/// The finding, which must have this judgement.
#[track_caller]
fn expect(line: &str, evidence: &Evidence, judgement: Judgement) -> Finding {
    let finding = one(line, evidence);
    assert_eq!(finding.judgement, judgement, "{finding:#?}");
    finding
}

#[test]
fn zero_samples_never_pass() {
    let evidence = Made::new().evidence();
    let lines = [
        "hit_rate > 0%",
        r#"hit_rate{role="teacher"} >= 0%"#,
        "effective_hit_rate >= 0%",
        "speedup >= 0x",
        "p50(latency) < 100s",
        r#"p99.9(latency{source="hit"}) < 100s"#,
        "mean(latency) < 100s",
        "db_query_reduction >= 0%",
        r#"max(memory{scope="user"}) <= 50GB"#,
        "max(memory) <= 50GB",
        r#"mean(store_operation{op="read"}) < 100s"#,
        "error_rate <= 100%",
        "violations == 0",
        r#"violations{oracle="isolation"} == 0"#,
    ];
    for line in lines {
        let finding = expect(line, &evidence, Judgement::Inconclusive);
        assert_eq!(
            (finding.measured, finding.interval, finding.n),
            (None, None, 0),
            "{line}: absent is not zero"
        );
        assert!(finding.note.is_some_and(|note| !note.is_empty()), "{line} does not say why");
    }
    assert_eq!(judge(&slos(&lines), &evidence, CONFIDENCE).verdict, Outcome::Inconclusive);
}

#[test]
fn no_slo_at_all_proves_nothing() {
    let evidence = Made::new().four_fifths().evidence();
    assert_eq!(judge(&[], &evidence, CONFIDENCE).verdict, Outcome::Inconclusive);
}

#[test]
fn an_interval_wholly_on_one_side_of_the_target_decides() {
    let evidence = Made::new().four_fifths().evidence();
    let passed = expect("hit_rate > 60%", &evidence, Judgement::Pass);
    let measured = passed.measured.unwrap();
    let [lo, hi] = passed.interval.unwrap();
    assert!(
        (measured - 0.8).abs() < 0.01 && lo > 0.6 && hi < 0.95 && lo < measured && measured < hi,
        "{passed:?}"
    );
    assert_eq!(passed.n, 10 * SLICES);
    assert_eq!(passed.confidence, CONFIDENCE);
    expect("hit_rate > 95%", &evidence, Judgement::Fail);
    expect(r#"hit_rate{role="student"} >= 60%"#, &evidence, Judgement::Pass);
    expect("error_rate < 2%", &evidence, Judgement::Pass);
}

#[test]
fn a_smaller_is_better_target_is_judged_by_the_upper_end() {
    let evidence = Made::new().four_fifths().evidence();
    expect(r#"p50(latency{source="hit"}) < 50ms"#, &evidence, Judgement::Pass);
    expect(r#"p50(latency{source="miss"}) < 5ms"#, &evidence, Judgement::Fail);
    expect("mean(latency) < 1ms", &evidence, Judgement::Fail);
    expect("mean(latency) < 10ms", &evidence, Judgement::Pass);
}

#[test]
fn an_interval_that_holds_the_target_is_inconclusive_and_says_what_would_decide() {
    let evidence = Made::new().four_fifths().evidence();
    let wide = one("hit_rate > 60%", &evidence);
    let (measured, [_, hi]) = (wide.measured.unwrap(), wide.interval.unwrap());
    let inside = measured + (hi - measured) / 2.0;
    let finding = expect(&format!("hit_rate > {inside}"), &evidence, Judgement::Inconclusive);
    let note = finding.note.unwrap();
    let needed: u64 = note
        .split("about ")
        .nth(1)
        .and_then(|rest| rest.split(' ').next())
        .map(|number| number.replace(',', ""))
        .and_then(|number| number.parse().ok())
        .unwrap_or_else(|| panic!("{note}"));
    // Half the width away: four times the samples, and (2.33 / 1.96)² as many again for the level
    // that it will be decided at.
    assert!((4 * finding.n..6 * finding.n).contains(&needed), "{needed} for {}: {note}", finding.n);
    let more = finding.to_decide.unwrap();
    assert_eq!(more.samples, needed);
    // 1,000 reads took the hundred seconds of the phase.
    assert!(
        (more.seconds.unwrap() - needed as f64 / 10.0).abs() < 1e-6 && note.contains("at this pace"),
        "{note}"
    );
    assert_eq!(finding.measured, Some(measured), "what was measured is still said");
}

#[test]
fn a_target_that_is_the_measured_value_is_too_close_to_call() {
    let evidence = Made::new().four_fifths().evidence();
    let measured = one("hit_rate > 60%", &evidence).measured.unwrap();
    let finding = expect(&format!("hit_rate > {measured}"), &evidence, Judgement::Inconclusive);
    assert!(finding.note.unwrap().contains("too close"));
}

#[test]
fn more_than_one_per_cent_of_unknown_reads_leaves_the_hit_rate_open() {
    let unknown = |every: u64| {
        Made::new()
            .four_fifths()
            .reads(STEADY, TEACHER, Source::Unknown, 500, move |slice| u64::from(slice.is_multiple_of(every)))
            .evidence()
    };
    expect("hit_rate > 60%", &unknown(20), Judgement::Pass);
    for target in ["> 60%", "> 95%"] {
        let finding = expect(&format!("hit_rate {target}"), &unknown(5), Judgement::Inconclusive);
        assert!(finding.note.unwrap().contains("did not say which layer"), "{target}");
    }
    expect(r#"hit_rate{role="student"} > 60%"#, &unknown(5), Judgement::Pass);
}

#[test]
fn only_reads_that_say_nothing_are_no_evidence_of_hits() {
    let evidence = Made::new().reads(STEADY, TEACHER, Source::Unknown, 500, |_| 10).evidence();
    for line in ["hit_rate > 0%", "hit_rate < 100%", "effective_hit_rate >= 0%"] {
        assert_eq!(expect(line, &evidence, Judgement::Inconclusive).measured, None);
    }
}

#[test]
fn stale_answers_count_below_the_line_only() {
    let evidence = Made::new()
        .reads(STEADY, TEACHER, Source::Hit, 400, |_| 5)
        .reads(STEADY, TEACHER, Source::Stale, 400, |_| 5)
        .evidence();
    let finding = one("hit_rate > 90%", &evidence);
    assert_eq!((finding.judgement, finding.measured), (Judgement::Fail, Some(0.5)));
}

#[test]
fn people_who_read_faster_than_declared_leave_the_hit_rate_open() {
    let mut evidence = Made::new().four_fifths().evidence();
    expect("hit_rate > 70%", &evidence, Judgement::Pass);
    evidence.phases[usize::from(STEADY)].pace = 10.0;
    let finding = expect("hit_rate > 70%", &evidence, Judgement::Inconclusive);
    assert!(finding.note.is_some_and(|note| note.contains("10 times as fast")));
    expect(r#"p99(latency{source="hit"}) < 1s"#, &evidence, Judgement::Pass);
}

#[test]
fn only_a_browser_copy_sets_the_effective_hit_rate_apart() {
    let evidence = Made::new()
        .four_fifths()
        .reads(STEADY, TEACHER, Source::Browser, 0, |_| 10)
        .reads(STEADY, TEACHER, Source::Bypass, 9_000, |_| 10)
        .evidence();
    assert!((one("hit_rate > 60%", &evidence).measured.unwrap() - 0.8).abs() < 0.01);
    assert!((one("effective_hit_rate > 60%", &evidence).measured.unwrap() - 0.9).abs() < 0.01);
}

#[test]
fn what_happens_outside_the_measured_phases_is_not_judged() {
    let evidence = Made::new().reads(WARM_UP, STUDENT, Source::Hit, 400, |_| 200).evidence();
    expect("hit_rate > 1%", &evidence, Judgement::Inconclusive);
    let finding = one(r#"hit_rate{phase="warm-up"} > 1%"#, &evidence);
    assert_eq!(finding.n, 2_000, "unless the line names the phase");
}

#[test]
fn errors_are_counted_over_everything_that_was_asked() {
    let evidence = Made::new()
        .four_fifths()
        .reads(STEADY, TEACHER, Source::Error, 500, |slice| u64::from(slice.is_multiple_of(2)))
        .evidence();
    let finding = expect("error_rate < 1%", &evidence, Judgement::Fail);
    assert!((finding.measured.unwrap() - 50.0 / 1_050.0).abs() < 1e-9, "{finding:?}");
    assert!(finding.note.unwrap().contains("in the whole run: 50 status"));
}

/// Responses in the first moments of the measured phase, and copies that browsers showed.
fn few(errors: u64, misses: u64) -> Evidence {
    let first = |n: u64| move |slice: u64| if slice == 0 { n } else { 0 };
    Made::new()
        .reads(STEADY, TEACHER, Source::Error, 500, first(errors))
        .reads(STEADY, TEACHER, Source::Miss, 500, first(misses))
        .reads(STEADY, TEACHER, Source::Browser, 0, |_| 2)
        .evidence()
}

#[test]
fn a_few_requests_that_all_fail_are_a_failure() {
    let finding = expect("error_rate < 0.1%", &few(7, 0), Judgement::Fail);
    assert_eq!((finding.measured, finding.n), (Some(1.0), 7), "copies were not asked for");
    assert_eq!(finding.method, Some(crate::stats::Method::Binomial));
}

#[test]
fn a_few_requests_without_an_error_prove_no_more_than_the_rule_of_three() {
    let finding = expect("error_rate < 0.1%", &few(0, 7), Judgement::Inconclusive);
    assert_eq!(finding.n, 7);
    assert!(finding.note.as_ref().unwrap().contains("about 4,596 more requests"), "{finding:?}");
    let finding = expect("error_rate < 0.1%", &few(0, 2), Judgement::Inconclusive);
    assert!(finding.note.as_ref().unwrap().contains("far too wide"), "{finding:?}");
    // ln 0.01 / ln 0.999: one in a hundred may pass that should not.
    expect("error_rate < 0.1%", &few(0, 4_600), Judgement::Inconclusive);
    expect("error_rate < 0.1%", &few(0, 4_610), Judgement::Pass);
}

#[test]
fn one_burst_with_errors_in_it_does_not_pass() {
    let finding = expect("error_rate < 5%", &few(2, 900), Judgement::Inconclusive);
    assert!(finding.note.as_ref().unwrap().contains("errors come together"), "{finding:?}");
    expect("error_rate < 0.01%", &few(2, 900), Judgement::Fail);
}

#[test]
fn a_speedup_needs_pairs_and_is_judged_by_its_lower_end() {
    let without = Made::new().four_fifths().evidence();
    assert_eq!(expect("speedup >= 1x", &without, Judgement::Inconclusive).n, 0);
    let few = Made::new().pairs(LIST, 3).evidence();
    expect("speedup >= 1x", &few, Judgement::Inconclusive);
    let evidence = Made::new().pairs(LIST, 80).evidence();
    let finding = expect(r#"speedup{action="list"} >= 10x"#, &evidence, Judgement::Pass);
    assert!((15.0..25.0).contains(&finding.measured.unwrap()) && finding.n == 80, "{finding:?}");
    expect("speedup >= 40x", &evidence, Judgement::Fail);
    expect(r#"speedup{action="report"} >= 2x"#, &evidence, Judgement::Inconclusive);
}

#[test]
fn violations_are_not_checked_yet_and_so_neither_pass_nor_fail() {
    let evidence = Made::new().four_fifths().pairs(LIST, 40).scrapes(60).evidence();
    let finding = expect(r#"violations{oracle="freshness"} == 0"#, &evidence, Judgement::Inconclusive);
    assert!(finding.note.unwrap().contains("not checked yet"));
    let verdict = judge(&[], &evidence, CONFIDENCE);
    assert!(!verdict.checks.is_empty());
    assert!(
        verdict
            .checks
            .iter()
            .filter(|check| check.oracle != "counters")
            .all(|check| check.outcome == CheckOutcome::Unchecked && check.why.is_some())
    );
}

#[test]
fn memory_that_nobody_told_is_not_small() {
    let line = r#"max(memory{scope="user"}) <= 50MB"#;
    let silent = expect(line, &Made::new().four_fifths().evidence(), Judgement::Inconclusive);
    assert!(silent.note.unwrap().contains("told no memory"));
    let few = expect(line, &Made::new().scrapes(9).evidence(), Judgement::Inconclusive);
    assert_eq!((few.n, few.measured), (9, None));
    let enough = Made::new().scrapes(10).evidence();
    let finding = expect(line, &enough, Judgement::Pass);
    assert_eq!((finding.measured, finding.interval, finding.n), (Some(19_000.0), None, 10));
    expect(r#"max(memory{scope="user"}) <= 18KB"#, &enough, Judgement::Fail);
    assert_eq!(one(r#"max(memory{scope="total"}) <= 1MB"#, &enough).measured, Some(122_000.0));
}

#[test]
fn queries_saved_are_measured_against_what_the_pairs_cost() {
    let evidence = Made::new().four_fifths().pairs(LIST, 40).pairs(REPORT, 40).scrapes(101).evidence();
    // 24 queries a second where ten reads at 12 queries each would have cost 120.
    let finding = expect("db_query_reduction >= 60%", &evidence, Judgement::Pass);
    assert!((finding.measured.unwrap() - 0.8).abs() < 0.01, "{finding:?}");
    expect("db_query_reduction >= 90%", &evidence, Judgement::Fail);
    let no_pairs = Made::new().four_fifths().scrapes(101).evidence();
    assert!(
        expect("db_query_reduction >= 0%", &no_pairs, Judgement::Inconclusive)
            .note
            .unwrap()
            .contains("no pair")
    );
}

#[test]
fn a_store_operation_is_judged_by_the_targets_own_histogram() {
    let evidence = Made::new().scrapes(60).evidence();
    let finding = expect(r#"mean(store_operation{op="read"}) < 1ms"#, &evidence, Judgement::Pass);
    assert!((finding.measured.unwrap() - 200.0).abs() < 1e-6, "{finding:?}");
    expect(r#"mean(store_operation{op="read"}) < 100us"#, &evidence, Judgement::Fail);
    expect(r#"mean(store_operation{op="invalidate"}) < 1ms"#, &evidence, Judgement::Inconclusive);
}

#[test]
fn a_pass_of_the_run_requires_every_line() {
    let evidence = Made::new().four_fifths().evidence();
    let outcome = |lines: &[&str]| judge(&slos(lines), &evidence, CONFIDENCE).verdict;
    let (good, bad, open) = ("hit_rate > 60%", "hit_rate > 95%", "violations == 0");
    assert_eq!(outcome(&[good, "error_rate < 2%"]), Outcome::Pass);
    assert_eq!(outcome(&[good, open]), Outcome::Inconclusive);
    assert_eq!(outcome(&[good, bad]), Outcome::Fail);
    assert_eq!(outcome(&[open, bad, good]), Outcome::Fail, "a failure outweighs what is open");
}

#[test]
fn a_verdict_carries_the_caveats_and_the_run_it_is_about() {
    let mut evidence = Made::new().four_fifths().evidence();
    evidence.caveats.push(Caveat::Steal { phase: "steady".into(), share: 0.2 });
    let lines = slos(&["hit_rate > 60%", r#"p95(latency{source="miss"}) < 20ms"#, "speedup >= 2x"]);
    let verdict = judge(&lines, &evidence, CONFIDENCE);
    assert_eq!(verdict.caveats, evidence.caveats);
    assert_eq!(verdict.run.id, evidence.run.id);
    let text = |verdict: &Verdict| serde_json::to_string(verdict).unwrap();
    assert_eq!(
        text(&verdict),
        text(&judge(&lines, &evidence, CONFIDENCE)),
        "the same evidence, the same verdict"
    );
}
