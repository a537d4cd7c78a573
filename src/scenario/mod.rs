//! What the user wrote: the YAML file as types.
//!
//! In: a file, or one of the scenarios compiled into the binary. Out: a
//! [`Scenario`] with its [`Source`], so that later errors can still point at the
//! line. It refuses unknown fields and values of the wrong shape; whether names
//! refer to each other is for [`crate::plan`] to say.

mod action;
mod builtin;
mod error;
mod load;
mod phase;
mod role;
mod source;
mod span;
mod target;

pub use action::{Action, Method};
pub use builtin::{DEFAULT, builtin};
pub use error::ScenarioError;
pub(crate) use error::suggest;
pub use load::{Override, load, parse, slo_file, to_yaml};
pub use phase::{Kind, Phase};
pub use role::{Dashboard, Role, Session, Think};
pub use source::Source;
pub use span::Span;
pub use target::{Counters, Discovery, Embedded, Login, Size, Target};

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// A scenario file.
#[derive(Clone, Debug, Serialize, Deserialize)]
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
    /// Where the cache is and how to speak with it.
    pub target: Target,
    /// What people do, by name.
    pub actions: IndexMap<String, Action>,
    /// Who does it, by name.
    pub roles: IndexMap<String, Role>,
    /// What happens when, in order.
    pub phases: Vec<Phase>,
    /// What must hold, a line each.
    #[serde(default)]
    pub slos: Vec<String>,
    /// Confidence of every interval.
    #[serde(default = "default_confidence")]
    pub confidence: f64,
}

fn default_seed() -> u64 {
    42
}

fn default_confidence() -> f64 {
    0.95
}
