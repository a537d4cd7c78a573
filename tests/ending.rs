//! Runs that end before their time: what was gathered is kept, and says what it covers.

use cacheproof::evidence::Caveat;
use cacheproof::observe::{Fault, Source};
use cacheproof::verdict::Outcome;
use std::time::{Duration, Instant};

use crate::support::folder::RunFolder;
use crate::support::program::{Running, cacheproof, children, signal};
use crate::support::{eventually, http, temporary, turn};

/// A smoke run that would go on for two minutes, and that is in its steady phase.
fn under_way(folder: &RunFolder) -> Running {
    let out = folder.path.to_str().unwrap();
    let mut arguments = vec!["run", "smoke", "--out", out, "--duration", "2m", "--users", "12"];
    arguments.extend(["--metrics", "0"]);
    let running = Running::start(cacheproof(arguments));
    let metrics = running.says("metrics of this run: ", Duration::from_secs(30));
    eventually("the steady phase", Duration::from_secs(60), || {
        let text = http::get(&metrics)?;
        (text.contains("cacheproof_phase{phase=\"steady\"} 1") && text.contains("phase=\"steady\",role="))
            .then_some(())
    });
    running
}

#[test]
fn ctrl_c_ends_a_run_at_once_and_keeps_what_it_has() {
    let (_turn, dir) = (turn(), temporary());
    let folder = RunFolder::at(dir.path().join("run"));
    let running = under_way(&folder);
    let target = children(running.pid());
    assert_eq!(target.len(), 1, "the embedded service is one child");
    running.signal("INT");
    let asked = Instant::now();
    let ended = running.end(Duration::from_secs(20));
    ended.expect(&[130]);
    // Two seconds for what was in flight, and as many for writing the report.
    assert!(asked.elapsed() < Duration::from_secs(5), "it took {:?}", asked.elapsed());
    let evidence = folder.evidence();
    assert!(evidence.interrupted && evidence.responses() > 0);
    let verdict = folder.verdict();
    assert!(
        verdict.caveats.iter().any(|caveat| matches!(caveat, Caveat::Interrupted { .. })),
        "{:?}",
        verdict.caveats
    );
    assert!(folder.caveats().contains("of steady"), "what it covers: {}", folder.caveats());
    for file in ["report.html", "summary.md", "junit.xml", "scenario.yaml"] {
        assert!(!folder.text(file).is_empty(), "{file}");
    }
    eventually("the end of the embedded service", Duration::from_secs(5), || {
        (!std::path::Path::new(&format!("/proc/{}", target[0])).exists()).then_some(())
    });
}

#[test]
fn ctrl_c_ends_a_run_whose_target_has_stalled() {
    let (_turn, dir) = (turn(), temporary());
    let folder = RunFolder::at(dir.path().join("run"));
    let running = under_way(&folder);
    let target = children(running.pid());
    signal(target[0], "STOP");
    // Long enough for people and counters to be waiting for answers that do not come.
    std::thread::sleep(Duration::from_secs(2));
    running.signal("INT");
    let asked = Instant::now();
    let ended = running.end(Duration::from_secs(30));
    ended.expect(&[130]);
    // As above, and two seconds in which the stalled service might have ended by itself.
    assert!(asked.elapsed() < Duration::from_secs(7), "it took {:?}", asked.elapsed());
    let evidence = folder.evidence();
    assert!(evidence.fault(Fault::Abandoned) > 0, "{:?}", evidence.faults);
    let errors: u64 =
        evidence.cells.iter().filter(|cell| cell.source == Source::Error).map(|cell| cell.n).sum();
    assert_eq!(errors, 0, "what we gave up is not the target's error");
}

#[test]
fn a_second_ctrl_c_ends_the_process_whatever_it_does() {
    let (_turn, dir) = (turn(), temporary());
    let folder = RunFolder::at(dir.path().join("run"));
    let running = Running::start(cacheproof(["run", "smoke", "--out", folder.path.to_str().unwrap()]));
    running.says("smoke: starting", Duration::from_secs(30));
    running.signal("INT");
    std::thread::sleep(Duration::from_millis(5));
    // It may have ended by the first one.
    let _ = std::process::Command::new("kill").args(["-INT", &running.pid().to_string()]).output();
    running.end(Duration::from_secs(5)).expect(&[130]);
}

#[test]
fn an_interrupt_before_anything_was_measured_leaves_nothing_behind() {
    let (_turn, dir) = (turn(), temporary());
    let folder = RunFolder::at(dir.path().join("run"));
    // A large school takes a moment to seed.
    let out = folder.path.to_str().unwrap();
    let running = Running::start(cacheproof(["run", "school-day", "--out", out]));
    running.says("school-day: starting", Duration::from_secs(30));
    running.signal("TERM");
    let ended = running.end(Duration::from_secs(10));
    ended.expect(&[130]);
    assert!(ended.stderr.contains("before anything was measured"), "{}", ended.stderr);
    assert!(!folder.path.exists(), "an empty folder would only puzzle");
}

#[test]
fn a_target_that_dies_ends_the_run_and_the_evidence_is_kept() {
    let (_turn, dir) = (turn(), temporary());
    let folder = RunFolder::at(dir.path().join("run"));
    let running = under_way(&folder);
    let target = children(running.pid());
    assert_eq!(target.len(), 1, "the embedded service is one child");
    signal(target[0], "KILL");
    let ended = running.end(Duration::from_secs(20));
    ended.expect(&[3]);
    let evidence = folder.evidence();
    assert!(evidence.interrupted && evidence.responses() > 0);
    let verdict = folder.verdict();
    assert_ne!(verdict.verdict, Outcome::Pass, "half a run is not a pass");
    let lost = verdict.caveats.iter().find_map(|caveat| match caveat {
        Caveat::TargetLost { what } => Some(what.as_str()),
        _ => None,
    });
    assert!(lost.is_some_and(|what| what.contains("signal: 9")), "{lost:?}");
    assert!(ended.stdout.contains("the target was lost"), "{}", ended.stdout);
}
