//! Sequential runs, made by hand.

use super::*;
use crate::evidence::{Gatherer, Names, WatchedPairs};
use crate::fixture::{LIST, Made, STEADY, STUDENT, TEACHER};
use crate::observe::{Fault, Observation};
use crate::verdict::{Index, Outcome, judge};

const CONFIDENCE: f64 = 0.95;

fn slo(line: &str) -> Slo {
    line.parse().unwrap_or_else(|error| panic!("{line}: {error}"))
}

fn sequential(batches: u32, decided: bool) -> Sequential {
    let design = Design::new(1.0 - CONFIDENCE);
    Sequential {
        alpha: design.alpha,
        rho2: design.rho2,
        first_look: design.first_look as u32,
        phases: vec![Watched {
            phase: STEADY,
            first_slice: 20,
            batch_slices: 2,
            batches,
            declared_us: 200_000_000,
            decided,
        }],
        pairs: None,
    }
}

/// A hundred seconds of four fifths hits, of which so many batches of two seconds count.
fn watched(batches: u32) -> Evidence {
    let mut evidence = Made::new().four_fifths().scrapes(100).pairs(LIST, 80).evidence();
    evidence.sequential = Some(sequential(batches, true));
    evidence
}

fn one(line: &str, evidence: &Evidence) -> Finding {
    judge(&[slo(line)], evidence, CONFIDENCE).findings.remove(0)
}

