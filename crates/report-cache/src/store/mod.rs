//! Where entries lie (L1), and the generations that make invalidation safe.
//!
//! Each entry belongs to two *epochs*, that of its reader's reports of its type and that of its report,
//! and to one *store*: the process that holds it, since its last clearing. An epoch is a random number; an
//! invalidation replaces it. An entry counts only while all three are current: a value computed before
//! an invalidation cannot be served after it. An epoch that was lost, by eviction or with the store, comes
//! back as another random number, and a store that was restarted, restored or failed over is another
//! store, so that what is left of the old one is cold and never stale.

use std::time::Duration;

use async_trait::async_trait;
use serde::Serialize;

use crate::entry::Entry;
use crate::error::StoreError;
use crate::event::Event;
use crate::key::{ReportKey, ReportType};

#[doc(hidden)]
pub mod contract;
mod generation;
mod limits;
mod memory;
mod redis;
mod shelves;

pub use self::generation::{Generation, NoGeneration};
pub use self::limits::Limits;
pub use self::memory::MemoryStore;
pub use self::redis::RedisStore;

/// Events a store keeps at least, newest last; older ones go.
const EVENTS_KEPT: usize = 10_000;

/// What a store knows about a key.
#[derive(Debug, Clone, PartialEq)]
pub struct Lookup {
    /// The entry, if one is stored under the current generation.
    pub entry: Option<Entry>,
    /// What is current now: an answer computed from here on carries it.
    pub generation: Generation,
}

/// What became of an entry that was offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It is stored.
    Stored {
        /// Entries that had to go for it.
        evicted: u64,
    },
    /// It was invalidated while it was computed, and is not stored.
    Outdated,
    /// It is larger than a person may have in all, and is not stored.
    TooLarge,
}

/// What lies in the store. Entries that have expired do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Usage {
    /// Entries.
    pub entries: u64,
    /// Bytes of all of them.
    pub bytes: u64,
    /// Bytes of the person who has most.
    pub largest_user_bytes: u64,
}

/// A place for entries. Every implementation passes the same contract suite.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// The entry of `key` and the current generation, in one round trip where there is one already.
    async fn lookup(&self, key: &ReportKey, report_type: ReportType) -> Result<Lookup, StoreError>;

    /// Stores `entry` for `ttl` of wall time, if the generation it carries is still current.
    async fn put(&self, key: &ReportKey, entry: Entry, ttl: Duration) -> Result<Put, StoreError>;

    /// Ends the generation of each (person, report type) and removes its entries, every variant of them.
    /// A person's collections (lists, exports) show all types, so theirs always go too.
    /// Returns how many entries there were.
    async fn invalidate(&self, scopes: &[(u64, ReportType)]) -> Result<u64, StoreError>;

    /// Ends the generation of one report and removes its entries, every person's and every variant.
    /// Returns how many there were.
    async fn forget_report(&self, report_id: u64) -> Result<u64, StoreError>;

    /// Ends all generations and removes all entries. Returns how many there were.
    async fn clear(&self) -> Result<u64, StoreError>;

    /// Adds an event to the stream. Clearing the store does not remove it: an auditor comes later.
    async fn append(&self, event: &Event) -> Result<(), StoreError>;

    /// The first `limit` events that came after the one with the id `after` (`None`: after all that are
    /// forgotten), each with its id, oldest first. An id is opaque, and of this store.
    async fn events(&self, after: Option<&str>, limit: usize) -> Result<Vec<(String, Event)>, StoreError>;

    /// Clears the store and its events: for a service that ends and whose entries nobody will find
    /// again. Returns how many entries there were.
    async fn remove_everything(&self) -> Result<u64, StoreError>;

    /// How much is stored.
    async fn usage(&self) -> Result<Usage, StoreError>;

    /// How much it may hold.
    fn limits(&self) -> Limits;

    /// `memory` or `redis`.
    fn backend(&self) -> &'static str;
}

/// `scopes` with each person's collections, each once.
fn with_collections(scopes: &[(u64, ReportType)]) -> std::collections::BTreeSet<(u64, ReportType)> {
    scopes
        .iter()
        .flat_map(|&(user, report_type)| [(user, report_type), (user, ReportType::Default)])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collections_go_with_any_type_and_only_once() {
        let scopes = with_collections(&[
            (7, ReportType::Analytics),
            (7, ReportType::Custom),
            (8, ReportType::Default),
        ]);
        let expected = [
            (7, ReportType::Analytics),
            (7, ReportType::Custom),
            (7, ReportType::Default),
            (8, ReportType::Default),
        ];
        assert_eq!(scopes.into_iter().collect::<Vec<_>>(), expected);
    }
}
