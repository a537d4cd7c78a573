//! How the load was sent: what was meant, what came of it, over which connections.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Schedule lag of the generator in the measured phases: started minus due.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Lag {
    /// Requests.
    pub n: u64,
    /// Median, microseconds.
    pub p50_us: u64,
    /// 99th percentile, microseconds.
    pub p99_us: u64,
    /// Largest, microseconds.
    pub max_us: u64,
    /// Requests that were sent more than [`LATE_US`] after they were due.
    #[serde(default)]
    pub late: u64,
}

/// Later than this is late: a person notices a tenth of a second, and half of that is
/// ten times what a scheduler that keeps up needs.
pub const LATE_US: u64 = 50_000;

/// Requests that were to arrive by the clock in a phase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Arrivals {
    /// Index of the phase.
    pub phase: u16,
    /// How many were meant.
    pub intended: u64,
    /// Of these, how many found nobody free and were not sent.
    pub dropped: u64,
}

/// Connections in the measured phases.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Connections {
    /// Requests for which one was opened.
    pub opened: u64,
    /// Requests that were answered.
    pub requests: u64,
}

/// One step of a breakpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// Index of the phase.
    pub phase: u16,
    /// Requests a second that were meant.
    pub rate: f64,
    /// Requests a second that were sent.
    pub achieved: f64,
    /// Requests that found nobody free and were not sent.
    pub dropped: u64,
    /// Each limit as it was written, and what was measured, in the unit's base; absent where
    /// nothing was.
    pub values: Vec<(String, Option<f64>)>,
    /// Whether the rate could be sent and every limit held.
    pub within: bool,
    /// What broke, where something did: `p99(latency) was 231 ms`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}
