//! Table 2, real: runs of the built binary over HTTP against a target that is good and one
//! that is bad, the service running as somebody else's deployment.

use super::Outcome;
use cacheproof::calibration::Share;
use cacheproof::calibration::gate::Tally;
use cacheproof::stats::trials;
use cacheproof::verdict;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

const PROGRAM: &str = env!("CARGO_BIN_EXE_cacheproof");
const PASSWORD: &str = "not-a-secret-of-anybody";
/// The clock that the scenario declares.
const DECLARED: u32 = 60;
/// The clock of the bad one: entries live a fifteenth as long as was declared.
const BAD: u32 = 900;

/// Busy people of a small school. The lines are those that a sound cache meets with room.
const SCENARIO: &str = r#"
scenario: gate
about: A gate in front of a release
include: [parts/school]
actions:
  list: {query: {page_size: "20"}, filters: [{}]}
roles:
  teacher:
    users: 4
    people: 4
    session: {pages: 40, gap: 10s, returns: 1}
    think: {mean: 6s, shape: 1}
    favourites: 2
    actions: {list: 2, report: 2, grade: 0.1}
  student:
    users: 12
    people: 12
    session: {pages: 40, gap: 10s, returns: 1}
    think: {mean: 6s, shape: 1}
    favourites: 2
    actions: {list: 2, report: 2}
phases:
  - {kind: warm-up, duration: 3s}
  - {kind: steady, duration: 25s}
slos:
  - hit_rate > 75%
  - hit_rate{role="student"} > 75%
  - p95(latency{source="hit"}) < 100ms
  - error_rate < 2%
"#;

/// So many runs of each, with seeds from 1 on.
pub(crate) fn table(runs: u64) -> Outcome<()> {
    println!("| target | should | pass | fail | inconclusive | invalid | wrong | at most (95 %) |");
    println!("|---|---|---:|---:|---:|---:|---:|---:|");
    for (name, clock, good) in [("as declared", DECLARED, true), ("entries live 1/15 as long", BAD, false)] {
        let mut tally = Tally::default();
        for seed in 1..=runs {
            let outcome = run(clock, seed)?;
            eprintln!("{name}, seed {seed}: {}", outcome.as_str());
            tally.add(outcome);
        }
        let wrong = Share { count: if good { tally.fail } else { tally.pass }, of: tally.runs() };
        // One-sided: nothing wrong in n runs leaves room for 1 − 0.05^(1/n), 9.5 % of thirty.
        let bound = if wrong.count == 0 { trials::rate_bound(wrong.of, 0.95) } else { None };
        let bound = bound.or(wrong.interval().map(|(_, hi)| hi)).unwrap_or(1.0);
        println!(
            "| {name} | {} | {} | {} | {} | {} | {} of {} | {:.1} % |",
            if good { "pass" } else { "fail" },
            tally.pass,
            tally.fail,
            tally.inconclusive,
            tally.invalid,
            wrong.count,
            wrong.of,
            100.0 * bound
        );
    }
    Ok(())
}

/// One run against a service of its own, whose cache is empty at first.
fn run(clock: u32, seed: u64) -> Outcome<verdict::Outcome> {
    let folder = tempfile::tempdir()?;
    let service = Service::start(clock, folder.path())?;
    let (scenario, out) = (folder.path().join("gate.yaml"), folder.path().join("run"));
    let target = format!("target: {{url: \"{}\", time_scale: {DECLARED}, writes: true}}\n", service.url);
    std::fs::write(&scenario, format!("{SCENARIO}{target}"))?;
    let said = Command::new(PROGRAM)
        .arg("run")
        .args([&scenario])
        .args(["--quiet", "--json", "--seed", &seed.to_string(), "--out"])
        .arg(&out)
        .env("CACHEPROOF_PASSWORD", PASSWORD)
        .stderr(Stdio::piped())
        .output()?;
    let told: verdict::Verdict = serde_json::from_slice(&said.stdout).map_err(|error| {
        format!("the run told no verdict ({error}): {}", String::from_utf8_lossy(&said.stderr))
    })?;
    for finding in &told.findings {
        let percent = |value: f64| format!("{value:.3}");
        let interval = finding.interval.map(|[lo, hi]| format!("[{}, {}]", percent(lo), percent(hi)));
        eprintln!(
            "  {} {}: {} {}",
            finding.judgement.as_str(),
            finding.slo,
            finding.measured.map(percent).unwrap_or_default(),
            interval.unwrap_or_default()
        );
    }
    Ok(told.verdict)
}

/// The school service on a free port: it ends with this value.
struct Service {
    child: Child,
    /// Closing it ends the service, however the bench ended.
    _lifeline: ChildStdin,
    url: String,
}

impl Service {
    fn start(clock: u32, folder: &Path) -> Outcome<Self> {
        let mut child = Command::new(PROGRAM)
            .args(["serve", "--size", "small", "--port", "0", "--exit-with-parent"])
            .args(["--time-scale", &clock.to_string()])
            .env("CACHEPROOF_PASSWORD", PASSWORD)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let lifeline = child.stdin.take().ok_or("no input")?;
        let lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
        let url = lines
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("listening on ").map(str::to_owned))
            .ok_or("the service did not say where it listens")?;
        Ok(Self { child, _lifeline: lifeline, url })
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
