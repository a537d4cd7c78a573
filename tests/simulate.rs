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

#[test]
fn a_sweep_says_where_a_target_is_out_of_reach() {
    let _turn = turn();
    // Half the teachers are other people: who there is has to be asked again.
    let arguments = [
        "simulate",
        "smoke",
        "--runs",
        "8",
        "--set",
        "slos=[hit_rate > 10%, 'hit_rate{role=\"teacher\"} > 99%']",
        "--sweep",
        "roles.teacher.dashboard.every=2s,15s",
        "--sweep",
        "roles.teacher.users=2,4",
        "--json",
    ];
    let ended = run(cacheproof(arguments), SOON);
    ended.expect(&[0]);
    let said: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((said["runs"].as_u64(), said["seed"].as_u64()), (Some(8), Some(7)));
    let keys: Vec<&str> =
        said["sweeps"].as_array().unwrap().iter().map(|swept| swept["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["roles.teacher.dashboard.every", "roles.teacher.users"]);
    let cell = |sweep: usize, row: usize, role: &str| {
        let row = &said["sweeps"][sweep]["rows"][row];
        let cells = row["cells"].as_array().unwrap();
        cells.iter().find(|cell| cell["role"].as_str().unwrap_or("all") == role).unwrap().clone()
    };
    let (often, written) = (cell(0, 0, "teacher"), cell(0, 1, "teacher"));
    let rate = |cell: &serde_json::Value| cell["rate"]["value"].as_f64().unwrap();
    assert!(rate(&often) > rate(&written) + 0.1, "a page that refreshes itself often hits: {said}");
    assert_eq!(written["targets"][0]["feasibility"], "infeasible", "{written}");
    assert_eq!(cell(0, 1, "all")["targets"][0]["feasibility"], "feasible");
    let rows = |sweep: usize| said["sweeps"][sweep]["rows"].as_array().unwrap().clone();
    let as_written =
        |sweep: usize| rows(sweep).iter().map(|row| row["written"].as_bool().unwrap()).collect::<Vec<_>>();
    assert_eq!((as_written(0), as_written(1)), (vec![false, true], vec![false, true]));
    assert_eq!(cell(1, 1, "all"), cell(0, 1, "all"), "the scenario as it is, both times");
    let reads = |row: usize| cell(1, row, "teacher")["rate"]["reads"].as_f64().unwrap();
    assert!(reads(0) < 0.7 * reads(1), "half the teachers: {said}");
}

#[test]
fn a_sweep_of_what_is_not_there_is_refused_before_anybody_is_asked() {
    for (sweep, words) in [
        ("roles.teachr.users=1,2", "did you mean \"teacher\""),
        ("roles.teacher.think.mean=1s,soon", "soon"),
        ("roles.teacher.users", "KEY=A,B,C"),
    ] {
        // Nobody answers there: whoever asked would end with another code.
        let ended =
            run(cacheproof(["simulate", "smoke", "--target", "http://127.0.0.1:1", "--sweep", sweep]), SOON);
        ended.expect(&[2]);
        assert!(ended.stderr.contains(words), "{sweep}: {}", ended.stderr);
    }
}
