//! The one way to end a run early.

use std::sync::{Arc, OnceLock};
use tokio_util::sync::CancellationToken;

/// Why a run ended early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Ctrl-C or SIGTERM.
    Interrupted,
    /// The target is gone.
    TargetLost(String),
    /// A line of `abort_on` held.
    Aborted {
        /// The line.
        line: String,
        /// What was measured.
        value: String,
    },
}

/// Asked by everyone who waits; set by the first who has a reason.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    token: CancellationToken,
    cause: Arc<OnceLock<Cause>>,
}

impl Stop {
    /// Ends the run; only the first cause counts.
    pub fn trigger(&self, cause: Cause) {
        let _ = self.cause.set(cause);
        self.token.cancel();
    }

    /// Why it was ended, if it was.
    pub fn cause(&self) -> Option<&Cause> {
        self.cause.get()
    }

    /// Whether it was ended.
    pub fn is_stopped(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Waits until it is ended.
    pub async fn stopped(&self) {
        self.token.cancelled().await;
    }

    /// Sleeps; `false` if the run was ended meanwhile.
    pub async fn sleep(&self, time: std::time::Duration) -> bool {
        tokio::select! {
            () = self.token.cancelled() => false,
            () = tokio::time::sleep(time) => true,
        }
    }
}
