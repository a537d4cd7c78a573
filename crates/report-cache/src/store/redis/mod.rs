//! The store that several nodes share. Only this room names the Redis client.
//!
//! Needs Redis 7.0 or later (or Valkey), a user that may call INFO and SCRIPT LOAD, and touches only keys
//! below its prefix: no FLUSHALL, KEYS, SCAN or CONFIG. All it does is correct per slot of a cluster, since
//! every command and every script names keys of one slot; but it follows no redirections yet, so it
//! needs one node that has them all.
//!
//! # Which store it is
//!
//! A server that comes back from a snapshot, or a replica that is promoted, may hold epochs that had ended.
//! So a generation also names the server process and the history of its data (its `run_id` and
//! `master_replid`, learned with each connection and every ten seconds) and the last clearing: after a
//! restart, a failover or a failback nothing that was stored before counts. Replicas are not asked.
//!
//! # Why a lookup needs no atomicity
//!
//! A lookup reads an entry, two epochs and the identity of the store, from three slots, while others
//! write. An entry is served only if the generation it carries is what was read. When an invalidation was
//! acknowledged before the lookup began, each part is read after it: the epoch that ended is not among
//! them, and no entry that carries it is served, in whatever order they are read. When it is not yet
//! acknowledged, the old and the new are both right. And a computation begins after its generation was
//! read, so whatever part is ended later, its entry carries the ended one: it is refused when it is
//! stored, or not served if that was too late.

mod books;
mod link;
mod mend;
mod names;
mod put;
mod removal;
mod scripts;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use ::redis::streams::StreamRangeReply;
use async_trait::async_trait;
use bytes::Bytes;
use tracing::Instrument as _;
use xxhash_rust::xxh3::xxh3_64;

use self::link::{Link, Session};
use self::names::Names;
use self::scripts::Scripts;
use super::{EVENTS_KEPT, Generation, Limits, Lookup, Put, Store, Usage};
use crate::entry::Entry;
use crate::error::StoreError;
use crate::event::Event;
use crate::key::{ReportKey, ReportType};

/// Entries in Redis, below a prefix.
pub struct RedisStore {
    shared: Arc<Shared>,
}

/// What the tasks of a store share.
#[derive(Clone)]
struct Shared {
    link: Link,
    names: Names,
    scripts: Arc<Scripts>,
    limits: Limits,
    evicting: Arc<tokio::sync::Mutex<()>>,
    clearing: Arc<tokio::sync::Mutex<()>>,
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore").field("prefix", &self.shared.names.prefix()).finish_non_exhaustive()
    }
}

impl RedisStore {
    /// The store at `url` (`redis://[:password@]host:port[/db]`); all keys start with `prefix`. The server
    /// may be away: it is connected to when it is first needed, and again whenever it was lost.
    ///
    /// # Errors
    /// [`StoreError::Connect`] for a malformed URL only.
    pub fn open(url: &str, prefix: impl Into<String>) -> Result<Self, StoreError> {
        let scripts = Arc::new(Scripts::new());
        let link = Link::new(url, Arc::clone(&scripts))?;
        let names = Names::below(prefix.into());
        let (limits, evicting, clearing) = (Limits::default(), Arc::default(), Arc::default());
        Ok(Self { shared: Arc::new(Shared { link, names, scripts, limits, evicting, clearing }) })
    }

    /// As [`RedisStore::open`], and the server must be there.
    ///
    /// # Errors
    /// [`StoreError::Connect`] within about two seconds when the server cannot be reached.
    pub async fn connect(url: &str, prefix: impl Into<String>) -> Result<Self, StoreError> {
        let store = Self::open(url, prefix)?;
        store.shared.link.session().await?;
        Ok(store)
    }

    /// The same store with other caps. Each node evicts by its own, so they should be equal on all.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        Arc::make_mut(&mut self.shared).limits = limits;
        self
    }
}

/// Which store this is: a server process, since a clearing.
fn identity(run: &str, epoch: &str) -> u64 {
    xxh3_64(format!("{run}.{epoch}").as_bytes())
}

fn epoch_text(digits: u64) -> String {
    format!("{digits:016x}")
}

/// Carries on to the end although the caller has gone: what several steps do is not left half done.
async fn to_the_end<T: Send + 'static>(
    steps: impl Future<Output = Result<T, StoreError>> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::spawn(steps.in_current_span()).await.unwrap_or_else(|error| {
        Err(StoreError::Operation { op: "finish what it was asked", cause: error.into() })
    })
}

#[async_trait]
impl Store for RedisStore {
    async fn lookup(&self, key: &ReportKey, report_type: ReportType) -> Result<Lookup, StoreError> {
        let Shared { link, names, .. } = &*self.shared;
        let session = link.session().await?;
        let mut read = ::redis::pipe();
        read.cmd("GET").arg(names.entry(key));
        read.cmd("HGET").arg(names.epochs(key.user_id)).arg(report_type.as_str());
        read.cmd("GET").arg(names.report_epoch(key.report_id)).cmd("GET").arg(names.of_all("epoch"));
        type Found = (Option<Bytes>, Option<String>, Option<String>, Option<String>);
        let (stored, person, report, store): Found = link.query(&session, "look up", &read).await?;
        let (Some(person), Some(report), Some(store)) = (person, report, store) else {
            return self.shared.begin(&session, key, report_type).await;
        };
        let generation = generation(&session, &person, &report, &store)?;
        let entry = stored.and_then(|bytes| match Entry::decode(bytes) {
            Ok(entry) => Some(entry),
            Err(error) => {
                tracing::debug!(%error, "an entry that cannot be read counts as none");
                None
            }
        });
        Ok(Lookup { entry: entry.filter(|entry| entry.generation == generation), generation })
    }

