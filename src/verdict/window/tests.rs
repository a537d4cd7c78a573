//! Lines with a window, on runs made by hand.

use crate::evidence::Evidence;
use crate::fixture::{Made, SLICES, STEADY, STUDENT, TEACHER};
use crate::observe::Source;
use crate::verdict::{Finding, Judgement, judge};

#[track_caller]
fn expect(line: &str, evidence: &Evidence, judgement: Judgement) -> Finding {
    let finding = judge(&[line.parse().unwrap()], evidence, 0.95).findings.remove(0);
    assert_eq!(finding.judgement, judgement, "{finding:#?}");
    if let (Some(value), Some([lo, hi])) = (finding.measured, finding.interval) {
        assert!(lo <= value && value <= hi, "{finding:#?}");
    }
    finding
}

/// Twenty reads a second by students: of each second so many are hits.
fn hits(of_second: impl Fn(u64) -> u64 + Copy) -> Made {
    Made::new().reads(STEADY, STUDENT, Source::Hit, 400, of_second).reads(
        STEADY,
        STUDENT,
        Source::Miss,
        9_000,
        move |second| 20 - of_second(second),
    )
}

/// Between 80 % and 90 %, from second to second.
fn good(second: u64) -> u64 {
    16 + second * 7 % 3
}

fn note(finding: &Finding) -> &str {
    finding.note.as_deref().unwrap_or_default()
}

