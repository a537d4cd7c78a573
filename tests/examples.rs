//! The examples, against the real servers that they are written for: what they say is
//! how such a server is measured, and it works.

use cacheproof::observe::Source;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::support::django::Django;
use crate::support::folder::RunFolder;
use crate::support::nginx::Nginx;
use crate::support::program::{cacheproof, run};
use crate::support::service::PASSWORD;
use crate::support::varnish::Varnish;
use crate::support::{temporary, turn};

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/examples").join(name)
}

/// Runs an example at a target behind which this school is, and checks what holds of
/// every one.
fn measured(name: &str, target: &str, school: &Django) -> (tempfile::TempDir, RunFolder) {
    let dir = temporary();
    let folder = RunFolder::at(dir.path().join("run"));
    let mut command = cacheproof(["run".as_ref(), example(name).as_os_str()]);
    command.args(["--target", target, "--out"]).arg(&folder.path).env("SCHOOL_PASSWORD", PASSWORD);
    let ended = run(command, Duration::from_secs(90));
    // A busy machine may leave an SLO undecided; it must not fail one.
    ended.expect(&[0, 11]);

    let evidence = folder.evidence();
    assert!(!evidence.interrupted);
    let mut seen: BTreeMap<&str, u64> = BTreeMap::new();
    for cell in &evidence.cells {
        *seen.entry(cell.source.as_str()).or_default() += cell.n;
    }
    let n = |source: Source| seen.get(source.as_str()).copied().unwrap_or(0);
    assert_eq!((n(Source::Unknown), n(Source::Error)), (0, 0), "{seen:?} {:?}", evidence.faults);
    assert_eq!(evidence.faults, BTreeMap::new());
    assert!(n(Source::Hit) > 0 && n(Source::Miss) > 0 && n(Source::Write) > 0, "{seen:?}");
    let reads: u64 =
        evidence.cells.iter().filter(|cell| cell.source != Source::Write).map(|cell| cell.n).sum();
    assert!(reads > 150, "{reads} reads are no load");
    let validated: u64 = evidence.cells.iter().map(|cell| cell.validated).sum();
    assert!(validated > 0, "every one of these servers answers 304");

    let rate = folder.finding("hit_rate");
    assert!(rate.measured.is_some_and(|rate| rate > 0.0 && rate < 1.0), "{rate:?}");
    assert!(!evidence.pairs.is_empty(), "no pair was usable: {:?}", evidence.pairs_dropped);
    let speedup = folder.finding("speedup");
    assert!(speedup.measured.is_some() && speedup.n > 0, "{speedup:?}");

    let secrets = school.secrets();
    assert!(secrets.len() >= 10, "people logged in: {}", secrets.len());
    let known: Vec<&str> = secrets.iter().map(String::as_str).chain([PASSWORD]).collect();
    folder.holds_no_secrets(&known);
    for said in [&ended.stdout, &ended.stderr] {
        assert!(known.iter().all(|secret| !said.contains(secret)));
    }
    (dir, folder)
}

#[test]
fn django_with_its_session_login_and_its_own_cache_is_measured() {
    let (_turn, school) = (turn(), Django::start());
    let (_dir, folder) = measured("django.yaml", &school.url, &school);
    let evidence = folder.evidence();
    assert_eq!(evidence.run.store.as_deref(), Some("locmem"), "its management call says so");
    let bypasses = evidence.cells.iter().filter(|cell| cell.source == Source::Bypass);
    assert!(bypasses.map(|cell| cell.n).sum::<u64>() > 0, "the uncached arms of the pairs");
}

#[test]
fn nginx_with_its_proxy_cache_is_measured() {
    let (_turn, school) = (turn(), Django::uncached());
    let nginx = Nginx::before(&school.url);
    let (_dir, folder) = measured("nginx.yaml", nginx.url(), &school);
    let evidence = folder.evidence();
    let bypasses = evidence.cells.iter().filter(|cell| cell.source == Source::Bypass);
    assert!(bypasses.map(|cell| cell.n).sum::<u64>() > 0, "the uncached arms of the pairs");
}

#[test]
fn varnish_is_measured_by_its_own_header_alone() {
    let (_turn, school) = (turn(), Django::uncached());
    let varnish = Varnish::before(&school.url);
    measured("varnish.yaml", varnish.url(), &school);
}

#[test]
fn every_example_is_a_valid_scenario() {
    let mut checked = 0;
    for entry in std::fs::read_dir(example("")).unwrap() {
        let mut command =
            cacheproof(["check".as_ref(), entry.unwrap().path().as_os_str(), "--offline".as_ref()]);
        command.env("SCHOOL_PASSWORD", PASSWORD);
        run(command, Duration::from_secs(20)).expect(&[0]);
        checked += 1;
    }
    assert!(checked >= 3, "{checked} examples");
}
