//! What is said of two runs, and how often it is wrong.

use super::*;
use crate::evidence::Evidence;
use crate::fixture::{Made, STEADY, STUDENT, TEACHER};
use crate::observe::Source;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

const SLOS: [&str; 4] =
    ["hit_rate > 70%", r#"mean(latency{source="miss"}) < 50ms"#, "error_rate < 0.1%", "violations == 0"];

fn slos() -> Vec<Slo> {
    SLOS.iter().map(|line| line.parse().unwrap()).collect()
}

/// A run in which each slice draws its hits and its times anew.
fn drawn(seed: u64, hit_rate: f64, miss_us: f64) -> Evidence {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut made = Made::new();
    for role in [TEACHER, STUDENT] {
        // Slices differ by more than their reads do, as an hour of the day does.
        let rates: Vec<f64> = (0..100).map(|_| hit_rate + (rng.random::<f64>() - 0.5) * 0.04).collect();
        let hits: Vec<u64> =
            rates.iter().map(|rate| (0..30).filter(|_| rng.random::<f64>() < *rate).count() as u64).collect();
        let misses = hits.clone();
        made = made.reads(STEADY, role, Source::Hit, 400, |slice| hits[slice as usize]);
        // Five classes of misses, some quick and some slow: the mean is what was asked for.
        for factor in [0.5, 0.75, 1.0, 1.25, 1.5] {
            let picked: Vec<u64> = misses
                .iter()
                .map(|hits| (0..30 - hits).filter(|_| rng.random::<f64>() < 0.2).count() as u64)
                .collect();
            made = made
                .reads(STEADY, role, Source::Miss, (miss_us * factor) as u64, |slice| picked[slice as usize]);
        }
    }
    made.evidence()
}

fn against(base: &Evidence, new: &Evidence) -> Comparison {
    let slos = slos();
    let side = |evidence| Side { evidence, slos: &slos, confidence: 0.95 };
    compare(side(base), side(new), Margin::default()).unwrap()
}

fn row<'c>(comparison: &'c Comparison, beginning: &str) -> &'c Row {
    let mut all = comparison.slos.iter().chain(&comparison.rows);
    all.find(|row| row.line.starts_with(beginning))
        .unwrap_or_else(|| panic!("no row {beginning}: {comparison:#?}"))
}

