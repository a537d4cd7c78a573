//! Who there is: asked of the target, listed in the file, or read from another.

use super::{RequestSpec, Text};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// People and what links them. At most one of `from`, `list` and `file`; none of them
/// means anonymous visitors.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct People {
    /// A paged list that the target has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Discovery>,
    /// People with their attributes: `role`, `username`, perhaps `password` or `token`,
    /// and any others, each a text, a number or a list of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub list: Vec<IndexMap<String, serde_json::Value>>,
    /// The same in a file: CSV with a header line (lists separated by `;`), or JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// What each person may use, asked with their own login.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub relations: IndexMap<String, Relation>,
}

/// A paged list of people, asked once for each role by the staff user.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Discovery {
    /// The request; `{role}` and `{page}` (from 1) may stand in it.
    pub request: RequestSpec,
    /// JSON pointer to the list in the answer; empty where the answer is the list.
    #[serde(default)]
    pub items: String,
    /// JSON pointer to the address of the next page, where the answer tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// Attributes of a person and where they are in an item. `username` must be among them.
    pub each: IndexMap<String, String>,
}

/// A list of things that a person may use, drawn by favourites.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Relation {
    /// The request. A relation of the person may stand in it: then it is asked for each.
    pub request: RequestSpec,
    /// JSON pointer to the list in the answer; empty where the answer is the list.
    #[serde(default)]
    pub items: String,
    /// JSON pointer to the value in an item; empty where the item is the value.
    #[serde(default)]
    pub id: String,
    /// Fields of an item that requests and rules may use, and where they are.
    #[serde(default, rename = "with", skip_serializing_if = "IndexMap::is_empty")]
    pub with_: IndexMap<String, String>,
    /// So many at most; the first ones.
    #[serde(default = "most")]
    pub most: u32,
    /// Only for these roles; all whose actions use it where nothing is said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<Text>,
}

fn most() -> u32 {
    20
}
