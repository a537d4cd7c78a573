//! `cacheproof run` of a small scenario against the server of the benches.

use super::support::{Outcome, PATH, Server, cost, pinned};
use cacheproof::evidence::{self, Evidence};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_cacheproof");
/// Each person asks for so many URLs.
const URLS: usize = 20;

/// People who read one page in 20 variations, again and again, without a login.
pub(crate) struct Scenario {
    pub(crate) people: u32,
    /// Between two pages, as a duration of the scenario language.
    pub(crate) think: &'static str,
    pub(crate) browser: bool,
    pub(crate) seconds: u64,
}

/// A run that has ended.
pub(crate) struct Run {
    /// CPU seconds from start to exit, reports included.
    pub(crate) whole: f64,
    pub(crate) evidence: Evidence,
}

impl Scenario {
    fn write(&self, server: &Server) -> Outcome<(TempDir, Vec<String>)> {
        let folder = tempfile::tempdir()?;
        let filters: Vec<String> = (1..=URLS).map(|page| format!(r#"{{page: "{page}"}}"#)).collect();
        let Self { people, think, browser, seconds } = self;
        let text = format!(
            "scenario: cost\n\
             about: What a request costs the generator\n\
             seed: 1\n\
             target: {{url: \"{}\"}}\n\
             actions:\n  report: {{path: {PATH}, filters: [{}]}}\n\
             roles:\n  visitor:\n    users: {people}\n    people: {people}\n    browser: {browser}\n    \
             session: {{pages: 100, gap: 1ms}}\n    think: {{distribution: exponential, mean: {think}}}\n    \
             filters: 0.0\n    actions: {{report: 1}}\n\
             phases: [{{kind: steady, duration: {seconds}s}}]\n\
             slos: [error_rate < 1%]\n",
            server.base,
            filters.join(", "),
        );
        let scenario = folder.path().join("cost.yaml");
        std::fs::write(&scenario, text)?;
        let path = |path: PathBuf| path.to_string_lossy().into_owned();
        let out = path(folder.path().join("run"));
        let arguments = ["run", &path(scenario), "--quiet", "--inconclusive", "pass", "--out", &out];
        Ok((folder, arguments.map(str::to_owned).to_vec()))
    }

    /// Runs it to its end on the second CPU.
    pub(crate) fn run(&self, server: &Server) -> Outcome<Run> {
        let (folder, arguments) = self.write(server)?;
        let (whole, _) = cost(PROGRAM, &arguments)?.ok_or("cacheproof cannot be started")?;
        Ok(Run { whole, evidence: evidence::load(&folder.path().join("run"))? })
    }

    /// Resident memory while people are at work, in bytes: the most that was seen before
    /// the reports were drawn.
    pub(crate) fn memory(&self, server: &Server) -> Outcome<u64> {
        let (_folder, arguments) = self.write(server)?;
        let mut child = pinned(1, PROGRAM, &arguments).stdout(Stdio::null()).spawn()?;
        let end = Instant::now() + Duration::from_secs(self.seconds);
        let mut most = 0;
        while Instant::now() < end {
            std::thread::sleep(Duration::from_millis(100));
            most = most.max(resident(child.id())?);
        }
        let status = child.wait()?;
        if status.success() { Ok(most) } else { Err(format!("cacheproof run failed: {status}").into()) }
    }
}

impl Run {
    /// Requests that were answered.
    pub(crate) fn requests(&self) -> u64 {
        self.evidence.responses()
    }

    /// CPU seconds while people were at work.
    pub(crate) fn at_work(&self) -> f64 {
        let environment = &self.evidence.environment;
        environment.machine.iter().map(|part| part.generator * part.seconds).sum::<f64>()
            * f64::from(environment.cpus)
    }
}

/// `VmRSS` of a process (`proc_pid_status(5)`).
fn resident(pid: u32) -> Outcome<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").trim().parse::<u64>()? * 1_024)
}
