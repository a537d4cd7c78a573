//! Growth of memory, on runs made by hand.

use crate::evidence::Evidence;
use crate::fixture::{Made, STEADY};
use crate::observe::Scrape;
use crate::verdict::{Finding, Judgement, judge};

const MB: f64 = 1_048_576.0;

#[track_caller]
fn expect(line: &str, evidence: &Evidence, judgement: Judgement) -> Finding {
    let finding = judge(&[line.parse().unwrap()], evidence, 0.95).findings.remove(0);
    assert_eq!(finding.judgement, judgement, "{finding:#?}");
    finding
}

/// A look a second at the memory of the process, over the measured phase.
fn looks(bytes: impl Fn(f64) -> f64) -> Evidence {
    let mut evidence = Made::new().four_fifths().evidence();
    evidence.scrapes = (20..120_u32)
        .map(|second| Scrape {
            t_us: u64::from(second) * 1_000_000,
            phase: STEADY,
            resident_bytes: Some(bytes(f64::from(second))),
            ..Scrape::default()
        })
        .collect();
    evidence
}

/// What looks like noise and is the same every time, -1 to 1.
fn noise(second: f64) -> f64 {
    (second * 12.9898).sin() * (second * 78.233).cos()
}

const LINE: &str = r#"slope(memory{scope="process"}) < 10MB/h"#;

#[test]
fn a_leak_fails_and_a_level_passes() {
    // 36 MB an hour, and 10 KB of noise.
    let leak = looks(|t| 100.0 * MB + t * MB / 100.0 + 10_000.0 * noise(t));
    let finding = expect(LINE, &leak, Judgement::Fail);
    let [lo, hi] = finding.interval.unwrap();
    assert!(lo < 36.0 * MB && 36.0 * MB < hi && lo > 10.0 * MB, "{finding:#?}");
    assert_eq!(finding.n, 100);
    let note = finding.note.unwrap();
    assert!(note.contains("1 min 39 s of the wall") && note.contains("resident memory"), "{note}");
    expect(LINE, &looks(|t| 100.0 * MB + 10_000.0 * noise(t)), Judgement::Pass);
    expect(LINE, &looks(|_| 100.0 * MB), Judgement::Pass);
    expect(LINE, &looks(|t| 100.0 * MB + 5.0 * MB * noise(t)), Judgement::Inconclusive);
}

#[test]
fn a_cache_that_still_fills_is_not_judged_by_how_it_fills() {
    let filling = looks(|t| 100.0 * MB - 20.0 * MB * (-(t - 20.0) / 20.0).exp() + 1_000.0 * noise(t));
    let finding = expect(LINE, &filling, Judgement::Inconclusive);
    assert!(finding.note.unwrap().contains("has not settled"));
    let worse_and_worse = looks(|t| 100.0 * MB + (t - 20.0).powi(2) * 3_000.0 + 1_000.0 * noise(t));
    expect(LINE, &worse_and_worse, Judgement::Fail);
}

#[test]
fn the_caches_own_count_has_a_slope_too() {
    let evidence = Made::new().scrapes(100).evidence();
    // 8,000 bytes a second in all, 1,000 of the largest user: 27.5 and 3.4 MB an hour.
    expect("slope(memory) < 27MB/h", &evidence, Judgement::Fail);
    expect(r#"slope(memory{scope="total"}) < 29MB/h"#, &evidence, Judgement::Pass);
    expect(r#"slope(memory{scope="user"}) < 4MB/h"#, &evidence, Judgement::Pass);
}

#[test]
fn too_few_looks_or_none_say_so() {
    let finding =
        expect("slope(memory) < 1GB/h", &Made::new().scrapes(29).evidence(), Judgement::Inconclusive);
    assert!(finding.note.unwrap().contains("29 looks are too few"));
    let finding = expect(LINE, &Made::new().scrapes(100).evidence(), Judgement::Inconclusive);
    assert!(finding.note.unwrap().contains("process_resident_memory_bytes"));
    let finding = expect(
        r#"max(memory{scope="process"}) < 1GB"#,
        &Made::new().scrapes(100).evidence(),
        Judgement::Inconclusive,
    );
    assert!(finding.note.unwrap().contains("process_resident_memory_bytes"));
    expect(r#"max(memory{scope="process"}) < 101MB"#, &looks(|_| 100.0 * MB), Judgement::Pass);
    expect(
        r#"slope(memory{phase="warm-up"}) < 1GB/h"#,
        &Made::new().scrapes(100).evidence(),
        Judgement::Inconclusive,
    );
}
