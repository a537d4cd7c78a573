//! The school service as a child process: its processor time, memory and death are
//! its own, and it is measured over HTTP as a stranger would.

use crate::scenario::Size;
use rand::RngExt as _;
use reqwest::Url;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};

/// Seeding takes seconds; a machine under load may need a minute.
const START_WITHIN: Duration = Duration::from_secs(180);
/// What the service prints once it listens.
pub(crate) const ANNOUNCEMENT: &str = "listening on ";
/// The service's and the harness's shared secret travels in this variable, never in
/// arguments, which every process may read.
pub(crate) const PASSWORD_VARIABLE: &str = "CACHEPROOF_PASSWORD";

/// The Redis to use as L1.
pub(crate) const REDIS_VARIABLE: &str = "CACHEPROOF_REDIS";

/// The running child.
#[derive(Debug)]
pub struct Embedded {
    /// Where it listens.
    pub base: Url,
    pub(super) password: String,
    child: Child,
    /// Held open for as long as the child shall live; waiting for the child would close
    /// it if it were left there.
    lifeline: Option<ChildStdin>,
    log: PathBuf,
}

/// The embedded service did not start.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// No process.
    #[error("cannot start the embedded service: {0}")]
    Spawn(#[from] std::io::Error),
    /// It ended before it listened.
    #[error("the embedded service ended before it listened: {0}")]
    Ended(String),
    /// It did not listen in time.
    #[error("the embedded service did not listen within {} s", START_WITHIN.as_secs())]
    Late,
}

impl Embedded {
    /// Starts `cacheproof serve` on a free port of the loopback interface.
    pub(super) async fn start(
        size: Size,
        time_scale: f64,
        seed: u64,
        redis: Option<&str>,
        log: &Path,
    ) -> Result<Self, EmbeddedError> {
        let password: String = {
            let mut rng = rand::rng();
            (0..24).map(|_| char::from(rng.sample(rand::distr::Alphanumeric))).collect()
        };
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(["serve", "--port", "0", "--exit-with-parent"])
            .args([
                "--size",
                match size {
                    Size::Full => "full",
                    Size::Small => "small",
                },
            ])
            .args(["--time-scale", &time_scale.to_string()])
            .args(["--seed", &seed.to_string()])
            .env(PASSWORD_VARIABLE, &password)
            // The pipe's end tells the child that we are gone, however we went.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(log)?)
            .kill_on_drop(true);
        if let Some(redis) = redis {
            // It may hold a password, so it travels like one.
            command.env(REDIS_VARIABLE, redis);
        } else {
            command.env_remove(REDIS_VARIABLE);
        }
        // A Ctrl-C in the terminal is for us: we end the child when the evidence is safe.
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn()?;
        let lifeline = child.stdin.take();
        let stdout = child.stdout.take().expect("stdout was asked to be a pipe");
        let mut lines = BufReader::new(stdout).lines();
        let announced = async {
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some(url) =
                    line.strip_prefix(ANNOUNCEMENT).and_then(|url| url.trim().parse::<Url>().ok())
                {
                    return Some(url);
                }
            }
            None
        };
        match tokio::time::timeout(START_WITHIN, announced).await {
            Ok(Some(base)) => Ok(Self { base, password, child, lifeline, log: log.into() }),
            Ok(None) => Err(EmbeddedError::Ended(last_words(log))),
            Err(_) => Err(EmbeddedError::Late),
        }
    }

    /// Process id, while it lives.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits until the process ends by itself: what it said last.
    pub(super) async fn lost(&mut self) -> String {
        let status =
            self.child.wait().await.map_or_else(|error| error.to_string(), |status| status.to_string());
        format!("the embedded service ended ({status}): {}", last_words(&self.log))
    }

    /// Ends it.
    pub async fn end(mut self) {
        drop(self.lifeline.take());
        if tokio::time::timeout(Duration::from_secs(2), self.child.wait()).await.is_err() {
            // It did not take the hint; nothing it holds is worth keeping.
            let _ = self.child.kill().await;
        }
    }
}

/// The last line of the service's log that says anything.
fn last_words(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let last = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
    last.trim_start_matches("cacheproof: ").to_owned()
}
