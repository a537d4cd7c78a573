//! A run that ends as soon as it is decided.

use cacheproof::stats::Method;
use cacheproof::verdict::Verdict;
use std::time::Duration;

use crate::support::folder::RunFolder;
use crate::support::program::{cacheproof, run};
use crate::support::{temporary, turn};

#[test]
fn a_run_until_decided_ends_early_and_is_judged_the_same_from_its_folder() {
    let (_turn, dir) = (turn(), temporary());
    let folder = RunFolder::at(dir.path().join("run"));
    let out = folder.path.to_str().unwrap();
    let ended = run(
        cacheproof(["run", "smoke", "--until-decided", "--duration", "40s", "--out", out]),
        Duration::from_secs(120),
    );
    ended.expect(&[0, 10, 11]);
    // Eight rounds of pairs are fewer than a first look needs.
    assert!(ended.stderr.contains("pairs runs its whole length: 8 rounds"), "{}", ended.stderr);
    assert!(ended.stderr.contains("decided"), "the progress tells of it: {}", ended.stderr);

    let evidence = folder.json("evidence.json");
    let watched = &evidence["sequential"]["phases"][0];
    let steady = &evidence["phases"][watched["phase"].as_u64().unwrap() as usize];
    let took = steady["to_us"].as_u64().unwrap() - steady["from_us"].as_u64().unwrap();
    assert_eq!(watched["decided"], true, "lines so far from their targets are decided early");
    assert!(took < 36_000_000, "{took} of 40 s");

    let verdict = folder.verdict();
    let looked = verdict.findings.iter().filter(|f| f.method == Some(Method::ConfidenceSequence)).count();
    assert_eq!(looked, 3, "all but the speedup: {:?}", verdict.findings);
    assert!(verdict.caveats.iter().any(|caveat| caveat.to_string().contains("requests saved")));

    let again = run(cacheproof(["judge", "--json", out]), Duration::from_secs(30));
    let again: Verdict = serde_json::from_str(&again.stdout).unwrap();
    assert_eq!(
        serde_json::to_value(&again.findings).unwrap(),
        serde_json::to_value(&verdict.findings).unwrap(),
        "the same looks, the same judgement"
    );
    assert_eq!(again.verdict, verdict.verdict);
}
