//! Runs side by side and as one: `compare` and `merge`, on runs at a service that several drive.

use cacheproof::compare::{Comparison, Trend, Word};
use cacheproof::evidence::Evidence;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::schemas::errors;
use crate::support::folder::RunFolder;
use crate::support::program::{Ended, Running, cacheproof, run};
use crate::support::service::{PASSWORD, Service};
use crate::support::{temporary, turn};

/// Ten busy people of a school whose clock runs 60 times faster.
const SCENARIO: &str = r#"
scenario: shared
seed: 3
include: [parts/school]
target: {url: "http://127.0.0.1:1", time_scale: 60}
roles:
  teacher:
    users: 4
    people: 4
    session: {pages: 20, gap: 10s, returns: 1}
    think: {mean: 6s, shape: 1}
    actions: {list: 2, report: 2}
  student:
    users: 6
    people: 12
    session: {pages: 20, gap: 10s, returns: 1}
    think: {mean: 6s, shape: 1}
    actions: {list: 2, report: 2}
phases:
  - {kind: warm-up, duration: 1s}
  - {kind: steady, duration: 6s}
slos:
  - hit_rate > 50%
  - mean(latency{source="hit"}) < 500ms
cluster: person
"#;

fn generator(service: &Service, dir: &Path, seed: &str) -> (RunFolder, Running) {
    let (scenario, out) = (dir.join("shared.yaml"), dir.join("runs").join(format!("generator-{seed}")));
    std::fs::write(&scenario, SCENARIO).unwrap();
    let text = |path: &PathBuf| path.display().to_string();
    let mut command = cacheproof([
        "run",
        &text(&scenario),
        "--target",
        &service.url,
        "--seed",
        seed,
        "--out",
        &text(&out),
        "--quiet",
    ]);
    command.env("CACHEPROOF_PASSWORD", PASSWORD);
    (RunFolder::at(out), Running::start(command))
}

fn ask(arguments: &[&str], paths: &[&Path]) -> Ended {
    let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    let all = arguments.iter().copied().chain(paths.iter().map(String::as_str));
    run(cacheproof(all), Duration::from_secs(60))
}

#[test]
fn two_generators_at_one_service_become_one_run_and_stand_side_by_side() {
    let (_turn, dir, service) = (turn(), temporary(), Service::start());
    let (one, first) = generator(&service, dir.path(), "3");
    let (two, second) = generator(&service, dir.path(), "4");
    for generator in [first, second] {
        // A slow machine may leave a line open, and both share it.
        generator.end(Duration::from_secs(90)).expect(&[0, 10, 11, 12]);
    }
    let out = dir.path().join("merged");
    let ended = ask(&["merge", "--out"], &[&out, &one.path, &two.path]);
    ended.expect(&[0, 10, 11, 12]);
    let merged = RunFolder::at(&out);
    let (a, b, all) = (one.evidence(), two.evidence(), merged.evidence());
    assert_eq!(all.responses(), a.responses() + b.responses());
    let latencies =
        |of: &Evidence| of.histograms.iter().flat_map(|part| &part.counts).map(|(_, n)| n).sum::<u64>();
    assert_eq!(latencies(&all), latencies(&a) + latencies(&b));
    // Other seeds choose other people, of whom some are the same.
    let people =
        |of: &Evidence| of.cells.iter().map(|cell| cell.cluster).collect::<std::collections::BTreeSet<_>>();
    let common = a.roster.iter().filter(|print| b.roster.contains(print)).count();
    assert!(
        all.roster.len() == a.roster.len() + b.roster.len() - common
            && people(&all).len() <= all.roster.len()
    );
    assert!(!a.roster.is_empty() && common < a.roster.len(), "{} of {} shared", common, a.roster.len());
    assert_eq!(all.generators.len(), 2);
    assert!(merged.caveats().contains("generator-3"), "{}", merged.caveats());
    assert_eq!(errors("evidence.schema.json", &merged.json("evidence.json")), Vec::<String>::new());
    assert_eq!(errors("verdict.schema.json", &merged.json("verdict.json")), Vec::<String>::new());
    ask(&["judge"], &[&out]).expect(&[0, 10, 11, 12]);
    // The same twice, and one that is not there.
    let twice = ask(&["merge", "--out"], &[&dir.path().join("twice"), &one.path, &one.path]);
    assert!(twice.expect(&[2]).stderr.contains("given twice"), "{twice:?}");
    assert!(!dir.path().join("twice").exists());

    let files = dir.path().join("side-by-side");
    let told = ask(&["compare", "--json", "--out"], &[&files, &one.path, &two.path.join("verdict.json")]);
    told.expect(&[0]);
    let json: Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!(errors("comparison.schema.json", &json), Vec::<String>::new());
    assert_eq!(
        json,
        serde_json::from_slice::<Value>(&std::fs::read(files.join("comparison.json")).unwrap()).unwrap()
    );
    let comparison: Comparison = serde_json::from_value(json).unwrap();
    assert!(comparison.slos.len() == 2 && !comparison.rows.is_empty(), "{comparison:#?}");
    assert!(comparison.caveats.iter().any(|caveat| caveat.contains("seed")));
    let table = ask(&["compare"], &[&one.path, &two.path]);
    assert!(table.expect(&[0]).stdout.contains("hit_rate > 50%"), "{table:?}");

    let trend =
        ask(&["compare", "--json", "--out"], &[&files, Path::new("--trend"), &dir.path().join("runs")]);
    let told: Trend = serde_json::from_str(&trend.expect(&[0, 2]).stdout)
        .unwrap_or_else(|error| panic!("{error}: {trend:?}"));
    assert!(told.tracks.len() == 2 && files.join("plots/trend.svg").exists());
}

