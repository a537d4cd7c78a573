//! Values that requests are filled with and that no person owns.

use super::Text;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a value is drawn.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// A whole number from the first to the second, both included, each as likely.
    Random(i64, i64),
    /// A whole number by Zipf's law.
    Zipf(ZipfValue),
    /// Counts up from this number, over all people together with a place's own share, so
    /// that no two requests have the same.
    Counter(u64),
    /// One of these, each as likely.
    OneOf(Vec<Text>),
}

/// Whole numbers of which the first is the most usual.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ZipfValue {
    /// The most usual.
    pub from: i64,
    /// The least usual.
    pub to: i64,
    /// Zipf's exponent: 0 makes all equal, 1 is usual.
    pub exponent: f64,
}
