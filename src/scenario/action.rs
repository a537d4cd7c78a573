//! One thing a person does: a request with placeholders.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// A request that people make.
///
/// `path`, query values and body strings may hold `{report}` (one of the person's
/// reports, drawn by their favourites), `{answer}` (one they may grade), `{score}`
/// (a number from 0 to 100) and `{mark}` (a text that no other write has).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// HTTP method.
    #[serde(default)]
    pub method: Method,
    /// Path below the target's base URL.
    pub path: String,
    /// Query parameters that are always sent.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub query: IndexMap<String, String>,
    /// Alternatives of further parameters, the first the most usual (Zipf).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<IndexMap<String, String>>,
    /// JSON body of a write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<serde_json::Value>,
}

/// HTTP methods that a scenario can use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// A read.
    #[default]
    Get,
    /// A write.
    Post,
    /// A write.
    Put,
    /// A write.
    Patch,
    /// A write.
    Delete,
}

impl Method {
    /// Whether it only reads.
    pub fn is_read(self) -> bool {
        match self {
            Self::Get => true,
            Self::Post | Self::Put | Self::Patch | Self::Delete => false,
        }
    }

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}
