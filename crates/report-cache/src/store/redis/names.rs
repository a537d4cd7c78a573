//! What lies where in Redis: the names of all keys, below one prefix.
//!
//! The part in braces is the key's hash tag: all keys with the same tag are on one slot of a cluster, and
//! no script touches more than one. Names after the prefix:
//!
//! | key | holds |
//! |---|---|
//! | `{7}:report:42:7:14f653579ad4` | an entry of person 7; expires |
//! | `{7}:epochs` | hash: epoch by report type; `#number` of the latest account |
//! | `{7}:books` | hash: `type bytes` by entry; `#bytes` of all |
//! | `{7}:expiry`, `{7}:arrival` | sorted sets: entries by the moment they expire (ms), and by arrival |
//! | `{7}:index` | sorted set by name: `type report:42:7:14f653579ad4`; finds a type's, or a report's |
//! | `{r42}:epoch`, `{r42}:people` | the report's epoch; who was given an entry of it |
//! | `{meta}:epoch` | the epoch that clearing ends |
//! | `{meta}:known` | sorted set: persons by the number of their account, and reports (`r42`), by 0 |
//! | `{meta}:leaving` | the same, of those that a clearing still has to wipe |
//! | `{meta}:bytes`, `{meta}:counts`, `{meta}:expiry` | bytes, entries and first expiry of each person |
//! | `{meta}:total` | hash: `bytes` and `entries` of all |
//! | `{meta}:events` | stream: what was removed, and why |
//!
//! Only entries expire, so a server that evicts what expires (`volatile-*`) never evicts an epoch or a
//! book. One that evicts anything (`allkeys-*`) makes the cache colder and its sizes untrue, never stale.
//! Entries are found by the index, never by a scan.

use std::fmt::Display;

use crate::key::ReportKey;

/// Names below a prefix.
#[derive(Debug, Clone)]
pub(super) struct Names {
    prefix: String,
}

impl Names {
    pub(super) fn below(prefix: String) -> Self {
        Self { prefix }
    }

    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    pub(super) fn entry(&self, key: &ReportKey) -> String {
        format!("{}{{{}}}:{key}", self.prefix, key.user_id)
    }

    pub(super) fn epochs(&self, person: impl Display) -> String {
        format!("{}{{{person}}}:epochs", self.prefix)
    }

    /// What the scripts of a person's slot get as their first keys.
    pub(super) fn person(&self, person: impl Display) -> [String; 5] {
        ["epochs", "books", "expiry", "arrival", "index"]
            .map(|book| format!("{}{{{person}}}:{book}", self.prefix))
    }

    pub(super) fn report_epoch(&self, report: u64) -> String {
        format!("{}{{r{report}}}:epoch", self.prefix)
    }

    pub(super) fn readers(&self, report: u64) -> String {
        format!("{}{{r{report}}}:people", self.prefix)
    }

    pub(super) fn of_all(&self, book: &str) -> String {
        format!("{}{{meta}}:{book}", self.prefix)
    }
}