#[test]
fn a_line_that_holds_in_every_window_passes_by_its_worst() {
    let finding = expect("hit_rate > 60% over 20s", &hits(good).evidence(), Judgement::Pass);
    assert!(note(&finding).contains("of 5 windows 5 held"), "{finding:#?}");
    assert!((0.8..0.9).contains(&finding.measured.unwrap()) && finding.n == 400, "{finding:#?}");
    expect("hit_rate > 99% over 20s", &hits(good).evidence(), Judgement::Fail);
    expect("effective_hit_rate > 60% over 20s", &hits(good).evidence(), Judgement::Pass);
    expect(r#"hit_rate{role="teacher"} > 1% over 20s"#, &hits(good).evidence(), Judgement::Inconclusive);
}

#[test]
fn one_bad_window_fails_a_line_that_the_whole_run_passes() {
    let outage = |second| if (40..50).contains(&second) { 2 } else { good(second) };
    let evidence = hits(outage).evidence();
    expect("hit_rate > 50%", &evidence, Judgement::Pass);
    let finding = expect("hit_rate > 50% over 10s", &evidence, Judgement::Fail);
    assert_eq!((finding.measured, finding.n), (Some(0.1), 200));
    assert!(finding.interval.unwrap()[1] < 0.5, "{finding:#?}");
    assert!(note(&finding).starts_with("0:40 to 0:50 of steady: 10.0 % of 200 reads"), "{finding:#?}");
    assert!(note(&finding).contains("of 10 windows 9 held, 1 missed"), "{finding:#?}");
}

#[test]
fn a_window_that_could_be_on_either_side_leaves_the_line_open_and_says_what_would_tell() {
    let finding = expect("hit_rate > 82% over 10s", &hits(good).evidence(), Judgement::Inconclusive);
    assert!(note(&finding).contains("either side of 82 %"), "{finding:#?}");
    assert!(finding.measured.is_some() && finding.interval.is_some());
}

#[test]
fn one_of_many_windows_misses_by_chance_and_that_is_no_failure() {
    // A true rate of 70 % in bursts of five that share a fate, and a target of 65 %.
    let burst = |second: u64| -> u64 {
        let mut x = (second + 17).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (0..4)
            .map(|_| {
                x ^= x << 13;
                x ^= x >> 7;
                x ^= x << 17;
                if x % 100 < 70 { 5 } else { 0 }
            })
            .sum()
    };
    let evidence = hits(burst).evidence();
    let finding = expect("hit_rate > 65% over 5s", &evidence, Judgement::Inconclusive);
    assert!(finding.measured.unwrap() < 0.65, "the worst of twenty is below: {finding:#?}");
    expect("hit_rate > 10% over 25s", &evidence, Judgement::Pass);
}

#[test]
fn windows_without_events_are_counted_as_nothing() {
    let half = hits(|second| if second < 50 { good(second) } else { 20 }).evidence();
    let idle = Made::new()
        .reads(STEADY, STUDENT, Source::Hit, 400, |second| if second < 50 { 18 } else { 0 })
        .reads(STEADY, STUDENT, Source::Miss, 400, |second| if second < 50 { 2 } else { 0 })
        .evidence();
    expect("hit_rate > 60% over 10s", &half, Judgement::Pass);
    let finding = expect("hit_rate > 60% over 10s", &idle, Judgement::Pass);
    assert!(note(&finding).contains("of 10 windows 5 held, 5 had nothing in them"), "{finding:#?}");
    let nobody = Made::new().evidence();
    for line in [
        "hit_rate > 0% over 10s",
        "error_rate < 100% over 10s",
        "p50(latency) < 10s over 10s",
        "mean(latency) < 10s over 10s",
    ] {
        let finding = expect(line, &nobody, Judgement::Inconclusive);
        assert_eq!((finding.measured, finding.n), (None, 0), "{line}");
    }
    let finding = expect("hit_rate > 0% over 10s", &nobody, Judgement::Inconclusive);
    assert!(note(&finding).contains("nothing happened in any of 10 windows"), "{finding:#?}");
}

#[test]
fn the_end_of_a_phase_that_fills_no_window_is_left_out_and_said() {
    let late = |second| if second >= 90 { 0 } else { good(second) };
    let finding = expect("hit_rate > 60% over 30s", &hits(late).evidence(), Judgement::Pass);
    assert!(note(&finding).contains("the last 10 s of steady are in no window"), "{finding:#?}");
    let finding = expect("hit_rate > 60% over 2m", &hits(good).evidence(), Judgement::Inconclusive);
    assert!(
        note(&finding).contains("no phase that is meant is as long as a window of 2 min"),
        "{finding:#?}"
    );
    let finding = expect("hit_rate > 60% over 1s", &hits(good).evidence(), Judgement::Inconclusive);
    assert!(note(&finding).contains("kept 1 s apart"), "{finding:#?}");
}

#[test]
fn a_second_of_errors_condemns_its_window_and_their_absence_must_be_long_enough() {
    let errors = |made: Made| {
        made.reads(STEADY, TEACHER, Source::Error, 500, |second| if second == 33 { 15 } else { 0 })
    };
    let finding = expect("error_rate < 1% over 20s", &errors(hits(good)).evidence(), Judgement::Fail);
    assert!(note(&finding).starts_with("0:20 to 0:40 of steady: 3.6 % of 415 requests"), "{finding:#?}");
    // 400 requests without one: less than 1 % at 95 %, less than 1.2 % at the 98 % of a verdict.
    expect("error_rate < 1.2% over 20s", &hits(good).evidence(), Judgement::Pass);
    let finding = expect("error_rate < 1% over 20s", &hits(good).evidence(), Judgement::Inconclusive);
    assert!(note(&finding).contains("of 5 windows 0 held, 5 stayed open"), "{finding:#?}");
    let finding = expect("error_rate < 0.1% over 20s", &hits(good).evidence(), Judgement::Inconclusive);
    assert!(note(&finding).contains("either side of 0.1 %"), "{finding:#?}");
}

#[test]
fn unknown_or_hurried_reads_leave_the_windows_open_as_they_do_the_rate() {
    let unknown = hits(good).reads(STEADY, STUDENT, Source::Unknown, 400, |_| 2).evidence();
    let finding = expect("hit_rate > 60% over 20s", &unknown, Judgement::Inconclusive);
    assert!(note(&finding).contains("did not say which layer"), "{finding:#?}");
    let mut hurried = hits(good).evidence();
    hurried.phases[usize::from(STEADY)].pace = 3.0;
    expect("hit_rate > 60% over 20s", &hurried, Judgement::Inconclusive);
}

#[test]
fn latencies_are_judged_by_window_as_well() {
    let slow =
        |made: Made| {
            made.reads(STEADY, TEACHER, Source::Miss, 300_000, |second| {
                if (60..70).contains(&second) { 30 } else { 0 }
            })
        };
    let calm = hits(good).evidence();
    let troubled = slow(hits(good)).evidence();
    expect("p90(latency) < 50ms over 10s", &calm, Judgement::Pass);
    expect("mean(latency) < 10ms over 10s", &calm, Judgement::Pass);
    for line in ["p90(latency) < 50ms over 10s", "mean(latency) < 50ms over 10s"] {
        let finding = expect(line, &troubled, Judgement::Fail);
        assert!(note(&finding).starts_with("1:00 to 1:10 of steady"), "{finding:#?}");
    }
    let few = expect("p99.9(latency) < 1s over 10s", &calm, Judgement::Inconclusive);
    assert!(note(&few).contains("too few responses") && few.measured.is_some(), "{few:#?}");
    assert_eq!(few.interval, None, "there is no upper end");
    let sure = expect("p99.9(latency) < 100us over 10s", &calm, Judgement::Fail);
    assert!(sure.measured.unwrap() > 8_000.0, "a lower end is enough to condemn: {sure:#?}");
}

#[test]
fn a_burn_rate_is_that_of_the_worst_window_wherever_it_begins() {
    // 60 of 1,260 requests in any minute around it: 4.8 % of them, 48 times a budget of 0.1 %.
    let errors = |second: u64| if (55..60).contains(&second) { 12 } else { 0 };
    let evidence = hits(good).reads(STEADY, TEACHER, Source::Error, 500, errors).evidence();
    let finding = expect(r#"burn_rate{budget="0.1%"} < 14.4 over 1m"#, &evidence, Judgement::Fail);
    assert!((finding.measured.unwrap() - 60.0 / 1_260.0 / 0.001).abs() < 0.01, "{finding:#?}");
    assert!(finding.interval.unwrap()[0] > 14.4, "{finding:#?}");
    expect(r#"burn_rate{budget="0.1%"} < 1000 over 1m"#, &evidence, Judgement::Pass);
    // The worst ten seconds are no consecutive window of a phase that began at 0.
    let finding = expect(r#"burn_rate{budget="1%"} < 1 over 8s"#, &evidence, Judgement::Fail);
    assert!(note(&finding).contains("of 93 windows"), "{finding:#?}");
    assert!((finding.measured.unwrap() - 60.0 / 220.0 / 0.01).abs() < 0.01, "{finding:#?}");
    let finding = expect(r#"burn_rate{budget="0.1%"} < 14.4 over 1h"#, &evidence, Judgement::Inconclusive);
    assert!(note(&finding).contains("as long as a window"), "{finding:#?}");
    expect(r#"burn_rate{budget="0.1%"} < 2 over 20s"#, &hits(good).evidence(), Judgement::Inconclusive);
    expect(r#"burn_rate{of="miss", budget="30%"} < 1 over 20s"#, &evidence, Judgement::Pass);
    expect(r#"burn_rate{of="miss", budget="2%"} < 2 over 20s"#, &evidence, Judgement::Fail);
}

#[test]
fn a_phase_that_the_run_did_not_reach_is_named() {
    let evidence = hits(good).pairs(crate::fixture::LIST, 40).scrapes(50).evidence();
    for line in [
        r#"hit_rate{phase="night"} > 1%"#,
        r#"hit_rate{phase="night"} > 1% over 10s"#,
        r#"error_rate{phase="night"} < 100%"#,
        r#"p50(latency{phase="night"}) < 100s"#,
        r#"max(memory{phase="night"}) < 100GB"#,
        r#"slope(memory{phase="night"}) < 100GB/h"#,
        r#"max(concurrency{of="people", phase="night"}) < 1000"#,
        r#"max(concurrency{of="requests", phase="night"}) < 1000"#,
        r#"mean(store_operation{op="read", phase="night"}) < 100s"#,
        r#"p50(response_time{phase="night"}) < 100s"#,
        r#"db_query_reduction{phase="night"} >= 0%"#,
    ] {
        let finding = expect(line, &evidence, Judgement::Inconclusive);
        assert_eq!(note(&finding), "the run did not reach phase night", "{line}");
    }
    let finding = expect(r#"hit_rate{phase="pairs"} > 1%"#, &evidence, Judgement::Inconclusive);
    assert!(note(&finding).contains("no traffic"), "{finding:#?}");
}

#[test]
fn counters_of_a_named_phase_are_its_own() {
    let evidence = hits(good).scrapes(50).evidence();
    expect(r#"max(memory{scope="total", phase="steady"}) < 1MB"#, &evidence, Judgement::Pass);
    expect(r#"mean(store_operation{op="read", phase="steady"}) < 1ms"#, &evidence, Judgement::Pass);
    for line in [
        r#"max(memory{scope="total", phase="warm-up"}) < 1MB"#,
        r#"mean(store_operation{op="read", phase="warm-up"}) < 1ms"#,
    ] {
        assert_eq!(expect(line, &evidence, Judgement::Inconclusive).measured, None, "{line}");
    }
    assert_eq!(SLICES, 100, "the phases that these tests take for granted");
}
