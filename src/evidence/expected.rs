//! What a perfect cache was expected to reach, noted before the run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The hit rate that a perfect cache would have, by a replay in virtual time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ExpectedRate {
    /// Name of the role; absent for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Mean over the replays, 0 to 1.
    pub value: f64,
    /// Lower end of what a single run comes to.
    pub lo: f64,
    /// Upper end.
    pub hi: f64,
    /// Share of the reads whose key was never asked before.
    pub first: f64,
    /// Share of the reads that find an entry at the end of its lifetime.
    pub expired: f64,
    /// Share of the reads that find an entry invalidated.
    pub invalidated: f64,
}
