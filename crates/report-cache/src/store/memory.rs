//! The store within the process: the default when no Redis is configured.
//!
//! Bounded twice: a person above the cap loses their own oldest entries, and above the total cap the
//! person who has most loses theirs. Epochs are not counted and never evicted: there is one per person
//! and type, and one per report, that is read.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use super::{Generation, Lookup, Put, Store, Usage, with_collections};
use crate::clock::Clock;
use crate::entry::Entry;
use crate::error::StoreError;
use crate::key::{ReportKey, ReportType};

/// How much a [`MemoryStore`] may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one person's entries.
    pub user_bytes: u64,
    /// Bytes of all entries.
    pub total_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { user_bytes: 50 * 1024 * 1024, total_bytes: 256 * 1024 * 1024 }
    }
}

/// A bounded store in this process's memory.
#[derive(Debug)]
pub struct MemoryStore {
    limits: Limits,
    clock: Clock,
    shelves: Mutex<Shelves>,
}

impl MemoryStore {
    /// An empty store on the system's clock.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self::with_clock(limits, Clock::default())
    }

    /// An empty store whose entries expire by `clock`'s wall time: for tests that move it by hand.
    #[must_use]
    pub fn with_clock(limits: Limits, clock: Clock) -> Self {
        Self { limits, clock, shelves: Mutex::default() }
    }

    /// The shelves as of now: what has expired is gone.
    fn shelves(&self) -> MutexGuard<'_, Shelves> {
        // A panic while the lock is held would be a bug in this file; what it leaves behind is at worst
        // a miscounted entry, and readers are better served than refused.
        let mut shelves = self.shelves.lock().unwrap_or_else(PoisonError::into_inner);
        shelves.expire(self.clock.elapsed());
        shelves
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn lookup(&self, key: &ReportKey, report_type: ReportType) -> Result<Lookup, StoreError> {
        let mut shelves = self.shelves();
        let generation = shelves.generation(key, report_type);
        let held = shelves.entries.get(key).map(|held| &held.entry);
        Ok(Lookup { entry: held.filter(|entry| entry.generation == generation).cloned(), generation })
    }

    async fn put(&self, key: &ReportKey, entry: Entry, ttl: Duration) -> Result<Put, StoreError> {
        let size = entry.size();
        if size > self.limits.user_bytes.min(self.limits.total_bytes) {
            return Ok(Put::TooLarge);
        }
        let mut shelves = self.shelves();
        if !shelves.is_current(key, &entry) {
            return Ok(Put::Outdated);
        }
        shelves.remove(key);
        shelves.insert(*key, entry, self.clock.elapsed() + ttl);
        let evicted = shelves.evict(key.user_id, self.limits);
        Ok(if shelves.entries.contains_key(key) { Put::Stored { evicted } } else { Put::TooLarge })
    }

    async fn invalidate(&self, scopes: &[(u64, ReportType)]) -> Result<u64, StoreError> {
        let mut shelves = self.shelves();
        let mut removed = 0;
        for (user, report_type) in with_collections(scopes) {
            shelves.person_epochs.remove(&(user, report_type));
            for key in shelves.keys_of(user, report_type) {
                removed += u64::from(shelves.remove(&key));
            }
        }
        Ok(removed)
    }

    async fn forget_report(&self, report_id: u64) -> Result<u64, StoreError> {
        let mut shelves = self.shelves();
        shelves.report_epochs.remove(&report_id);
        let keys = shelves.by_report.get(&report_id).cloned().unwrap_or_default();
        Ok(keys.iter().map(|key| u64::from(shelves.remove(key))).sum())
    }

    async fn clear(&self) -> Result<u64, StoreError> {
        let mut shelves = self.shelves();
        let removed = shelves.entries.len();
        *shelves = Shelves::default();
        Ok(u64::try_from(removed).expect("a count in memory fits 64 bits"))
    }

    async fn usage(&self) -> Result<Usage, StoreError> {
        let shelves = self.shelves();
        Ok(Usage {
            entries: u64::try_from(shelves.entries.len()).expect("a count in memory fits 64 bits"),
            bytes: shelves.bytes,
            largest_user_bytes: shelves.by_size.last().map_or(0, |&(bytes, _)| bytes),
        })
    }

    fn backend(&self) -> &'static str {
        "memory"
    }
}

