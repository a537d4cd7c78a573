//! How people of one role behave. All times here are the people's: the scenario
//! clock, which the embedded target may run faster than the wall.

use super::Span;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// People of one role.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// How many are at work at any moment.
    pub users: u32,
    /// How many different people come by in the run; 4 for each place by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub people: Option<u32>,
    /// Visits.
    #[serde(default)]
    pub session: Session,
    /// Pause between two pages.
    #[serde(default)]
    pub think: Think,
    /// Zipf exponent with which a person prefers some of what they may use.
    #[serde(default = "default_favourites")]
    pub favourites: f64,
    /// Zipf exponent with which the first filters of an action are preferred.
    #[serde(default = "default_filters")]
    pub filters: f64,
    /// Chance that a page is the one before, once more (reads only).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub again: f64,
    /// What they do, with weights.
    pub actions: IndexMap<String, f64>,
    /// A page left open that refreshes itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dashboard: Option<Dashboard>,
    /// Writes that come in a row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub burst: Option<Burst>,
    /// What they do when somebody else writes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reacts: Option<Reaction>,
    /// Whether they have a browser that keeps copies.
    #[serde(default = "yes")]
    pub browser: bool,
}

/// A visit: a geometric number of pages, or pages for a while, then a pause, then the
/// next visit at the same place, by the same person or another (Yeung & Szeto 1999).
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Session {
    /// Mean number of pages (geometric); 8.5 where neither this nor `length` is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pages: Option<f64>,
    /// Mean length of a visit (exponential), in place of `pages`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<Span>,
    /// Mean pause before the next visit (exponential).
    pub gap: Span,
    /// Probability that the next visit is the same person's.
    pub returns: f64,
}

impl Default for Session {
    fn default() -> Self {
        Self { pages: None, length: None, gap: Span(Duration::from_secs(60)), returns: 0.5 }
    }
}

/// Think time between pages.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Think {
    /// The distribution.
    pub distribution: Distribution,
    /// Mean.
    pub mean: Span,
    /// Weibull's shape, or the standard deviation of the logarithm (lognormal).
    pub shape: f64,
}

impl Default for Think {
    fn default() -> Self {
        Self { distribution: Distribution::Weibull, mean: Span(Duration::from_secs(45)), shape: 0.7 }
    }
}

/// Distributions of think time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Distribution {
    /// Weibull (Yeung & Szeto 1999); a shape below 1 means many short pauses and a few long ones.
    #[default]
    Weibull,
    /// Exponential: no memory.
    Exponential,
    /// Lognormal.
    Lognormal,
    /// Always the mean.
    Constant,
}

/// A page that asks again by itself while its owner thinks.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dashboard {
    /// The action it repeats, with the parameters of the visit's first page.
    pub action: String,
    /// How often.
    pub every: Span,
}

/// Writes that come in a row, as when a teacher grades a class.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Burst {
    /// The write.
    pub action: String,
    /// Mean number in a row (geometric).
    pub size: f64,
    /// Mean pause between two (exponential).
    pub think: Span,
    /// Chance that a page is the beginning of such a row instead.
    pub chance: f64,
}

/// What people do when somebody else writes something that they must see.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reaction {
    /// The write, which must have `changes`.
    pub to: String,
    /// The reads they make, in this order.
    #[serde(rename = "with")]
    pub with_: Vec<String>,
    /// Mean time until they look (exponential).
    pub within: Span,
    /// Chance that one of them looks at all.
    #[serde(default = "always")]
    pub chance: f64,
}

fn default_favourites() -> f64 {
    0.8
}

fn default_filters() -> f64 {
    1.0
}

fn always() -> f64 {
    1.0
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn is_zero(value: &f64) -> bool {
    *value == 0.0
}
