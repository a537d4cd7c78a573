//! One of several generators whose evidence became one: what its own audit needs.

use super::{Arrivals, Connections, Lag, Machine};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a generator sent its share of the load.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Generator {
    /// Id of its run.
    pub id: String,
    /// Its seed.
    pub seed: u64,
    /// Microseconds after the first of them that it began.
    pub after_us: u64,
    /// What each phase took of its machine.
    pub machine: Vec<Machine>,
    /// How late it sent its requests.
    pub lag: Lag,
    /// Requests that were to arrive by the clock.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arrivals: Vec<Arrivals>,
    /// Over how many connections.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connections: Option<Connections>,
}
