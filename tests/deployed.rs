//! Targets that a run did not start: a healthy one, and ones made bad by a proxy. The
//! harness is worth what it detects.

use cacheproof::observe::Source;
use cacheproof::verdict::Judgement;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::support::folder::RunFolder;
use crate::support::program::{Ended, Running, cacheproof, run};
use crate::support::proxy::{Proxy, Twist};
use crate::support::service::{PASSWORD, Service};
use crate::support::{eventually, http, temporary, turn};

/// A dozen busy people of a school whose clock runs 60 times faster, as a deployment
/// with its TTLs configured so.
const SCENARIO: &str = r#"
scenario: deployed
seed: 3
include: [parts/school]
target: {url: "http://127.0.0.1:1", time_scale: 60}
actions:
  list: {query: {page_size: "20"}, filters: [{}]}
roles:
  teacher:
    users: 4
    people: 4
    session: {pages: 20, gap: 10s, returns: 1}
    think: {mean: 6s, shape: 1}
    favourites: 2
    actions: {list: 2, report: 2, grade: 1}
  student:
    users: 8
    people: 8
    session: {pages: 20, gap: 10s, returns: 1}
    think: {mean: 6s, shape: 1}
    favourites: 2
    actions: {list: 2, report: 2}
phases:
  - {kind: pairs, duration: 20s, samples: 12}
  - {kind: warm-up, duration: 1s}
  - {kind: steady, duration: 5s}
slos:
  - hit_rate > 30%
  - p95(latency{source="hit"}) < 50ms
  - speedup{action="list"} >= 1.5x
  - error_rate < 2%
"#;

fn write(dir: &Path) -> PathBuf {
    let path = dir.join("deployed.yaml");
    std::fs::write(&path, SCENARIO).unwrap();
    path
}

/// Runs the scenario at a target.
fn at(target: &str, dir: &Path) -> (RunFolder, Ended) {
    let folder = RunFolder::at(dir.join("run"));
    let (scenario, out) = (write(dir), folder.path.clone());
    let arguments = [
        "run".as_ref(),
        scenario.as_os_str(),
        "--target".as_ref(),
        target.as_ref(),
        "--out".as_ref(),
        out.as_os_str(),
    ];
    let mut command = cacheproof(arguments);
    command.env("CACHEPROOF_PASSWORD", PASSWORD);
    let ended = run(command, Duration::from_secs(60));
    (folder, ended)
}

#[test]
fn a_service_that_runs_already_is_judged_by_reads_alone() {
    let (_turn, dir, service) = (turn(), temporary(), Service::start());
    let token = service.token("admin");
    let (folder, ended) = at(&service.url, dir.path());
    ended.expect(&[0]);
    let evidence = folder.evidence();
    assert_eq!(evidence.run.target.trim_end_matches('/'), service.url);
    assert!(
        evidence.cells.iter().all(|cell| cell.source != Source::Write),
        "a write was sent to a target that is not ours"
    );
    assert!(folder.caveats().contains("left out: `grade`"), "{}", folder.caveats());
    assert!(ended.stdout.contains("left out: `grade`"));
    assert!(
        evidence.environment.machine.iter().all(|machine| machine.target.is_none()),
        "it is not our process"
    );
    // The same token at each login, so this is one that the run had in its hands.
    folder.holds_no_secrets(&[PASSWORD, &token]);
    for said in [&ended.stdout, &ended.stderr] {
        assert!(!said.contains(PASSWORD) && !said.contains(&token));
    }
}

#[test]
fn a_deployed_target_that_goes_away_ends_the_run_and_the_evidence_is_kept() {
    let (_turn, dir, service) = (turn(), temporary(), Service::start());
    let (scenario, folder) = (write(dir.path()), RunFolder::at(dir.path().join("run")));
    let mut command =
        cacheproof(["run".as_ref(), scenario.as_os_str(), "--target".as_ref(), service.url.as_ref()]);
    command
        .args(["--metrics", "0", "--duration", "2m", "--set", "phases.2.duration=1s", "--out"])
        .arg(&folder.path);
    command.env("CACHEPROOF_PASSWORD", PASSWORD);
    let running = Running::start(command);
    let metrics = running.says("metrics of this run: ", Duration::from_secs(30));
    eventually("hits in the steady phase", Duration::from_secs(60), || {
        let text = http::get(&metrics)?;
        text.lines()
            .find(|line| line.contains("phase=\"steady\"") && line.contains("source=\"hit\""))
            .map(drop)
    });
    drop(service);
    running.end(Duration::from_secs(60)).expect(&[3]);
    let evidence = folder.evidence();
    assert!(evidence.interrupted && evidence.cells.iter().any(|cell| cell.source == Source::Hit));
    assert!(folder.caveats().contains("the target was lost"), "{}", folder.caveats());
}

#[test]
fn a_target_whose_hits_are_slow_fails_its_latency() {
    let (_turn, dir, service) = (turn(), temporary(), Service::start());
    let proxy = Proxy::before(&service.url, Twist::Slow(Duration::from_millis(60)));
    let (folder, ended) = at(&proxy.url, dir.path());
    ended.expect(&[10]);
    let finding = folder.judged("p95", Judgement::Fail);
    assert!(finding.interval.is_some_and(|[lo, _]| lo >= 60_000.0), "{finding:?}");
    folder.judged("hit_rate", Judgement::Pass);
    assert!(ended.stdout.contains("FAIL"), "{}", ended.stdout);
    assert!(folder.text("junit.xml").contains("<failure"));
}

#[test]
fn a_target_that_never_caches_fails_its_hit_rate_and_shows_no_speedup() {
    let (_turn, dir, service) = (turn(), temporary(), Service::start());
    let proxy = Proxy::before(&service.url, Twist::Uncached);
    let (folder, ended) = at(&proxy.url, dir.path());
    ended.expect(&[10]);
    let finding = folder.judged("hit_rate", Judgement::Fail);
    assert_eq!(finding.measured, Some(0.0));
    assert!(finding.n >= 100, "{finding:?}");
    let speedup = folder.judged("speedup", Judgement::Inconclusive);
    assert_eq!((speedup.n, speedup.measured), (0, None), "a pair whose cached arm was no hit proves nothing");
    let evidence = folder.evidence();
    assert!(evidence.pairs.is_empty());
    let dropped: u64 = evidence.pairs_dropped.iter().map(|dropped| dropped.n).sum();
    assert!(dropped >= 4, "they are counted: {dropped}");
}

#[test]
fn a_target_that_says_nothing_of_its_cache_is_not_believed_to_have_one() {
    let (_turn, dir, service) = (turn(), temporary(), Service::start());
    let proxy = Proxy::before(&service.url, Twist::Silent);
    let (folder, ended) = at(&proxy.url, dir.path());
    ended.expect(&[11]);
    let finding = folder.judged("hit_rate", Judgement::Inconclusive);
    assert!(
        finding.note.as_ref().is_some_and(|note| note.contains("did not say which layer")),
        "{finding:?}"
    );
    assert_eq!(finding.measured, None);
    folder.judged("p95", Judgement::Inconclusive);
    folder.judged("error_rate", Judgement::Pass);
    let asked = |how: &str| {
        let path = folder.path.to_str().unwrap();
        run(cacheproof(["judge", path, "--inconclusive", how]), Duration::from_secs(10)).code
    };
    assert_eq!((asked("pass"), asked("fail")), (Some(0), Some(10)));
}
