//! The metrics of a run while it goes.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::folder::RunFolder;
use crate::support::program::{Running, cacheproof};
use crate::support::{eventually, http, temporary, turn};

/// What `promtool check metrics` thinks of an exposition.
fn promtool(text: &str) -> std::process::Output {
    let mut command = Command::new("promtool");
    command.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("this test needs promtool (Debian: prometheus) in the PATH");
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// Samples of a metric, added up.
fn sum(text: &str, name: &str) -> f64 {
    let samples = text
        .lines()
        .filter(|line| line.starts_with(&format!("{name}{{")) || line.starts_with(&format!("{name} ")));
    samples.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum()
}

#[test]
fn a_run_can_be_scraped_while_it_goes() {
    let (_turn, dir) = (turn(), temporary());
    let folder = RunFolder::at(dir.path().join("run"));
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let (out, address) = (folder.path.to_str().unwrap(), format!("127.0.0.1:{port}"));
    let running =
        Running::start(cacheproof(["run", "smoke", "--out", out, "--duration", "4s", "--metrics", &address]));
    let url = running.says("metrics of this run: ", Duration::from_secs(30));
    assert_eq!(url, format!("http://{address}/metrics"));
    let text = eventually("requests of the steady phase", Duration::from_secs(60), || {
        let text = http::get(&url)?;
        let hits =
            text.lines().any(|line| line.contains("phase=\"steady\"") && line.contains("source=\"hit\""));
        (hits && text.contains("cacheproof_target_cache_entries")).then_some(text)
    });
    let checked = promtool(&text);
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    let mut names: BTreeMap<&str, &str> = BTreeMap::new();
    for line in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let (name, kind) = line.split_once(' ').unwrap();
        assert!(name.starts_with("cacheproof_"), "{name} is not ours");
        names.insert(name, kind);
    }
    assert_eq!(names.get("cacheproof_requests_total"), Some(&"counter"));
    assert_eq!(names.get("cacheproof_request_duration_seconds"), Some(&"histogram"));
    assert!(
        sum(&text, "cacheproof_requests_total") >= sum(&text, "cacheproof_request_duration_seconds_count")
    );
    for forbidden in ["student-", "teacher-", "/api/", "http"] {
        let labels = text.lines().filter(|line| !line.starts_with('#'));
        assert!(!labels.into_iter().any(|line| line.contains(forbidden)), "{forbidden} in a label");
    }
    let scraped = sum(&text, "cacheproof_requests_total");
    running.end(Duration::from_secs(60)).expect(&[0, 10, 11]);
    let responses = folder.evidence().responses() as f64;
    assert!(scraped > 0.0 && scraped <= responses, "{scraped} seen on the way to {responses}");
}
