//! Ctrl-C and SIGTERM end a run; the evidence gathered so far is kept.

use crate::attack::{Cause, Stop};
use anyhow::Context as _;
use std::sync::atomic::{AtomicBool, Ordering};

/// The first signal stops the run; the second ends the process at once.
///
/// Installed before Goose starts, which then leaves its own handler out.
pub(super) fn install(stop: &Stop) -> anyhow::Result<()> {
    let stop = stop.clone();
    let asked = AtomicBool::new(false);
    ctrlc::set_handler(move || {
        if asked.swap(true, Ordering::SeqCst) {
            #[expect(clippy::exit, reason = "the user asked twice; a handler has no other way out")]
            std::process::exit(i32::from(crate::exit::Exit::Interrupted.code()));
        }
        stop.trigger(Cause::Interrupted);
    })
    .context("cannot listen for Ctrl-C")
}
