//! The store within the process: the default when no Redis is configured.
//!
//! Bounded twice: a person above the cap loses their own oldest entries, and above the total cap the
//! person who has most loses theirs. Epochs are not counted and never evicted: there is one per person
//! and type, and one per report, that is read.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use super::shelves::Shelves;
use super::{EVENTS_KEPT, Limits, Lookup, Put, Store, Usage, with_collections};
use crate::clock::Clock;
use crate::entry::Entry;
use crate::error::StoreError;
use crate::event::Event;
use crate::key::{ReportKey, ReportType};

/// A bounded store in this process's memory.
#[derive(Debug)]
pub struct MemoryStore {
    limits: Limits,
    clock: Clock,
    shelves: Mutex<Shelves>,
    events: Mutex<Events>,
}

/// The latest events, and how many came before them. An event's id is its number, from 1.
#[derive(Debug, Default)]
struct Events {
    forgotten: u64,
    latest: VecDeque<Event>,
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
        Self { limits, clock, shelves: Mutex::default(), events: Mutex::default() }
    }

    /// The shelves as of now: what has expired is gone.
    fn shelves(&self) -> MutexGuard<'_, Shelves> {
        // A panic while the lock is held would be a bug in this file; what it leaves behind is at worst
        // a miscounted entry, and readers are better served than refused.
        let mut shelves = self.shelves.lock().unwrap_or_else(PoisonError::into_inner);
        shelves.expire(self.clock.elapsed());
        shelves
    }

    fn stream(&self) -> MutexGuard<'_, Events> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Events {
    fn after(&self, after: Option<&str>, limit: usize) -> Result<Vec<(String, Event)>, StoreError> {
        let malformed = || StoreError::Operation { op: "read events", cause: "not the id of one".into() };
        let after: u64 = after.map_or(Ok(0), str::parse).map_err(|_| malformed())?;
        let numbered = (self.forgotten + 1..).zip(&self.latest);
        let later = numbered.skip_while(|&(number, _)| number <= after).take(limit);
        Ok(later.map(|(number, event)| (number.to_string(), event.clone())).collect())
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn lookup(&self, key: &ReportKey, report_type: ReportType) -> Result<Lookup, StoreError> {
        let mut shelves = self.shelves();
        let generation = shelves.generation(key, report_type);
        let entry = shelves.get(key).filter(|entry| entry.generation == generation).cloned();
        Ok(Lookup { entry, generation })
    }

    async fn put(&self, key: &ReportKey, entry: Entry, ttl: Duration) -> Result<Put, StoreError> {
        if self.limits.exclude(entry.size()) {
            return Ok(Put::TooLarge);
        }
        let mut shelves = self.shelves();
        if !shelves.is_current(key, &entry) {
            return Ok(Put::Outdated);
        }
        shelves.remove(key);
        shelves.insert(*key, entry, self.clock.elapsed() + ttl);
        let evicted = shelves.evict(key.user_id, self.limits);
        Ok(if shelves.get(key).is_some() { Put::Stored { evicted } } else { Put::TooLarge })
    }

    async fn invalidate(&self, scopes: &[(u64, ReportType)]) -> Result<u64, StoreError> {
        let mut shelves = self.shelves();
        let mut removed = 0;
        for (user, report_type) in with_collections(scopes) {
            shelves.end_person_epoch(user, report_type);
            for key in shelves.keys_of(user, report_type) {
                removed += u64::from(shelves.remove(&key));
            }
        }
        Ok(removed)
    }

    async fn forget_report(&self, report_id: u64) -> Result<u64, StoreError> {
        let mut shelves = self.shelves();
        shelves.end_report_epoch(report_id);
        let keys = shelves.keys_of_report(report_id);
        Ok(keys.iter().map(|key| u64::from(shelves.remove(key))).sum())
    }

    async fn clear(&self) -> Result<u64, StoreError> {
        let mut shelves = self.shelves();
        let removed = shelves.len();
        *shelves = Shelves::default();
        Ok(removed)
    }

    async fn append(&self, event: &Event) -> Result<(), StoreError> {
        let mut stream = self.stream();
        stream.latest.push_back(event.kept());
        if stream.latest.len() > EVENTS_KEPT {
            stream.latest.pop_front();
            stream.forgotten += 1;
        }
        Ok(())
    }

    async fn events(&self, after: Option<&str>, limit: usize) -> Result<Vec<(String, Event)>, StoreError> {
        self.stream().after(after, limit)
    }

    async fn remove_everything(&self) -> Result<u64, StoreError> {
        let removed = self.clear().await?;
        let mut stream = self.stream();
        stream.forgotten += u64::try_from(stream.latest.len()).expect("a count in memory fits 64 bits");
        stream.latest.clear();
        drop(stream);
        Ok(removed)
    }

    async fn usage(&self) -> Result<Usage, StoreError> {
        let shelves = self.shelves();
        Ok(Usage {
            entries: shelves.len(),
            bytes: shelves.bytes(),
            largest_user_bytes: shelves.largest_share(),
        })
    }

    fn limits(&self) -> Limits {
        self.limits
    }

    fn backend(&self) -> &'static str {
        "memory"
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
