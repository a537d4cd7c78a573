//! The lines of a long run, on a short one: what cannot be told yet stays open.

use cacheproof::verdict::{Judgement, Verdict};
use std::time::Duration;

use crate::support::folder::RunFolder;
use crate::support::program::{cacheproof, run};
use crate::support::{temporary, turn};

#[test]
fn a_soak_of_seconds_leaves_open_what_takes_hours_and_keeps_the_evidence_for_every_line() {
    let (_turn, dir) = (turn(), temporary());
    let folder = RunFolder::at(dir.path().join("run"));
    let out = folder.path.to_str().unwrap();
    let short = ["--duration", "6s", "--set", "phases.0.duration=2s", "--set", "phases.2.duration=3s"];
    let ended = run(cacheproof(["run", "soak", "--out", out].iter().chain(&short)), Duration::from_secs(90));
    ended.expect(&[10, 11]);

    let evidence = folder.evidence();
    let by_clock = evidence.phases.iter().position(|phase| phase.name == "by-the-clock").unwrap();
    assert!(!evidence.response_times.is_empty());
    assert!(evidence.response_times.iter().all(|part| usize::from(part.phase) == by_clock));
    assert!(evidence.phases.iter().all(|phase| phase.peak_in_flight.is_some_and(|peak| peak > 0)));
    assert!(evidence.scrapes.iter().any(|scrape| scrape.resident_bytes.is_some_and(|bytes| bytes > 1e6)));

    for (line, why) in [
        ("burn_rate{budget=\"0.1%\"} < 14.4 over 1h", "as long as a window of 1 h"),
        ("hit_rate{phase=\"soak\"} > 40% over 10m", "as long as a window of 10 min"),
        ("slope(memory{scope=\"process\"", "too few for a trend"),
        ("p99(response_time", "samples are too few"),
    ] {
        let finding = folder.judged(line, Judgement::Inconclusive);
        assert!(finding.note.as_ref().unwrap().contains(why), "{finding:?}");
    }
    folder.judged("max(memory{scope=\"process\"})", Judgement::Pass);
    let people = folder.judged("max(concurrency", Judgement::Pass);
    assert!(people.measured.unwrap() >= 20.0 && people.interval.is_none(), "{people:?}");

    // The same evidence answers shorter windows, and a phase that there was not is no mistake.
    let lines = dir.path().join("lines.yaml");
    std::fs::write(
        &lines,
        "slos:\n  - 'p50(latency{source=\"hit\"}) < 10s over 3s'\n  - 'p50(response_time) < 10s over 1500ms'\n  \
         - 'burn_rate{budget=\"50%\"} < 1 over 2s'\n",
    )
    .unwrap();
    let judged = run(
        cacheproof([
            "judge".as_ref(),
            folder.path.as_os_str(),
            "--slo".as_ref(),
            lines.as_os_str(),
            "--json".as_ref(),
        ]),
        Duration::from_secs(60),
    );
    judged.expect(&[0]);
    let again: Verdict = serde_json::from_str(&judged.stdout).unwrap();
    assert!(
        again.findings.iter().all(|finding| finding.judgement == Judgement::Pass),
        "{:?}",
        again.findings
    );
}
