//! Ctrl-C and SIGTERM end a run; the evidence gathered so far is kept.

use crate::attack::{Cause, Stop};
use anyhow::Context as _;

/// The first signal stops the run; the second ends the process at once.
///
/// Installed before Goose starts, which then leaves its own handler out.
pub(super) fn install(stop: &Stop) -> anyhow::Result<()> {
    let stop = stop.clone();
    ctrlc::set_handler(move || {
        if stop.is_stopped() {
            #[expect(clippy::exit, reason = "the user asked twice; a handler has no other way out")]
            std::process::exit(i32::from(crate::exit::Exit::Interrupted.code()));
        }
        stop.trigger(Cause::Interrupted);
    })
    .context("cannot listen for Ctrl-C")
}
