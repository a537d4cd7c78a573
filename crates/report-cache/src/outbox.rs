//! Invalidations that were committed with their write, until the store has confirmed them.
//!
//! A writer that cannot reach the store must not lose what it changed, neither when its process ends nor
//! when another node serves the next reader. So the service writes a row with the [`Invalidation`] in the
//! transaction of the write itself, commits, and calls
//! [`ReportCache::invalidate_recorded`](crate::ReportCache::invalidate_recorded), which strikes the row
//! off once the store has confirmed.
//!
//! What is left is replayed:
//! - first thing after a start, and after each failure of the store that this node saw, before it reads
//!   from the store again;
//! - by [`ReportCache::keep_replaying`](crate::ReportCache::keep_replaying) on every node that shares the
//!   table, whoever wrote the row. A node that saw no failure itself may serve what another could not
//!   invalidate for at most [`GRACE`] and one interval: the declared bound.

use std::time::Duration;

use async_trait::async_trait;

use crate::error::Cause;
use crate::invalidate::Invalidation;

/// How old a row must be before a node replays it on suspicion: younger ones are under way.
pub const GRACE: Duration = Duration::from_secs(1);

/// A row of an outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The row's number.
    pub id: i64,
    /// What it says.
    pub invalidation: Invalidation,
}

/// The service's table of invalidations that may not have reached the store.
///
/// The service inserts rows itself, in the transaction of each write; this is how the cache reads them
/// and strikes them off.
#[async_trait]
pub trait Outbox: Send + Sync + 'static {
    /// The oldest rows that are at least `min_age` old, `limit` of them at most.
    ///
    /// # Errors
    /// When the table cannot be read; the cache then goes around its store.
    async fn pending(&self, min_age: Duration, limit: usize) -> Result<Vec<Recorded>, Cause>;

    /// Strikes rows off: the store has done what they say. A row that has gone already is no error.
    ///
    /// # Errors
    /// When the table cannot be written; the rows are then replayed once more, which is harmless.
    async fn confirm(&self, ids: &[i64]) -> Result<(), Cause>;
}
