//! Progress on standard error: one line that moves on a terminal, a line every ten
//! seconds elsewhere, nothing when quiet.

use crate::expose::{Live, Snapshot};
use crate::units::{count, duration};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal as _;
use std::time::Duration;
use tokio::task::JoinHandle;

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Quiet,
    Lines,
    Moving,
}

impl Mode {
    pub(super) fn choose(quiet: bool) -> Self {
        match (quiet, std::io::stderr().is_terminal()) {
            (true, _) => Self::Quiet,
            (false, true) => Self::Moving,
            (false, false) => Self::Lines,
        }
    }

    /// Says one thing that was done.
    pub(super) fn say(self, text: &str) {
        match self {
            Self::Quiet => {}
            Self::Lines | Self::Moving => eprintln!("{text}"),
        }
    }
}

/// Progress that is being shown.
pub(super) struct Progress {
    task: Option<JoinHandle<()>>,
    bar: Option<ProgressBar>,
}

impl Progress {
    pub(super) fn start(mode: Mode, live: Live, longest: Duration) -> Self {
        match mode {
            Mode::Quiet => Self { task: None, bar: None },
            Mode::Lines => Self { task: Some(tokio::spawn(lines(live))), bar: None },
            Mode::Moving => {
                let bar = ProgressBar::with_draw_target(
                    Some(longest.as_secs().max(1)),
                    ProgressDrawTarget::stderr_with_hz(5),
                );
                bar.set_style(
                    ProgressStyle::with_template("{bar:12} {wide_msg}")
                        .unwrap_or_else(|_| ProgressStyle::default_bar())
                        .progress_chars("━╸─"),
                );
                Self { task: Some(tokio::spawn(moving(live, bar.clone(), longest))), bar: Some(bar) }
            }
        }
    }

    pub(super) fn end(self) {
        if let Some(task) = self.task {
            task.abort();
        }
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

async fn lines(live: Live) {
    let mut tick = tokio::time::interval(Duration::from_secs(10));
    tick.tick().await;
    loop {
        tick.tick().await;
        eprintln!("{}", line(&live.snapshot()));
    }
}

async fn moving(live: Live, bar: ProgressBar, longest: Duration) {
    let mut tick = tokio::time::interval(Duration::from_millis(250));
    loop {
        tick.tick().await;
        let snapshot = live.snapshot();
        bar.set_position(snapshot.elapsed.min(longest).as_secs());
        bar.set_message(line(&snapshot));
    }
}

/// `steady 12 s of 1 min 20 s · 214 req/s · hits: teacher 92 %, student 61 %`
fn line(snapshot: &Snapshot) -> String {
    let Some(phase) = &snapshot.phase else { return "getting ready".into() };
    let (in_phase, planned) = snapshot.in_phase;
    let mut line =
        format!("{phase} {} s of {} · {:.0} req/s", in_phase.as_secs(), duration(planned), snapshot.rate);
    let rates: Vec<String> = snapshot
        .roles
        .iter()
        .filter_map(|role| Some(format!("{} {:.0} %", role.name, role.rate()? * 100.0)))
        .collect();
    if !rates.is_empty() {
        line.push_str(&format!(" · hits: {}", rates.join(", ")));
    }
    if let Some((decided, of)) = snapshot.decided {
        line.push_str(&format!(" · {decided} of {of} decided"));
    }
    if snapshot.copies > 0 {
        line.push_str(&format!(" · {} shown from browsers", count(snapshot.copies)));
    }
    if snapshot.errors > 0 {
        line.push_str(&format!(" · {} errors", count(snapshot.errors)));
    }
    line
}
