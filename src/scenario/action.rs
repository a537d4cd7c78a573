//! One thing a person does: a request with placeholders.

use super::{Text, request::get};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A request that people make.
///
/// Path, query, headers and body may hold placeholders in braces: an attribute of the
/// person (`{username}`), one of their relations (`{report}`, with its fields as in
/// `{report.type}`), an entry of `values`, something captured from an earlier answer,
/// and `{mark}`, a text that no other write has. `{{` and `}}` are literal braces.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// HTTP method.
    #[serde(default = "get")]
    pub method: String,
    /// Path below the target's base URL.
    pub path: String,
    /// Query parameters that are always sent.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub query: IndexMap<String, Text>,
    /// Alternatives of further parameters, the first the most usual (Zipf).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<IndexMap<String, Text>>,
    /// Headers.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub headers: IndexMap<String, Text>,
    /// JSON body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json: Option<serde_json::Value>,
    /// Body of an HTML form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<IndexMap<String, Text>>,
    /// Body as it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What a good answer is; 200 or 304 of a read, any 2xx or 3xx of a write otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<Expect>,
    /// What to remember of the answer, by name, for the same person's later requests.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub capture: IndexMap<String, Capture>,
    /// Whether it only reads; GET and HEAD do unless said otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reads: Option<bool>,
    /// Whether the cache under test is meant to serve it (reads only).
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub cached: bool,
    /// What a write changes, and who must see it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// JSON pointers to what differs between two answers although nothing was changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub volatile: Vec<String>,
}

/// What a good answer is.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// Statuses; those of any success where none is given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub status: Vec<u16>,
    /// JSON pointers and the values there (placeholders are filled). A body that is not
    /// sent, as with a 304, is not checked.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub json: IndexMap<String, Text>,
    /// A text that the body holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// Where in an answer something is.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Capture {
    /// At a JSON pointer of the body.
    Json(String),
    /// In a header.
    Header(String),
}

/// One thing that a write changes.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Who must see it: people whose attribute or relation of this name is, or holds, this
    /// value. Everybody where nothing is said.
    #[serde(default, rename = "for", skip_serializing_if = "IndexMap::is_empty")]
    pub for_: IndexMap<String, Text>,
    /// The reads that show it.
    pub actions: Vec<String>,
    /// Only those whose drawn relation has one of these values, as in
    /// `report.type: [analytics]`.
    #[serde(default, rename = "where", skip_serializing_if = "IndexMap::is_empty")]
    pub where_: IndexMap<String, Vec<Text>>,
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn is_yes(value: &bool) -> bool {
    *value
}
