//! How much a store may hold.

/// Caps on what a store holds. Above a person's, that person's oldest entries go; above the total, the
/// oldest of the person who has most. What exceeds a cap alone is not stored, and nothing goes for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one person's entries.
    pub user_bytes: u64,
    /// Bytes of all entries.
    pub total_bytes: u64,
}

impl Limits {
    /// Whether an entry of `bytes` can never be stored.
    pub(crate) fn exclude(&self, bytes: u64) -> bool {
        bytes > self.user_bytes.min(self.total_bytes)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { user_bytes: 50 * 1024 * 1024, total_bytes: 256 * 1024 * 1024 }
    }
}