#[test]
fn a_line_asks_for_the_one_steady_phase_that_it_is_about() {
    let stretch = |name: &str, kind, measured| Stretch { name: name.into(), kind, measured };
    let one = [
        stretch("warm-up", Kind::WarmUp, false),
        stretch("steady", Kind::Steady, true),
        stretch("pairs", Kind::Pairs, false),
    ];
    let two = [stretch("steady", Kind::Steady, true), stretch("more", Kind::Steady, true)];
    let day = [stretch("day", Kind::Day, true)];
    for (line, phases, expected) in [
        ("hit_rate > 70%", &one[..], Need::Phase(1)),
        (r#"p99(latency{source="hit"}) < 50ms"#, &one, Need::Phase(1)),
        (r#"mean(store_operation{op="read"}) < 1ms"#, &one, Need::Phase(1)),
        (r#"hit_rate{phase="warm-up"} > 70%"#, &one, Need::Rest),
        ("speedup >= 10x", &one, Need::Pairs),
        ("db_query_reduction >= 85%", &one, Need::Rest),
        (r#"max(memory{scope="user"}) <= 50MB"#, &one, Need::Rest),
        ("violations == 0", &one, Need::Rest),
        (r#"error_rate{phase="more"} < 1%"#, &two, Need::Phase(1)),
        ("hit_rate > 70%", &day, Need::Rest),
    ] {
        assert_eq!(need(&slo(line), phases), expected, "{line}");
    }
    assert!(matches!(need(&slo("error_rate < 1%"), &two), Need::Whole(_)));
    assert!(matches!(need(&slo("hit_rate > 70% over 30s"), &one), Need::Whole(_)));
}

/// Responses of all kinds over a minute, in no order that helps.
fn observations() -> Vec<Observation> {
    (0..18_000_u64)
        .map(|at| {
            let source = Source::ALL[(at * 7 % Source::ALL.len() as u64) as usize];
            let started_us = at * 3_331;
            Observation {
                person: (at % 9) as u32,
                role: (at / 3 % 2) as u16,
                action: (at * 3 % 5 % 2) as u16,
                phase: u16::from(at % 11 != 0),
                due_us: started_us,
                started_us,
                first_byte_us: None,
                finished_us: started_us + 37 * (at * 13 % 4_001),
                status: Some(200),
                claimed: source,
                source,
                validated: false,
                request: at,
                digest: None,
                bytes: 1,
                reused: true,
                fault: match source {
                    Source::Error if at % 3 == 0 => Some(Fault::Abandoned),
                    Source::Error => Some(Fault::Status),
                    _ => None,
                },
            }
        })
        .collect()
}

#[test]
fn the_looks_of_a_run_see_the_batches_that_are_judged_afterwards() {
    let names = Names {
        roles: vec!["teacher".into(), "student".into()],
        actions: vec!["list".into(), "report".into()],
    };
    let phases = ["warm-up".to_owned(), "steady".to_owned()];
    let (roles, actions) = (names.roles.clone(), names.actions.clone());
    let index = Index { roles: &roles, actions: &actions, phases: &phases };
    let slice_us = 250_000;
    let watched = Watched {
        phase: 1,
        first_slice: 5,
        batch_slices: 3,
        batches: 60,
        declared_us: 60_000_000,
        decided: true,
    };
    let lines = [
        "hit_rate > 70%",
        r#"hit_rate{role="student", action="list"} > 70%"#,
        "effective_hit_rate > 70%",
        "error_rate < 1%",
        "mean(latency) < 1s",
        r#"mean(latency{source="miss"}) < 1s"#,
        "p95(latency) < 1s",
        r#"p50(latency{source="hit", role="teacher"}) < 1s"#,
    ]
    .map(slo);
    let mut ledgers: Vec<Ledger> =
        lines.iter().map(|slo| Ledger::new(slo, index, watched, slice_us)).collect();
    let mut gatherer = Gatherer::new(names, slice_us);
    for seen in observations() {
        gatherer.observe(&seen);
        ledgers.iter_mut().for_each(|ledger| ledger.observe(&seen));
    }
    let phase = |name: &str, kind, from_us, to_us| crate::evidence::Phase {
        name: name.into(),
        kind,
        measured: kind == Kind::Steady,
        pace: 1.0,
        from_us,
        to_us,
        peak_in_flight: None,
    };
    let evidence = gatherer.finish(vec![
        phase("warm-up", Kind::WarmUp, 0, 1_100_000),
        phase("steady", Kind::Steady, 1_100_000, 61_000_000),
    ]);
    for (slo, ledger) in lines.iter().zip(&ledgers) {
        let judged = batches::in_phase(slo, &evidence, &watched);
        assert_eq!(ledger.samples(60), judged, "{slo}");
        let mean = |samples: &Samples| samples.interval(slo.target, &Design::new(0.05)).unwrap();
        let earlier = batches::in_phase(slo, &evidence, &Watched { batches: 40, ..watched });
        assert_eq!(ledger.samples(40), earlier, "{slo}");
        assert!(mean(&judged).n > mean(&earlier).n && mean(&earlier).n > 100, "{slo}");
    }
}

#[test]
fn a_line_is_measured_on_the_batches_up_to_the_cut_and_says_how() {
    let whole = Made::new().four_fifths().scrapes(100).evidence();
    for line in ["hit_rate > 60%", "error_rate < 5%", "mean(latency) < 10ms", "p50(latency) < 5ms"] {
        let (ordinary, looked) = (one(line, &whole), one(line, &watched(50)));
        assert_eq!(looked.method, Some(crate::stats::Method::ConfidenceSequence));
        assert_eq!(looked.judgement, Judgement::Pass, "{looked:?}");
        let (a, b) = (ordinary.measured.unwrap(), looked.measured.unwrap());
        // A few responses end in the slice after the phase.
        assert!((a - b).abs() <= 0.02 * a, "{line}: {a} and {b} of all the batches");
        let width = |finding: &Finding| finding.interval.map(|[lo, hi]| hi - lo).unwrap();
        // The quantile lies between two clumps of latencies, where both end at the same values.
        let clumped = line.starts_with("p50");
        assert!(clumped || width(&looked) > width(&ordinary), "{line}: looking often has its price");
        assert!(one(line, &watched(25)).n < looked.n, "{line}");
    }
    let store = one(r#"mean(store_operation{op="read"}) < 1ms"#, &watched(40));
    assert_eq!((store.judgement, store.measured.map(f64::round)), (Judgement::Pass, Some(200.0)));
}

#[test]
fn too_few_batches_for_a_look_decide_nothing() {
    let finding = one("hit_rate > 60%", &watched(19));
    assert_eq!((finding.judgement, finding.interval), (Judgement::Inconclusive, None));
    assert!(finding.note.unwrap().contains("too few for a first look"));
}

#[test]
fn lines_about_other_phases_are_judged_as_ever() {
    let evidence = watched(25);
    let whole = Made::new().four_fifths().scrapes(100).pairs(LIST, 80).evidence();
    for line in ["speedup >= 10x", r#"max(memory{scope="user"}) <= 50MB"#, "db_query_reduction >= 60%"] {
        let (a, b) = (one(line, &evidence), one(line, &whole));
        assert_eq!((a.judgement, a.measured, a.interval), (b.judgement, b.measured, b.interval), "{line}");
    }
}

#[test]
fn pairs_go_round_in_groups_that_hold_each_combination_once() {
    let evidence = Made::new().pairs(LIST, 3).pairs(crate::fixture::REPORT, 2).pairs(LIST, 1).evidence();
    let rounds = pair_rounds(evidence.pairs.iter());
    // list, list, list + report, report + list.
    assert_eq!(rounds.len(), 4, "{rounds:?}");
    let total: f64 = rounds.iter().map(|round| round.numerator).sum();
    assert_eq!(total, evidence.pairs.iter().map(|pair| pair.uncached_us as f64).sum::<f64>());
}

#[test]
fn pairs_that_were_looked_at_are_judged_by_their_rounds() {
    let mut evidence = watched(25);
    let pairs =
        WatchedPairs { phase: 0, declared_us: 40_000_000, declared_rounds: 160, rounds: 80, decided: true };
    evidence.sequential.as_mut().unwrap().pairs = Some(pairs);
    let finding = one(r#"speedup{action="list"} >= 10x"#, &evidence);
    assert_eq!((finding.judgement, finding.n), (Judgement::Pass, 80), "{finding:?}");
    assert_eq!(finding.method, Some(crate::stats::Method::ConfidenceSequence));
    let caveats = judge(&[], &evidence, CONFIDENCE).caveats;
    assert!(
        caveats.iter().any(|caveat| caveat.to_string().contains("50.0 % of the pairs saved")),
        "{caveats:?}"
    );
}

#[test]
fn a_failure_stands_only_at_the_level_of_all_the_lines_together() {
    let evidence = watched(50);
    let wide = one("hit_rate > 60%", &evidence);
    let [_, hi] = wide.interval.unwrap();
    // Just outside the interval: about one in twenty by chance.
    let narrow = format!("hit_rate > {}", hi + 0.002);
    assert_eq!(one(&narrow, &evidence).judgement, Judgement::Fail, "alone");
    let beside = ["error_rate < 50%"; 9];
    let lines: Vec<Slo> = std::iter::once(narrow.as_str()).chain(beside).map(slo).collect();
    let verdict = judge(&lines, &evidence, CONFIDENCE);
    assert_eq!(verdict.findings[0].judgement, Judgement::Inconclusive);
    assert!(verdict.findings[0].note.as_ref().unwrap().contains("Holm"));
    assert_eq!(verdict.verdict, Outcome::Inconclusive);
    let far: Vec<Slo> = std::iter::once("hit_rate > 99%").chain(beside).map(slo).collect();
    assert_eq!(judge(&far, &evidence, CONFIDENCE).verdict, Outcome::Fail);
}

#[test]
fn what_was_saved_and_what_is_assumed_is_said_beside_the_verdict() {
    let said = |evidence: &Evidence| {
        let caveats = judge(&[slo("hit_rate > 60%")], evidence, CONFIDENCE).caveats;
        caveats.iter().map(ToString::to_string).find(|what| what.starts_with("steady: ")).unwrap()
    };
    let text = said(&watched(25));
    for part in [
        "1 min 40 s of 3 min 20 s",
        "50.0 % of the time",
        "requests saved",
        "independent",
        "25 batches of 2 s",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let mut evidence = watched(50);
    evidence.sequential = Some(sequential(50, false));
    assert!(said(&evidence).contains("not every line was decided"));
}

#[test]
fn a_hit_rate_that_must_stay_open_stays_open() {
    let mut evidence = Made::new()
        .four_fifths()
        .reads(STEADY, TEACHER, Source::Unknown, 500, |_| 1)
        .reads(STEADY, STUDENT, Source::Hit, 500, |_| 1)
        .evidence();
    evidence.sequential = Some(sequential(50, true));
    let finding = one("hit_rate > 60%", &evidence);
    assert_eq!(finding.judgement, Judgement::Inconclusive);
    assert!(finding.note.unwrap().contains("did not say which layer"));
}