/// A run folder made of another by a change of its evidence.
fn altered(from: &RunFolder, to: &Path, change: impl FnOnce(&mut Evidence)) {
    std::fs::create_dir_all(to).unwrap();
    std::fs::copy(from.path.join("scenario.yaml"), to.join("scenario.yaml")).unwrap();
    let mut evidence = from.evidence();
    change(&mut evidence);
    cacheproof::evidence::save(&evidence, to).unwrap();
}

#[test]
fn a_gate_on_a_comparison_ends_as_its_words_say() {
    let (_turn, dir, service) = (turn(), temporary(), Service::start());
    let (base, running) = generator(&service, dir.path(), "5");
    running.end(Duration::from_secs(90)).expect(&[0, 10, 11, 12]);
    let sound = dir.path().join("sound");
    altered(&base, &sound, |evidence| {
        // Whatever this machine did meanwhile is not the question here.
        evidence.environment.machine.clear();
        (evidence.lag.late, evidence.run.id) = (0, "sound".into());
    });
    let slower = dir.path().join("slower");
    altered(&RunFolder::at(&sound), &slower, |evidence| {
        evidence.cells.iter_mut().for_each(|cell| cell.latency_us *= 4);
        for part in &mut evidence.histograms {
            part.counts.iter_mut().for_each(|(us, _)| *us *= 4);
        }
    });
    let gate = |more: &[&str], new: &Path| {
        ask(&[&["compare", "--fail-on-regression"], more].concat(), &[&sound, new])
    };
    let worse = gate(&["--json"], &slower);
    worse.expect(&[10]);
    let comparison: Comparison = serde_json::from_str(&worse.stdout).unwrap();
    assert_eq!(comparison.slos[0].word, Word::Worse, "{comparison:#?}");
    assert!(comparison.slos[0].line.starts_with("mean(latency"));
    ask(&["compare"], &[&sound, &slower]).expect(&[0]);
    // Nothing changed: a narrow margin cannot tell, a wide one calls it the same.
    gate(&["--within", "0.1%", "--points", "0.01"], &sound).expect(&[11]);
    gate(&["--within", "0.1%", "--points", "0.01", "--inconclusive", "pass"], &sound).expect(&[0]);
    gate(&["--within", "0.1%", "--points", "0.01", "--inconclusive", "fail"], &sound).expect(&[10]);
    gate(&["--within", "100%", "--points", "50"], &sound).expect(&[0]);
    // A generator that was too slow says nothing of its target.
    let hurt = dir.path().join("hurt");
    altered(&RunFolder::at(&sound), &hurt, |evidence| (evidence.lag.late, evidence.lag.n) = (90, 100));
    gate(&[], &hurt).expect(&[12]);
    let missing = ask(&["compare"], &[&sound, &dir.path().join("nowhere")]);
    assert!(missing.expect(&[2]).stderr.contains("nowhere"), "{missing:?}");
}
