//! What the user wrote: the YAML file as types.
//!
//! In: a file with what it includes, or one of the scenarios compiled into the binary.
//! Out: a [`Scenario`] with its [`Source`], so that later errors can still point at the
//! line, and the [`Credentials`] that must not stand in it. It refuses unknown fields and
//! values of the wrong shape; whether names refer to each other is for the plan to say.
//!
//! | neighbour | what |
//! |---|---|
//! | `load` | the steps from files to a [`Loaded`] scenario |
//! | `yaml`, `positions` | the doors to the two YAML crates: values, and where they stand |
//! | `syntax`, `mistake` | what is wrong, in plain words, with what would be right |
//! | `include`, `setting`, `roster` | other files, `--set`, people and their secrets |
//! | `schema` | the language as JSON Schema |

mod action;
mod builtin;
mod cache;
mod credentials;
pub mod env;
mod error;
mod include;
mod load;
mod login;
mod mistake;
mod people;
mod phase;
mod positions;
mod request;
mod role;
mod roster;
mod schema;
mod secret;
mod setting;
mod source;
mod span;
mod syntax;
mod target;
#[cfg(test)]
mod tests;
mod text;
mod value;
mod yaml;

pub use action::{Action, Capture, Change, Expect};
pub use builtin::{DEFAULT, PARTS, SCENARIOS, builtin};
pub use cache::{
    Bypass, Cache, Counters, JsonCounters, Patterns, PrometheusCounters, RedisCounters, SourceHeader, Ttl,
};
pub use credentials::{Credential, Credentials};
pub use error::ScenarioError;
pub(crate) use error::{nearest, suggest};
pub use load::{Loaded, load, load_saved, parse, slo_file, to_yaml, tree_of_file};
pub use login::{Csrf, Login};
pub use people::{Discovery, People, Relation};
pub use phase::{Arrivals, Kind, Phase, Shape};
pub use request::RequestSpec;
pub use role::{Burst, Dashboard, Distribution, Reaction, Role, Session, Think};
pub use schema::schema;
pub use setting::Override;
pub use source::{Place, Source};
pub use span::Span;
pub use target::{Connection, Embedded, Size, Target};
pub use text::Text;
pub use value::{Value, ZipfValue};

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A cacheproof scenario: target, people, how they behave, phases, SLOs.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Its name: part of the run folder's name.
    pub scenario: String,
    /// One sentence for the report.
    #[serde(default)]
    pub about: String,
    /// Decides population, sessions, filters and order.
    #[serde(default = "default_seed")]
    pub seed: u64,
    /// Files, or names of built-in parts, that this one builds upon: what stands here wins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<String>,
    /// Where the system under test is and how people log in.
    pub target: Target,
    /// Who there is.
    #[serde(default)]
    pub people: People,
    /// Values that requests are filled with, by name.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub values: IndexMap<String, Value>,
    /// What people do, by name.
    pub actions: IndexMap<String, Action>,
    /// The cache under test.
    #[serde(default)]
    pub cache: Cache,
    /// Who does it, by name.
    pub roles: IndexMap<String, Role>,
    /// Requests before the first phase, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub setup: Vec<RequestSpec>,
    /// What happens when, in order.
    pub phases: Vec<Phase>,
    /// Requests after the last phase, in order, however the run ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub teardown: Vec<RequestSpec>,
    /// When to end the run early, as SLO lines with a window: `error_rate > 50% over 10s`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub abort_on: Vec<String>,
    /// What must hold, a line each.
    #[serde(default)]
    pub slos: Vec<String>,
    /// What counts as independent of each other: `person`, or the name of a value that people
    /// own, as their class.
    #[serde(default = "default_cluster", skip_serializing_if = "is_person")]
    pub cluster: String,
    /// Confidence of every interval.
    #[serde(default = "default_confidence")]
    pub confidence: f64,
}

fn default_seed() -> u64 {
    42
}

fn default_cluster() -> String {
    crate::plan::PERSON.into()
}

fn is_person(cluster: &str) -> bool {
    cluster == crate::plan::PERSON
}

fn default_confidence() -> f64 {
    0.95
}
