//! Standard output, which may be closed before everything was said.

use crate::exit::Failure;
use anyhow::Context as _;
use std::io::{ErrorKind, Write as _};

/// Prints a text as it is. Whoever pipes it into `head` has seen enough: a pipe that is closed
/// is no failure.
///
/// # Errors
/// Standard output cannot be written for another reason, as a full disk.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(anyhow::Error::from(error)).context("standard output cannot be written").map_err(Into::into)
        }
        Ok(()) | Err(_) => Ok(()),
    }
}