    async fn put(&self, key: &ReportKey, entry: Entry, ttl: Duration) -> Result<Put, StoreError> {
        if self.shared.limits.exclude(entry.size()) {
            return Ok(Put::TooLarge);
        }
        let (shared, key) = (Arc::clone(&self.shared), *key);
        to_the_end(async move { shared.put(&key, &entry, ttl).await }).await
    }

    async fn invalidate(&self, scopes: &[(u64, ReportType)]) -> Result<u64, StoreError> {
        let (shared, scopes) = (Arc::clone(&self.shared), super::with_collections(scopes));
        to_the_end(async move { shared.invalidate(&scopes).await }).await
    }

    async fn forget_report(&self, report_id: u64) -> Result<u64, StoreError> {
        let shared = Arc::clone(&self.shared);
        to_the_end(async move { shared.forget_report(report_id).await }).await
    }

    async fn clear(&self) -> Result<u64, StoreError> {
        let shared = Arc::clone(&self.shared);
        to_the_end(async move { shared.clear().await }).await
    }

    async fn append(&self, event: &Event) -> Result<(), StoreError> {
        let (link, op) = (&self.shared.link, "record an event");
        let json = serde_json::to_string(&event.kept())
            .map_err(|error| StoreError::Operation { op, cause: error.into() })?;
        let session = link.session().await?;
        let mut add = ::redis::pipe();
        add.cmd("XADD").arg(self.shared.names.of_all("events")).arg(&["MAXLEN", "~"]).arg(EVENTS_KEPT);
        add.arg(&["*", "event"]).arg(json).ignore();
        link.query(&session, op, &add).await
    }

    async fn events(&self, after: Option<&str>, limit: usize) -> Result<Vec<(String, Event)>, StoreError> {
        let (link, op) = (&self.shared.link, "read events");
        let session = link.session().await?;
        let from = after.map_or_else(|| "-".to_owned(), |id| format!("({id}"));
        let mut range = ::redis::pipe();
        range.cmd("XRANGE").arg(self.shared.names.of_all("events")).arg(from).arg("+");
        range.arg("COUNT").arg(limit);
        let (found,): (StreamRangeReply,) = link.query(&session, op, &range).await?;
        let read = |entry: ::redis::streams::StreamId| {
            let json = entry.get::<String>("event").unwrap_or_default();
            let event = serde_json::from_str(&json)
                .map_err(|error| StoreError::Operation { op, cause: error.into() })?;
            Ok((entry.id, event))
        };
        found.ids.into_iter().map(read).collect()
    }

    async fn remove_everything(&self) -> Result<u64, StoreError> {
        let removed = self.clear().await?;
        let session = self.shared.link.session().await?;
        let mut unlink = ::redis::pipe();
        unlink.cmd("UNLINK").arg(self.shared.names.of_all("events")).ignore();
        self.shared.link.query::<()>(&session, "remove its events", &unlink).await?;
        Ok(removed)
    }

    async fn usage(&self) -> Result<Usage, StoreError> {
        self.shared.usage().await
    }

    fn limits(&self) -> Limits {
        self.shared.limits
    }

    fn backend(&self) -> &'static str {
        "redis"
    }
}

impl Shared {
    /// Begins the epochs that are missing: a second round trip, of the first reader only. There can be
    /// no entry then, or none that counts.
    async fn begin(
        &self,
        session: &Arc<Session>,
        key: &ReportKey,
        report_type: ReportType,
    ) -> Result<Lookup, StoreError> {
        let (names, fresh) = (&self.names, Generation::fresh());
        let (epochs, report, store) =
            (names.epochs(key.user_id), names.report_epoch(key.report_id), names.of_all("epoch"));
        let mut begin = ::redis::pipe();
        // Known first, so that a clearing finds what it has to remove.
        begin.cmd("ZADD").arg(names.of_all("known")).arg("NX").arg(0).arg(key.user_id);
        begin.arg(0).arg(format!("r{}", key.report_id)).ignore();
        begin.cmd("HSETNX").arg(&epochs).arg(report_type.as_str()).arg(epoch_text(fresh.person)).ignore();
        begin.cmd("SETNX").arg(&report).arg(epoch_text(fresh.report)).ignore();
        begin.cmd("SETNX").arg(&store).arg(epoch_text(fresh.store)).ignore();
        begin.cmd("HGET").arg(&epochs).arg(report_type.as_str());
        begin.cmd("GET").arg(&report).cmd("GET").arg(&store);
        let (person, report, store): (String, String, String) =
            self.link.query(session, "look up", &begin).await?;
        Ok(Lookup { entry: None, generation: generation(session, &person, &report, &store)? })
    }
}

fn generation(session: &Session, person: &str, report: &str, store: &str) -> Result<Generation, StoreError> {
    let epoch = |text| {
        u64::from_str_radix(text, 16)
            .map_err(|error| StoreError::Operation { op: "look up", cause: error.into() })
    };
    Ok(Generation { person: epoch(person)?, report: epoch(report)?, store: identity(session.run(), store) })
}
