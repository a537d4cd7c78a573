//! Values that no person owns, resolved.

use crate::scenario::Value;

/// A value and how it is drawn.
#[derive(Clone, Debug)]
pub struct ValuePlan {
    /// Name in placeholders.
    pub name: String,
    /// How it is drawn.
    pub kind: Value,
}
