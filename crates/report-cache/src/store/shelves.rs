//! What a [`MemoryStore`](super::MemoryStore) holds, and one index for each way in which entries go.
//!
//! No operation looks at more entries than it removes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use foldhash::{HashMap, HashSet};

use super::{Generation, Limits};
use crate::entry::Entry;
use crate::key::{ReportKey, ReportType};

/// Everything held.
#[derive(Debug)]
pub(super) struct Shelves {
    /// Who these shelves are: no other store, nor this one after a clearing, has the same.
    identity: u64,
    entries: HashMap<ReportKey, Held>,
    bytes: u64,
    /// Numbers entries in the order they came.
    arrivals: u64,
    by_expiry: BTreeSet<(Duration, ReportKey)>,
    by_user: HashMap<u64, Share>,
    by_size: BTreeSet<(u64, u64)>,
    by_report: HashMap<u64, HashSet<ReportKey>>,
    by_type: HashMap<(u64, ReportType), HashSet<ReportKey>>,
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

impl Default for Shelves {
    fn default() -> Self {
        Self {
            identity: rand::random(),
            entries: HashMap::default(),
            bytes: 0,
            arrivals: 0,
            by_expiry: BTreeSet::new(),
            by_user: HashMap::default(),
            by_size: BTreeSet::new(),
            by_report: HashMap::default(),
            by_type: HashMap::default(),
            person_epochs: HashMap::default(),
            report_epochs: HashMap::default(),
        }
    }
}

impl Shelves {
    pub(super) fn get(&self, key: &ReportKey) -> Option<&Entry> {
        self.entries.get(key).map(|held| &held.entry)
    }

    pub(super) fn len(&self) -> u64 {
        u64::try_from(self.entries.len()).expect("a count in memory fits 64 bits")
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Bytes of the person who has most.
    pub(super) fn largest_share(&self) -> u64 {
        self.by_size.last().map_or(0, |&(bytes, _)| bytes)
    }

    pub(super) fn end_person_epoch(&mut self, user: u64, report_type: ReportType) {
        self.person_epochs.remove(&(user, report_type));
    }

    pub(super) fn end_report_epoch(&mut self, report_id: u64) {
        self.report_epochs.remove(&report_id);
    }

    pub(super) fn generation(&mut self, key: &ReportKey, report_type: ReportType) -> Generation {
        Generation {
            person: *self.person_epochs.entry((key.user_id, report_type)).or_insert_with(rand::random),
            report: *self.report_epochs.entry(key.report_id).or_insert_with(rand::random),
            store: self.identity,
        }
    }

    pub(super) fn is_current(&self, key: &ReportKey, entry: &Entry) -> bool {
        let person = self.person_epochs.get(&(key.user_id, entry.report_type));
        let report = self.report_epochs.get(&key.report_id);
        let Generation { person: its_person, report: its_report, store } = &entry.generation;
        person == Some(its_person) && report == Some(its_report) && *store == self.identity
    }

    pub(super) fn insert(&mut self, key: ReportKey, entry: Entry, expires: Duration) {
        let (bytes, arrival) = (entry.size(), self.arrivals);
        self.arrivals += 1;
        self.bytes += bytes;
        self.by_expiry.insert((expires, key));
        self.by_report.entry(key.report_id).or_default().insert(key);
        self.by_type.entry((key.user_id, entry.report_type)).or_default().insert(key);
        let share = self.by_user.entry(key.user_id).or_default();
        self.by_size.remove(&(share.bytes, key.user_id));
        share.bytes += bytes;
        share.by_arrival.insert(arrival, key);
        self.by_size.insert((share.bytes, key.user_id));
        self.entries.insert(key, Held { entry, bytes, arrival, expires });
    }

    /// Takes an entry from every index; whether there was one.
    pub(super) fn remove(&mut self, key: &ReportKey) -> bool {
        let Some(held) = self.entries.remove(key) else { return false };
        self.bytes -= held.bytes;
        self.by_expiry.remove(&(held.expires, *key));
        take_off(&mut self.by_report, key.report_id, key);
        take_off(&mut self.by_type, (key.user_id, held.entry.report_type), key);
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

    pub(super) fn keys_of(&self, user: u64, report_type: ReportType) -> Vec<ReportKey> {
        self.by_type.get(&(user, report_type)).into_iter().flatten().copied().collect()
    }

    pub(super) fn keys_of_report(&self, report_id: u64) -> Vec<ReportKey> {
        self.by_report.get(&report_id).into_iter().flatten().copied().collect()
    }

    pub(super) fn expire(&mut self, now: Duration) {
        while let Some(&(expires, key)) = self.by_expiry.first() {
            if expires > now {
                break;
            }
            self.remove(&key);
        }
    }

    /// Makes room within both caps; how many entries went.
    pub(super) fn evict(&mut self, user: u64, limits: Limits) -> u64 {
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

/// Takes `key` out of the set at `place`, and the set with its last key.
fn take_off<P: Eq + std::hash::Hash>(index: &mut HashMap<P, HashSet<ReportKey>>, place: P, key: &ReportKey) {
    if let Some(keys) = index.get_mut(&place) {
        keys.remove(key);
        if keys.is_empty() {
            index.remove(&place);
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::entry::Made;
    use crate::filters::Filters;
    use crate::key::ReportFacts;

    fn insert(shelves: &mut Shelves, report: u64, user: u64, report_type: ReportType) -> ReportKey {
        let key = ReportKey::new(report, user, &Filters::empty());
        let facts = ReportFacts { key, report_type, role: "teacher" };
        let made = Made { at_unix_ms: 0, took: Duration::ZERO, ttl: Duration::from_secs(10) };
        let entry = Entry::json(&facts, Generation::fresh(), Bytes::from_static(b"{}"), made);
        shelves.insert(key, entry, made.ttl);
        key
    }

    #[test]
    fn an_invalidation_looks_at_no_entry_but_those_it_removes() {
        let mut shelves = Shelves::default();
        let gone = insert(&mut shelves, 1, 7, ReportType::Analytics);
        for report in 2..1_000 {
            insert(&mut shelves, report, 7, ReportType::Custom);
        }
        assert_eq!(shelves.keys_of(7, ReportType::Analytics), [gone]);
        assert_eq!(shelves.by_type[&(7, ReportType::Analytics)].len(), 1, "found by an index of its own");
        assert_eq!(shelves.keys_of_report(1), [gone]);
    }

    #[test]
    fn indexes_hold_nothing_of_what_is_gone() {
        let mut shelves = Shelves::default();
        let keys: Vec<_> = (1..10).map(|n| insert(&mut shelves, n, n % 3, ReportType::Custom)).collect();
        for key in &keys {
            assert!(shelves.remove(key) && !shelves.remove(key));
        }
        assert!(shelves.by_type.is_empty() && shelves.by_report.is_empty() && shelves.by_user.is_empty());
        assert!(shelves.by_expiry.is_empty() && shelves.by_size.is_empty() && shelves.entries.is_empty());
        assert_eq!(shelves.bytes(), 0);
    }
}
