//! `cacheproof schema`: the language as JSON Schema, for editors.

use crate::exit::{Exit, Failure};
use crate::scenario::schema as scenario_schema;
use anyhow::Context as _;
use std::io::Write as _;

pub(super) fn schema() -> Result<Exit, Failure> {
    let mut text = serde_json::to_string_pretty(&scenario_schema()).context("the schema is not JSON")?;
    text.push('\n');
    // Whoever pipes it into `head` has seen enough.
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(anyhow::Error::from(error).context("the schema cannot be printed").into())
        }
        Ok(()) | Err(_) => Ok(Exit::Passed),
    }
}