#[test]
fn a_hit_rate_that_fell_is_worse_and_misses_that_got_quicker_are_better() {
    let comparison = against(&drawn(1, 0.85, 9_000.0), &drawn(2, 0.60, 5_000.0));
    let fell = row(&comparison, "hit_rate > 70%");
    assert_eq!(fell.word, Word::Worse, "{fell:#?}");
    let change = fell.change.unwrap();
    assert_eq!(change.scale, Scale::Difference);
    assert!((change.value + 0.25).abs() < 0.04 && change.interval[1] < 0.0, "{change:?}");
    let quicker = row(&comparison, "mean(latency{source=\"miss\"})");
    assert_eq!((quicker.word, quicker.change.unwrap().scale), (Word::Better, Scale::Ratio), "{quicker:#?}");
    assert!(comparison.is_worse());
    assert_eq!(comparison.slos[0].word, Word::Worse, "the gravest comes first");
    let each = row(&comparison, r#"hit_rate{role="teacher",action="report"}"#);
    assert_eq!(each.word, Word::Worse, "{each:#?}");
}

#[test]
fn the_same_takes_an_interval_within_the_margin() {
    let run = drawn(3, 0.8, 9_000.0);
    let comparison = against(&run, &run);
    for row in comparison.slos.iter().chain(&comparison.rows) {
        assert!(matches!(row.word, Word::Same | Word::CannotTell), "{row:#?}");
        if let Some(Change { scale, value, interval: [lo, hi], same: [from, to], detectable }) = row.change {
            assert_eq!(value, scale.none());
            assert_eq!(row.word == Word::Same, from <= lo && hi <= to, "{row:#?}");
            assert!(detectable > 0.0);
        }
    }
    assert!(comparison.caveats.iter().any(|caveat| caveat.contains("the same run")));
    // Nobody saw an error in 6,000 reads: that bounds the rate, but not within half of 0.1 %.
    assert_eq!(row(&comparison, "error_rate").word, Word::CannotTell);
    assert!(comparison.open().any(|row| row.line.starts_with("error_rate")));
}

#[test]
fn another_clock_or_a_bottleneck_lets_nothing_be_told() {
    let base = drawn(4, 0.9, 9_000.0);
    let mut faster = drawn(5, 0.5, 9_000.0);
    faster.run.time_scale = 1.0;
    let mut hurt = drawn(5, 0.5, 9_000.0);
    hurt.arrivals = vec![crate::evidence::Arrivals { phase: STEADY, intended: 100, dropped: 50 }];
    for (new, why) in [(faster, "60 times"), (hurt, "bottleneck")] {
        let comparison = against(&base, &new);
        assert!(comparison.rows.iter().all(|row| row.word == Word::CannotTell && row.change.is_none()));
        assert!(comparison.caveats[0].contains(why), "{:?}", comparison.caveats);
        assert_eq!(comparison.is_invalid(), why == "bottleneck");
    }
}

#[test]
fn what_else_differs_is_said() {
    let base = drawn(6, 0.8, 9_000.0);
    let mut new = base.clone();
    new.run.scenario = "other".into();
    new.run.seed = 8;
    new.run.target = "https://staging.example.org".into();
    new.run.seconds = 60.0;
    new.environment.cpus = 64;
    new.interrupted = true;
    let said = against(&base, &new).caveats.join("\n");
    for word in ["scenario", "seed", "target", "length", "64 processors", "before its time"] {
        assert!(said.contains(word), "{word}: {said}");
    }
}

#[test]
fn runs_without_a_figure_in_common_are_refused() {
    let nothing = Made::new().evidence();
    let side = Side { evidence: &nothing, slos: &[], confidence: 0.95 };
    assert!(matches!(compare(side, side, Margin::default()), Err(CompareError::NothingInCommon { .. })));
}

/// The figures that batch means give, which take no bootstrap: those of a thousand runs are
/// affordable here.
fn quick(base: &Evidence, new: &Evidence) -> Vec<Row> {
    let slos = slos();
    let side = |evidence| Side { evidence, slos: &slos, confidence: 0.95 };
    let margin = Margin::default();
    let family = family::Family { base, new, confidence: 0.95, margin, withheld: None };
    let mut rows = family.compare(lines::of_slos(side(base), side(new)));
    let mut lines = lines::of_traffic(base, new, 0.95);
    lines.retain(|line| !line.name.starts_with('p'));
    assert_eq!(lines.len(), 12, "two roles, two actions: a hit rate, hits and misses each");
    rows.extend(family.compare(lines));
    rows
}

#[test]
fn two_runs_of_the_same_truth_are_called_worse_in_one_of_a_hundred_at_most() {
    let worse = (0..100_u64).filter(|seed| {
        let [base, new] = [0, 1].map(|side| drawn(10_000 + 2 * seed + side, 0.8, 9_000.0));
        quick(&base, &new).iter().any(|row| row.word == Word::Worse)
    });
    // Of 100 at 1 %: more than 4 have a chance below 1 %.
    assert!(worse.count() <= 4);
}

#[test]
fn a_change_of_twice_what_is_detectable_is_found_four_times_in_five() {
    let find = |rows: &[Row], line: &str| rows.iter().find(|row| row.line.starts_with(line)).unwrap().clone();
    let miss = r#"mean(latency{source="miss"})"#;
    let (mut rate, mut time) = (0, 0);
    for seed in 0..25_u64 {
        let base = drawn(20_000 + 3 * seed, 0.8, 9_000.0);
        let same = quick(&base, &drawn(20_001 + 3 * seed, 0.8, 9_000.0));
        let least = |line| find(&same, line).change.unwrap().detectable;
        let (fall, slower) = (2.0 * least("hit_rate >"), 1.0 + 2.0 * least(miss));
        let changed = quick(&base, &drawn(20_002 + 3 * seed, 0.8 - fall, 9_000.0 * slower));
        rate += usize::from(find(&changed, "hit_rate >").word == Word::Worse);
        time += usize::from(find(&changed, miss).word == Word::Worse);
    }
    assert!(rate >= 20 && time >= 20, "{rate} and {time} of 25");
}

/// A verdict of the past with this hit rate and p99.
fn past(day: u32, hit_rate: f64, p99_us: f64) -> Past {
    let mut verdict = crate::fixture::verdict();
    verdict.verdict = crate::verdict::Outcome::Pass;
    verdict.run.id = format!("made-up-{day}");
    verdict.run.started_at = format!("2026-01-{day:02}T03:04:05Z");
    verdict.findings[0].measured = Some(hit_rate);
    verdict.findings[1].measured = Some(p99_us);
    Past { folder: verdict.run.id.clone(), verdict }
}

/// Twelve good days, then eight with a third of the hits gone; p99 only wavers.
fn fallen() -> Vec<Past> {
    let day = |day: u32| {
        let waver = f64::from(day * 7 % 5) * 0.002;
        past(day, if day <= 12 { 0.93 } else { 0.71 } + waver, 40_000.0 * (1.0 + waver))
    };
    (1..=20).map(day).collect()
}

#[test]
fn a_trend_tells_since_which_run_a_line_is_otherwise() {
    let mut all = fallen();
    all.reverse();
    let trend = trend(all).unwrap();
    assert_eq!(trend.runs.first().unwrap(), "made-up-1", "in the order of time, not of folders");
    let track =
        |beginning: &str| trend.tracks.iter().find(|track| track.line.starts_with(beginning)).unwrap();
    let [shift] = track("hit_rate").shifts[..] else { panic!("{:#?}", track("hit_rate").shifts) };
    assert_eq!((trend.runs[shift.run].as_str(), shift.worse), ("made-up-13", true));
    assert!((shift.before - 0.934).abs() < 0.003 && (shift.after - 0.714).abs() < 0.003, "{shift:?}");
    assert!(track("p99").shifts.is_empty());
    assert!(trend.tracks.iter().all(|track| !track.line.starts_with("violations")), "it has no value");
}

#[test]
fn runs_that_do_not_belong_to_the_newest_are_left_out_and_named() {
    let mut all = fallen();
    all[3].verdict.run.scenario = "other".into();
    all[4].verdict.run.time_scale = 1.0;
    all[5].verdict.verdict = crate::verdict::Outcome::Invalid;
    let trend = trend(all).unwrap();
    assert_eq!(trend.runs.len(), 17);
    for (said, words) in trend.left_out.iter().zip([
        "made-up-4: it is of the scenario other",
        "made-up-5: its clock",
        "made-up-6: it is invalid",
    ]) {
        assert!(said.starts_with(words), "{said}");
    }
    assert!(super::trend(Vec::new()).is_err());
    assert!(super::trend(fallen().into_iter().take(1).collect()).is_err());
}
