//! What an answer means to the person who asked: whether it is as expected, and what they
//! remember of it.

use super::Fill;
use crate::observe::Fault;
use crate::plan::{ActionPlan, ExpectPlan};
use crate::scenario::Capture;
use http::{HeaderMap, Method};
use serde_json::Value;

/// What an answer is not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// Another status.
    #[error("the status is {0}")]
    Status(u16),
    /// Something else in the body.
    #[error("{0}")]
    Body(String),
}

impl Mismatch {
    /// What it counts as.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Status(_) => Fault::Status,
            Self::Body(_) => Fault::Content,
        }
    }
}

/// Holds the answer to an action against what it expects: 200 or 304 of a read, any
/// success of a write, unless it says otherwise.
///
/// # Errors
/// The first thing that is not as expected.
pub fn expected(
    action: &ActionPlan,
    status: u16,
    body: Option<&[u8]>,
    fill: &Fill<'_>,
) -> Result<(), Mismatch> {
    let usual = if action.read { matches!(status, 200 | 304) } else { (200..400).contains(&status) };
    let body = body.filter(|_| action.request.method != Method::HEAD);
    verify(&action.request.expect, status, usual, body, fill)
}

/// Whether an action's answers must be read, not only measured.
pub fn wants_body(action: &ActionPlan) -> bool {
    let captures = action.captures.iter().any(|(_, capture)| matches!(capture, Capture::Json(_)));
    captures || action.request.expect.reads_body()
}

/// What a person remembers of an answer: (capture, text).
pub fn captured(action: &ActionPlan, headers: &HeaderMap, body: Option<&[u8]>) -> Vec<(u16, String)> {
    let find = |capture: &Capture| match capture {
        Capture::Header(name) => headers.get(name.as_str())?.to_str().ok().map(str::to_owned),
        Capture::Json(pointer) => {
            let json: Value = serde_json::from_slice(body?).ok()?;
            match json.pointer(pointer)? {
                Value::String(text) => Some(text.clone()),
                Value::Null => None,
                other => Some(other.to_string()),
            }
        }
    };
    action.captures.iter().filter_map(|(index, capture)| Some((*index, find(capture)?))).collect()
}

/// Holds an answer against what is expected. `usual`: whether its status is a usual one,
/// where no particular one is expected. An answer without a body, as to HEAD or a 304, is
/// not asked about one.
///
/// # Errors
/// The first thing that is not as expected.
pub fn verify(
    expect: &ExpectPlan,
    status: u16,
    usual: bool,
    body: Option<&[u8]>,
    fill: &Fill<'_>,
) -> Result<(), Mismatch> {
    // A 304 confirms an answer that was as expected.
    let good = if expect.status.is_empty() {
        usual
    } else {
        expect.status.contains(&status) || (status == 304 && usual)
    };
    if !good {
        return Err(Mismatch::Status(status));
    }
    let Some(body) = body.filter(|_| expect.reads_body() && status != 304) else { return Ok(()) };
    if let Some(text) = &expect.text
        && !String::from_utf8_lossy(body).contains(text)
    {
        return Err(Mismatch::Body(format!("the body does not hold `{text}`")));
    }
    if expect.json.is_empty() {
        return Ok(());
    }
    let json: Value = serde_json::from_slice(body)
        .map_err(|error| Mismatch::Body(format!("the body is not JSON: {error}")))?;
    for (pointer, template) in &expect.json {
        let wanted = fill.text(template);
        let found = json.pointer(pointer).map(|found| match found {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        });
        if found.as_deref() != Some(&wanted) {
            let found = found.map_or("nothing".to_owned(), |found| format!("`{found}`"));
            return Err(Mismatch::Body(format!("{pointer} is {found}, not `{wanted}`")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
