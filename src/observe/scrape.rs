//! The target's own counters at one moment.

use super::Exposition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the target said about itself. A counter that it does not have is absent, not 0.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Scrape {
    /// Microseconds since the run began.
    pub t_us: u64,
    /// How long the reading took, until then, in microseconds.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub took_us: u64,
    /// Index of the phase.
    pub phase: u16,
    /// Database queries for reports so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queries: Option<f64>,
    /// Entries in the cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entries: Option<f64>,
    /// Bytes of all entries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<f64>,
    /// Bytes of the user with the most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub largest_user_bytes: Option<f64>,
    /// Bytes that the target's process has of the machine's memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resident_bytes: Option<f64>,
    /// Hits so far, by the cache's own count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hits: Option<f64>,
    /// Misses so far, by the cache's own count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub misses: Option<f64>,
    /// Bypasses so far, by the cache's own count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bypasses: Option<f64>,
    /// Whether hits and misses are those of Redis alone: lookups of keys by whoever used it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub counted_by_redis: bool,
    /// What Redis counted, whatever the service counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redis: Option<RedisSeen>,
    /// Store operations so far, by their name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub store_operations: BTreeMap<String, StoreOperation>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn is_nothing(us: &u64) -> bool {
    *us == 0
}

/// Lookups of keys so far, by `INFO` of a Redis.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RedisSeen {
    /// That found their key.
    pub hits: f64,
    /// That did not.
    pub misses: f64,
}

/// Count and total time of one kind of store operation.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
pub struct StoreOperation {
    /// How many.
    pub count: f64,
    /// Seconds in all.
    pub seconds: f64,
}

impl Scrape {
    /// Takes over a histogram or summary of store operations, by its label `op`.
    pub(super) fn read_store_operations(&mut self, exposition: &Exposition, store_operations: &str) {
        let of = |suffix: &str, op: &str| {
            exposition.sum(&super::Selector {
                name: format!("{store_operations}_{suffix}"),
                labels: BTreeMap::from([("op".to_owned(), op.to_owned())]),
            })
        };
        for op in exposition.label_values(&format!("{store_operations}_count"), "op") {
            if let (Some(count), Some(seconds)) = (of("count", &op), of("sum", &op)) {
                self.store_operations.insert(op, StoreOperation { count, seconds });
            }
        }
    }
}
