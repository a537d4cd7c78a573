//! What is said before a run, and what comes of it afterwards.

use cacheproof::verdict::Verdict;
use std::time::Duration;

use crate::support::folder::RunFolder;
use crate::support::program::{cacheproof, run};
use crate::support::{temporary, turn};

const SOON: Duration = Duration::from_secs(60);

#[test]
fn simulate_tells_what_each_role_can_reach_and_the_same_each_time() {
    let _turn = turn();
    let arguments =
        ["simulate", "smoke", "--runs", "3", "--json", "--set", "slos=[hit_rate > 99%, error_rate < 1%]"];
    let ended = run(cacheproof(arguments), SOON);
    ended.expect(&[0]);
    let forecast: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    let roles: Vec<&str> = forecast["roles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["role"].as_str().unwrap_or("all"))
        .collect();
    assert_eq!(roles, ["teacher", "student", "parent", "tutor", "all"]);
    assert_eq!(forecast["outlooks"][0]["feasibility"], "infeasible", "{forecast}");
    assert_eq!(forecast["needs"].as_array().unwrap().len(), 2);
    let again = run(cacheproof(arguments), SOON);
    assert_eq!(again.stdout, ended.stdout, "the seed decides");
}

#[test]
fn check_says_what_can_be_reached_where_the_target_answers() {
    let _turn = turn();
    let ended = run(cacheproof(["check", "smoke"]), SOON);
    ended.expect(&[0]);
    for words in ["is a valid scenario", "expected of a perfect cache", "feasible", "long enough"] {
        assert!(ended.stdout.contains(words), "{words}: {}", ended.stdout);
    }
}

#[test]
fn a_scenario_is_valid_although_its_target_is_away() {
    let gone = ["check", "smoke", "--target", "http://127.0.0.1:1"];
    let mut command = cacheproof(gone);
    command.env("CACHEPROOF_PASSWORD", "unused");
    let ended = run(command, SOON);
    ended.expect(&[0]);
    assert!(ended.stdout.contains("feasibility not determined: "), "{}", ended.stdout);
    assert!(!ended.stdout.contains("unused"), "no password is shown: {}", ended.stdout);
    let unset = run(cacheproof(gone), SOON);
    unset.expect(&[0]);
    assert!(unset.stdout.contains("feasibility not determined: "), "{}", unset.stdout);
    assert!(unset.stdout.contains("CACHEPROOF_PASSWORD"), "{}", unset.stdout);
    let offline = run(cacheproof(["check", "smoke", "--offline"]), SOON);
    assert!(!offline.stdout.contains("feasibility") && !offline.stdout.contains("expected of"));
    let mut command = cacheproof(["simulate", "smoke", "--target", "http://127.0.0.1:1"]);
    command.env("CACHEPROOF_PASSWORD", "unused");
    run(command, SOON).expect(&[3]);
}

#[test]
fn a_run_says_what_to_expect_and_holds_against_it_what_it_measures() {
    let (_turn, dir) = (turn(), temporary());
    let folder = RunFolder::at(dir.path().join("run"));
    let out = folder.path.to_str().unwrap();
    let ended = run(cacheproof(["run", "smoke", "--out", out]), SOON);
    ended.expect(&[0, 10, 11]);
    assert!(ended.stderr.contains("expected of a perfect cache: teacher "), "{ended:?}");
    assert!(ended.stdout.contains("Expected of a perfect cache:"), "{ended:?}");
    let verdict: Verdict = serde_json::from_value(folder.json("verdict.json")).unwrap();
    assert_eq!(verdict.expectations.len(), 5);
    let all = verdict.expectations.last().unwrap();
    assert!(all.role.is_none() && all.measured.is_some(), "{all:?}");
    assert!(!all.gap, "the embedded cache loses nothing and keeps nothing too long: {all:?}");
    assert!(folder.text("report.html").contains("Expected of a perfect cache"));
    let judged = run(cacheproof(["judge", out, "--json"]), SOON);
    let again: Verdict = serde_json::from_str(&judged.stdout).unwrap();
    assert_eq!(again.expectations, verdict.expectations, "and it can be judged again");
}
