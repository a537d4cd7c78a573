//! How people of one role behave. All times here are the people's: the scenario
//! clock, which the embedded target may run faster than the wall.

use super::Span;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// People of one role.
#[derive(Clone, Debug, Serialize, Deserialize)]
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
    /// Zipf exponent with which a person prefers some of their reports.
    #[serde(default = "default_favourites")]
    pub favourites: f64,
    /// What they do, with weights.
    pub actions: IndexMap<String, f64>,
    /// A page left open that refreshes itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dashboard: Option<Dashboard>,
}

/// A visit: a geometric number of pages, then a pause, then the next visit at
/// the same place, by the same person or another (Yeung & Szeto 1999).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Session {
    /// Mean number of pages (geometric).
    pub pages: f64,
    /// Mean pause before the next visit (exponential).
    pub gap: Span,
    /// Probability that the next visit is the same person's.
    pub returns: f64,
}

impl Default for Session {
    fn default() -> Self {
        Self { pages: 8.5, gap: Span(Duration::from_secs(60)), returns: 0.5 }
    }
}

/// Think time between pages: Weibull (Yeung & Szeto 1999).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Think {
    /// Mean.
    pub mean: Span,
    /// Shape; below 1 means many short pauses and a few long ones.
    pub shape: f64,
}

impl Default for Think {
    fn default() -> Self {
        Self { mean: Span(Duration::from_secs(45)), shape: 0.7 }
    }
}

/// A page that asks again by itself while its owner thinks.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dashboard {
    /// The action it repeats, with the parameters of the visit's first page.
    pub action: String,
    /// How often.
    pub every: Span,
}

fn default_favourites() -> f64 {
    0.8
}
