//! The program under test, as a process: bounded in time, and gone when the test is.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::eventually;

/// How a process ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Exit code; `None` where a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
}

/// The program with these arguments, in an environment that says nothing of targets.
pub(crate) fn cacheproof<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cacheproof"));
    command.args(arguments).stdin(Stdio::null());
    for variable in ["CACHEPROOF_PASSWORD", "CACHEPROOF_REDIS", "RUST_LOG", "RUST_BACKTRACE"] {
        command.env_remove(variable);
    }
    command
}

/// Runs a command to its end.
#[track_caller]
pub(crate) fn run(command: Command, within: Duration) -> Ended {
    Running::start(command).end(within)
}

/// A process at work.
pub(crate) struct Running {
    child: Child,
    begun: Instant,
    stdout: Option<JoinHandle<String>>,
    said: Arc<Mutex<String>>,
    listening: Option<JoinHandle<()>>,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut out = child.stdout.take().unwrap();
        let stdout = std::thread::spawn(move || {
            let mut text = Vec::new();
            out.read_to_end(&mut text).unwrap();
            String::from_utf8_lossy(&text).into_owned()
        });
        let said = Arc::new(Mutex::new(String::new()));
        let (errors, heard) = (BufReader::new(child.stderr.take().unwrap()), Arc::clone(&said));
        let listening = std::thread::spawn(move || {
            for line in errors.lines().map_while(Result::ok) {
                let mut heard = heard.lock().unwrap();
                heard.push_str(&line);
                heard.push('\n');
            }
        });
        Self { child, begun: Instant::now(), stdout: Some(stdout), said, listening: Some(listening) }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for a line on standard error that begins so: the rest of it.
    #[track_caller]
    pub(crate) fn says(&self, beginning: &str, within: Duration) -> String {
        eventually(&format!("a line `{beginning}…`"), within, || {
            let said = self.said.lock().unwrap();
            // Only whole lines: the last one may still grow.
            said.lines().find_map(|line| line.strip_prefix(beginning)).map(str::to_owned)
        })
    }

    /// Sends a signal, as a terminal or an init system does.
    pub(crate) fn signal(&self, name: &str) {
        signal(self.pid(), name);
    }

    /// Waits until it ends.
    #[track_caller]
    pub(crate) fn end(mut self, within: Duration) -> Ended {
        let status = eventually("the end of the process", within, || self.child.try_wait().unwrap());
        let took = self.begun.elapsed();
        let stdout = self.stdout.take().unwrap().join().unwrap();
        self.listening.take().unwrap().join().unwrap();
        let stderr = self.said.lock().unwrap().clone();
        Ended { code: status.code(), stdout, stderr, took }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Only where a test failed before the end; an embedded service sees its pipe close.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ended {
    /// The code, with everything that was said where it is another.
    #[track_caller]
    pub(crate) fn expect(&self, codes: &[i32]) -> &Self {
        assert!(self.code.is_some_and(|code| codes.contains(&code)), "expected one of {codes:?}: {self:#?}");
        self
    }
}

/// Sends a signal to a process.
pub(crate) fn signal(pid: u32, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status().unwrap();
    assert!(sent.success(), "kill -{name} {pid}");
}

/// Processes whose parent is this one: the fourth field of `/proc/<pid>/stat`, proc(5).
pub(crate) fn children(parent: u32) -> Vec<u32> {
    let mut children = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().map_while(Result::ok) {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
        let parent_of =
            stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse().ok());
        if parent_of == Some(parent) {
            children.push(pid);
        }
    }
    children
}
