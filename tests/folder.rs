//! A run folder can be judged and shown again, without load.

use cacheproof::verdict::{Judgement, Verdict};
use std::path::Path;
use std::time::Duration;

use crate::support::folder::RunFolder;
use crate::support::program::{Ended, cacheproof, run};
use crate::support::{temporary, turn};

const AT_ONCE: Duration = Duration::from_secs(20);

fn judge(folder: &RunFolder, more: &[&str]) -> Ended {
    let path = folder.path.to_str().unwrap();
    run(cacheproof(["judge", path].iter().chain(more)), AT_ONCE)
}

fn slos(dir: &Path, lines: &str) -> String {
    let path = dir.join("slos.yaml");
    std::fs::write(&path, format!("slos:\n{lines}")).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_run_folder_is_judged_and_reported_again_without_load() {
    let (turn, dir) = (turn(), temporary());
    let folder = RunFolder::at(dir.path().join("run"));
    let out = folder.path.to_str().unwrap();
    let arguments =
        ["run", "smoke", "--out", out, "--duration", "4s", "--set", "phases.2.duration=2s", "--json"];
    let ended = run(cacheproof(arguments), Duration::from_secs(60));
    ended.expect(&[0, 10, 11]);
    assert_eq!(ended.stderr, "", "with --json there is only the verdict");
    drop(turn);
    let written = folder.text("verdict.json");
    assert_eq!(ended.stdout.trim(), written.trim(), "--json prints verdict.json");

    let before = folder.files();
    let again = judge(&folder, &["--json"]);
    assert_eq!(
        (again.code, again.stdout.trim()),
        (ended.code, written.trim()),
        "the same evidence, the same verdict"
    );
    let table = judge(&folder, &[]);
    assert!(table.stdout.contains("hit_rate > 30%"), "{table:?}");

    let harder = slos(dir.path(), "  - hit_rate > 99.9%\n  - error_rate < 50%\n");
    let failed = judge(&folder, &["--slo", &harder, "--json"]);
    failed.expect(&[10]);
    let verdict: Verdict = serde_json::from_str(&failed.stdout).unwrap();
    let said: Vec<Judgement> = verdict.findings.iter().map(|finding| finding.judgement).collect();
    assert_eq!(said, [Judgement::Fail, Judgement::Pass]);
    let easier = slos(dir.path(), "  - error_rate < 50%\n");
    judge(&folder, &["--slo", &easier]).expect(&[0]);
    let undecidable = slos(dir.path(), "  - p99.99(latency) < 1s\n");
    judge(&folder, &["--slo", &undecidable]).expect(&[11]);
    judge(&folder, &["--slo", &undecidable, "--inconclusive", "fail"]).expect(&[10]);
    let mistyped = slos(dir.path(), "  - error_rate < 50%\n  - hit_rate{role=\"techer\"} > 1%\n");
    let wrong = judge(&folder, &["--slo", &mistyped]);
    wrong.expect(&[2]);
    assert!(
        wrong.stderr.contains("slos.yaml:3:") && wrong.stderr.contains("did you mean \"teacher\"?"),
        "{}",
        wrong.stderr
    );
    assert_eq!(before, folder.files(), "judging writes nothing");

    for name in ["report.html", "summary.md", "junit.xml", "plots/latency.png"] {
        std::fs::remove_file(folder.path.join(name)).unwrap();
    }
    run(cacheproof(["report", out]), AT_ONCE).expect(&[0]);
    let after = folder.files();
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    for (name, bytes) in &before {
        assert!(bytes == &after[name], "{name} came out differently");
    }
}

#[test]
fn what_is_not_a_run_folder_is_refused() {
    let dir = temporary();
    let folder = RunFolder::at(dir.path());
    let missing = judge(&folder, &[]);
    missing.expect(&[2]);
    assert!(missing.stderr.contains("evidence.json"), "{}", missing.stderr);
    let cases =
        [("{}", "not evidence"), ("{\"schema_version\": 99}", "format 99"), ("half a fi", "not evidence")];
    for (text, words) in cases {
        std::fs::write(dir.path().join("evidence.json"), text).unwrap();
        let refused = judge(&folder, &[]);
        refused.expect(&[2]);
        assert!(refused.stderr.contains(words), "{}", refused.stderr);
        run(cacheproof(["report".as_ref(), dir.path().as_os_str()]), AT_ONCE).expect(&[2]);
    }
}
