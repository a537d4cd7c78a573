//! `cacheproof schema`: the language as JSON Schema, for editors.

use super::out::print;
use crate::exit::{Exit, Failure};
use crate::scenario::schema as scenario_schema;
use anyhow::Context as _;

pub(super) fn schema() -> Result<Exit, Failure> {
    let text = serde_json::to_string_pretty(&scenario_schema()).context("the schema is not JSON")?;
    print(&(text + "\n"))?;
    Ok(Exit::Passed)
}