/// Everything held, and one index for each way in which entries go.
#[derive(Debug, Default)]
struct Shelves {
    entries: HashMap<ReportKey, Held>,
    bytes: u64,
    /// Numbers entries in the order they came.
    arrivals: u64,
    by_expiry: BTreeSet<(Duration, ReportKey)>,
    by_user: HashMap<u64, Share>,
    by_size: BTreeSet<(u64, u64)>,
    by_report: HashMap<u64, HashSet<ReportKey>>,
    person_epochs: HashMap<(u64, ReportType), u64>,
    report_epochs: HashMap<u64, u64>,
}

#[derive(Debug)]
struct Held {
    entry: Entry,
    bytes: u64,
    arrival: u64,
    expires: Duration,
}

/// What one person holds, oldest first.
#[derive(Debug, Default)]
struct Share {
    bytes: u64,
    by_arrival: BTreeMap<u64, ReportKey>,
}

impl Shelves {
    fn generation(&mut self, key: &ReportKey, report_type: ReportType) -> Generation {
        Generation {
            person: *self.person_epochs.entry((key.user_id, report_type)).or_insert_with(rand::random),
            report: *self.report_epochs.entry(key.report_id).or_insert_with(rand::random),
        }
    }

    fn is_current(&self, key: &ReportKey, entry: &Entry) -> bool {
        let person = self.person_epochs.get(&(key.user_id, entry.report_type));
        let report = self.report_epochs.get(&key.report_id);
        person == Some(&entry.generation.person) && report == Some(&entry.generation.report)
    }

    fn insert(&mut self, key: ReportKey, entry: Entry, expires: Duration) {
        let (bytes, arrival) = (entry.size(), self.arrivals);
        self.arrivals += 1;
        self.bytes += bytes;
        self.by_expiry.insert((expires, key));
        self.by_report.entry(key.report_id).or_default().insert(key);
        let share = self.by_user.entry(key.user_id).or_default();
        self.by_size.remove(&(share.bytes, key.user_id));
        share.bytes += bytes;
        share.by_arrival.insert(arrival, key);
        self.by_size.insert((share.bytes, key.user_id));
        self.entries.insert(key, Held { entry, bytes, arrival, expires });
    }

    /// Takes an entry from every index; whether there was one.
    fn remove(&mut self, key: &ReportKey) -> bool {
        let Some(held) = self.entries.remove(key) else { return false };
        self.bytes -= held.bytes;
        self.by_expiry.remove(&(held.expires, *key));
        if let Some(keys) = self.by_report.get_mut(&key.report_id) {
            keys.remove(key);
            if keys.is_empty() {
                self.by_report.remove(&key.report_id);
            }
        }
        if let Some(share) = self.by_user.get_mut(&key.user_id) {
            self.by_size.remove(&(share.bytes, key.user_id));
            share.bytes -= held.bytes;
            share.by_arrival.remove(&held.arrival);
            if share.by_arrival.is_empty() {
                self.by_user.remove(&key.user_id);
            } else {
                self.by_size.insert((share.bytes, key.user_id));
            }
        }
        true
    }

    fn keys_of(&self, user: u64, report_type: ReportType) -> Vec<ReportKey> {
        let keys = self.by_user.get(&user).into_iter().flat_map(|share| share.by_arrival.values());
        let of_type = |key: &&ReportKey| {
            self.entries.get(key).is_some_and(|held| held.entry.report_type == report_type)
        };
        keys.filter(of_type).copied().collect()
    }

    fn expire(&mut self, now: Duration) {
        while let Some(&(expires, key)) = self.by_expiry.first() {
            if expires > now {
                break;
            }
            self.remove(&key);
        }
    }

    /// Makes room within both caps; how many entries went.
    fn evict(&mut self, user: u64, limits: Limits) -> u64 {
        let mut evicted = 0;
        while self.by_user.get(&user).is_some_and(|share| share.bytes > limits.user_bytes) {
            evicted += self.remove_oldest(user);
        }
        while self.bytes > limits.total_bytes {
            let Some(&(_, largest)) = self.by_size.last() else { break };
            evicted += self.remove_oldest(largest);
        }
        evicted
    }

    fn remove_oldest(&mut self, user: u64) -> u64 {
        let oldest = self.by_user.get(&user).and_then(|share| share.by_arrival.values().next().copied());
        oldest.map_or(0, |key| u64::from(self.remove(&key)))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::entry::Made;
    use crate::filters::Filters;
    use crate::key::ReportFacts;

    async fn put(store: &MemoryStore, user: u64, report: u64, bytes: usize) -> Put {
        let key = ReportKey::new(report, user, &Filters::empty());
        let generation = store.lookup(&key, ReportType::Custom).await.unwrap().generation;
        let facts = ReportFacts { key, report_type: ReportType::Custom, role: "student" };
        let made = Made { at_unix_ms: 0, took: Duration::ZERO, ttl: Duration::from_secs(10) };
        let mut entry = Entry::json(&facts, generation, Bytes::from(vec![b'x'; bytes]), made);
        entry.fields.clear();
        store.put(&key, entry, Duration::from_secs(10)).await.unwrap()
    }

    async fn holds(store: &MemoryStore, user: u64, report: u64) -> bool {
        let key = ReportKey::new(report, user, &Filters::empty());
        store.lookup(&key, ReportType::Custom).await.unwrap().entry.is_some()
    }

    #[tokio::test]
    async fn a_person_above_the_cap_loses_their_own_oldest() {
        let store = MemoryStore::new(Limits { user_bytes: 100, total_bytes: 1_000 });
        put(&store, 2, 1, 60).await;
        put(&store, 1, 1, 60).await;
        put(&store, 1, 2, 40).await;
        assert_eq!(put(&store, 1, 3, 50).await, Put::Stored { evicted: 1 });
        assert!(!holds(&store, 1, 1).await);
        assert!(holds(&store, 1, 2).await && holds(&store, 1, 3).await && holds(&store, 2, 1).await);
        assert_eq!(store.usage().await.unwrap(), Usage { entries: 3, bytes: 150, largest_user_bytes: 90 });
    }

    #[tokio::test]
    async fn above_the_total_cap_the_largest_person_loses_their_oldest() {
        let store = MemoryStore::new(Limits { user_bytes: 100, total_bytes: 150 });
        put(&store, 1, 1, 45).await;
        put(&store, 1, 2, 45).await;
        put(&store, 2, 1, 50).await;
        assert_eq!(put(&store, 3, 1, 20).await, Put::Stored { evicted: 1 });
        assert!(!holds(&store, 1, 1).await);
        assert!(holds(&store, 1, 2).await && holds(&store, 2, 1).await && holds(&store, 3, 1).await);
    }

    #[tokio::test]
    async fn what_exceeds_a_cap_alone_evicts_nobody() {
        let store = MemoryStore::new(Limits { user_bytes: 100, total_bytes: 150 });
        put(&store, 1, 1, 100).await;
        assert_eq!(put(&store, 1, 2, 101).await, Put::TooLarge);
        assert!(holds(&store, 1, 1).await);
    }

    #[tokio::test]
    async fn replacing_an_entry_counts_it_once() {
        let store = MemoryStore::new(Limits::default());
        put(&store, 1, 1, 100).await;
        assert_eq!(put(&store, 1, 1, 30).await, Put::Stored { evicted: 0 });
        assert_eq!(store.usage().await.unwrap(), Usage { entries: 1, bytes: 30, largest_user_bytes: 30 });
    }

    #[tokio::test]
    async fn expired_entries_are_gone_and_not_counted() {
        let (clock, hand) = Clock::manual(1.0);
        let store = MemoryStore::with_clock(Limits::default(), clock);
        put(&store, 1, 1, 10).await;
        hand.advance(Duration::from_millis(9_999));
        assert!(holds(&store, 1, 1).await);
        hand.advance(Duration::from_millis(1));
        assert!(!holds(&store, 1, 1).await);
        assert_eq!(store.usage().await.unwrap(), Usage::default());
        assert_eq!(store.clear().await.unwrap(), 0);
    }
}
