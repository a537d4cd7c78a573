//! [`ReportCache`]: one cache, shared by the layer, the writers and the management API.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::time::MissedTickBehavior;

use crate::admin::{self, HitRate, Stats, Status};
use crate::breaker::Breaker;
use crate::clock::Clock;
use crate::coalesce::Board;
use crate::coding::Packed;
use crate::date;
use crate::dice::Dice;
use crate::entry::{Entry, Made};
use crate::error::StoreError;
use crate::event::{Event, EventScope};
use crate::guard::{Guard, Patience};
use crate::headers::RequestFacts;
use crate::invalidate::{Invalidation, Reason};
use crate::key::{ReportFacts, ReportType};
use crate::layer::{CacheLayer, Classify};
use crate::metrics::{Metrics, Watched};
use crate::outbox::Outbox;
use crate::policy::{Decision, Policy};
use crate::queue::Queues;
use crate::rate::Allowance;
use crate::store::{Limits, Put, Store};
use crate::watch::{Reach, Watch};
use crate::window;

/// Bodies up to this many bytes are compressed where they are, in about a millisecond; larger ones on a
/// thread for blocking work, so that other requests are not held up.
const PACKED_INLINE: usize = 128 * 1024;

/// How a [`ReportCache`] behaves.
#[derive(Debug, Clone)]
pub struct CacheConfig {
    /// What is cached, and for how long.
    pub policy: Policy,
    /// Time.
    pub clock: Clock,
    /// Chance: how far lifetimes fall short, and which hits refresh their entry.
    pub dice: Dice,
    /// How long a reader waits for the store before the origin is asked (wall time).
    pub store_timeout: Duration,
    /// How long a removal or a count may take (wall time).
    pub sweep_timeout: Duration,
    /// Failures in a row after which the store is left alone.
    pub failures_to_rest: u32,
    /// For how long (wall time).
    pub rest: Duration,
    /// The cap per person in bytes, as the stats call reports it.
    pub max_size_per_user: u64,
}

impl Default for CacheConfig {
    fn default() -> Self {
        Self {
            policy: Policy::default(),
            clock: Clock::default(),
            dice: Dice::default(),
            store_timeout: Duration::from_millis(250),
            sweep_timeout: Duration::from_secs(2),
            failures_to_rest: 3,
            rest: Duration::from_secs(1),
            max_size_per_user: Limits::default().user_bytes,
        }
    }
}

/// What [`ReportCache::fill`] did.
#[derive(Debug)]
pub enum Filled {
    /// Computed and stored: the next read is a hit.
    Stored,
    /// A current entry was there already; nothing was computed.
    AlreadyStored,
    /// Computed, and invalidated meanwhile: not stored.
    Outdated,
    /// Computed, and larger than may be stored.
    TooLarge,
    /// The store is away; nothing was stored.
    StoreDown(StoreError),
}

impl Filled {
    /// Whether the next read is a hit.
    #[must_use]
    pub fn is_cached(&self) -> bool {
        match self {
            Self::Stored | Self::AlreadyStored => true,
            Self::Outdated | Self::TooLarge | Self::StoreDown(_) => false,
        }
    }
}

/// A cache of reports. Clones share everything.
#[derive(Clone)]
pub struct ReportCache {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) guard: Arc<Guard>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) policy: Policy,
    pub(crate) clock: Clock,
    pub(crate) dice: Dice,
    /// Bypasses this node may still grant.
    bypasses: Mutex<Allowance>,
    /// How long one request may be delayed by the store, in all (wall time).
    pub(crate) store_timeout: Duration,
    pub(crate) board: Arc<Board>,
    /// Who computes while the store is away.
    pub(crate) queues: Arc<Queues>,
    /// What invalidations are usual.
    watch: Mutex<Watch>,
    max_size_per_user: u64,
}

impl fmt::Debug for ReportCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReportCache")
            .field("backend", &self.inner.guard.backend())
            .field("policy", &self.inner.policy)
            .finish_non_exhaustive()
    }
}

impl ReportCache {
    /// A cache whose entries lie in `store`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, config: CacheConfig) -> Self {
        Self::build(store, None, config)
    }

    /// A cache whose invalidations outlive the process and its connection to the store: the service
    /// writes each into `outbox` within the write's transaction and then calls
    /// [`ReportCache::invalidate_recorded`].
    #[must_use]
    pub fn with_outbox(store: Arc<dyn Store>, outbox: Arc<dyn Outbox>, config: CacheConfig) -> Self {
        Self::build(store, Some(outbox), config)
    }

    fn build(store: Arc<dyn Store>, outbox: Option<Arc<dyn Outbox>>, config: CacheConfig) -> Self {
        let metrics = Arc::new(Metrics::new(config.clock.clone()));
        let breaker = Breaker::new(config.failures_to_rest, config.rest);
        let limits = Patience { reader: config.store_timeout, sweep: config.sweep_timeout };
        let time = (config.clock.clone(), limits);
        let guard = Guard::new(store, outbox, Arc::clone(&metrics), breaker, time);
        let inner = Inner {
            guard: Arc::new(guard),
            metrics,
            policy: config.policy,
            clock: config.clock,
            dice: config.dice,
            bypasses: Mutex::default(),
            store_timeout: config.store_timeout,
            board: Arc::default(),
            queues: Arc::default(),
            watch: Mutex::default(),
            max_size_per_user: config.max_size_per_user,
        };
        Self { inner: Arc::new(inner) }
    }

    /// The middleware: `router.layer(cache.layer(classifier))`.
    pub fn layer<C: Classify>(&self, classify: C) -> CacheLayer<C> {
        CacheLayer::new(self.clone(), classify)
    }

    /// Removes what an event changes; returns how many entries there were. To be called after the
    /// event's transaction has committed and before it is acknowledged: from then on no read returns the
    /// old data. Goes on when the caller is dropped.
    ///
    /// # Errors
    /// When the store does not confirm it. This node then makes it good before it reads from the store
    /// again; other nodes serve the old entries until then.
    pub async fn invalidate(&self, event: &Invalidation) -> Result<u64, StoreError> {
        let (reason, scopes) = (event.reason, event.scopes.clone());
        let scope = EventScope::People(event.scopes.clone());
        self.remove(reason, scope, move |guard| async move { guard.invalidate(&scopes).await }).await
    }

    /// As [`ReportCache::invalidate`], for an event that the service recorded in its outbox as row `id`.
    /// The row is struck off once the store has confirmed, shortly after this returns.
    ///
    /// # Errors
    /// When the store does not confirm it. The row stays, and is replayed before this node reads from
    /// the store again; other nodes replay it too, if they [keep replaying](ReportCache::keep_replaying).
    pub async fn invalidate_recorded(&self, id: i64, event: &Invalidation) -> Result<u64, StoreError> {
        let removed = self.invalidate(event).await?;
        self.inner.guard.confirm(id);
        Ok(removed)
    }

    /// Looks every `interval` (wall time) for rows of the outbox that nobody has confirmed for longer
    /// than [`GRACE`](crate::outbox::GRACE), whichever node wrote them, and replays them. Ends with the
    /// last clone of this cache.
    ///
    /// # Panics
    /// Outside a tokio runtime, and for an interval of 0.
    pub fn keep_replaying(&self, interval: Duration) {
        let inner = Arc::downgrade(&self.inner);
        let mut ticks = tokio::time::interval(interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        tokio::spawn(async move {
            loop {
                ticks.tick().await;
                let Some(inner) = inner.upgrade() else { return };
                if let Err(error) = inner.guard.replay().await {
                    tracing::debug!(%error, "the outbox is replayed later");
                }
            }
        });
    }

    /// Removes every entry of one report: every person's and every variant. Collections stay: they are
    /// invalidated by person. Returns how many there were.
    ///
    /// # Errors
    /// As [`ReportCache::invalidate`].
    pub async fn forget_report(&self, id: u64) -> Result<u64, StoreError> {
        let scope = EventScope::Report(id);
        self.remove(Reason::Requested, scope, move |guard| async move { guard.forget_report(id).await }).await
    }

    /// Removes all entries; returns how many there were.
    ///
    /// # Errors
    /// As [`ReportCache::invalidate`].
    pub async fn clear(&self) -> Result<u64, StoreError> {
        let scope = EventScope::Everything;
        self.remove(Reason::Requested, scope, |guard| async move { guard.clear().await }).await
    }

    /// Leaves nothing of this cache in the store: no entry, no epoch, no event. For a service that ends
    /// for good, and has the store's prefix to itself.
    ///
    /// # Errors
    /// When the store does not do it.
    pub async fn remove_everything(&self) -> Result<u64, StoreError> {
        self.inner.guard.remove_everything().await
    }

    /// A writer whose client hangs up is dropped at any await: the removal must not die with it, or the
    /// committed write would stay unseen. So it runs as a task of its own.
    async fn remove<F>(
        &self,
        reason: Reason,
        scope: EventScope,
        call: impl FnOnce(Arc<Guard>) -> F + Send + 'static,
    ) -> Result<u64, StoreError>
    where
        F: Future<Output = Result<u64, StoreError>> + Send + 'static,
    {
        let inner = Arc::clone(&self.inner);
        let task = tokio::spawn(async move {
            inner.announce(reason, &scope);
            let started = Instant::now();
            let removed = call(Arc::clone(&inner.guard)).await?;
            inner.metrics.invalidated(reason.as_str(), removed);
            let (at_unix_ms, took) = (inner.clock.unix_ms(), started.elapsed());
            inner.guard.append(&Event { at_unix_ms, reason, scope, removed, took }).await;
            Ok(removed)
        });
        task.await.unwrap_or_else(|error| {
            Err(StoreError::Operation { op: "finish an invalidation", cause: error.into() })
        })
    }

    /// The removals after the one called `after` (all that are kept, if absent), `limit` of them at most,
    /// oldest first, each with its name. Those of every node that shares the store.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn events(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Event)>, StoreError> {
        self.inner.guard.events(after, limit).await
    }

    /// The store's contents and the counters; refreshes the gauges of the registry.
    ///
    /// # Errors
    /// When the store cannot say what it holds.
    pub async fn stats(&self) -> Result<Stats, StoreError> {
        let inner = &self.inner;
        let usage = inner.guard.usage().await?;
        inner.metrics.usage(&usage);
        let counts = admin::total(&inner.metrics.counts_by_role(None));
        let ttl = |report_type: ReportType| (report_type.as_str(), inner.policy.ttl(report_type).as_secs());
        Ok(Stats {
            engine: "report-cache",
            backend: inner.guard.backend(),
            ttl_map: ReportType::ALL.into_iter().map(ttl).collect::<BTreeMap<_, _>>(),
            max_size_per_user: inner.max_size_per_user,
            status: if inner.guard.is_resting() { Status::Degraded } else { Status::Ok },
            entries: usage.entries,
            bytes: usage.bytes,
            largest_user_bytes: usage.largest_user_bytes,
            hit: counts.hits,
            miss: counts.misses,
            bypass: counts.bypasses,
            coalesced: inner.metrics.coalesced.get(),
            evicted: inner.metrics.evicted.get(),
            stored: inner.metrics.stored.get(),
        })
    }

    /// Hits and misses so far, in all and by role.
    #[must_use]
    pub fn hit_rate(&self) -> HitRate {
        self.hit_rate_of(None, None)
    }

    /// Hits and misses of one role, or of all; of the last `window` of wall time (at most an hour, in
    /// slices of ten seconds), or of all time.
    #[must_use]
    pub fn hit_rate_of(&self, role: Option<&str>, window: Option<Duration>) -> HitRate {
        let window = window.map(|window| window.min(window::LONGEST));
        let mut by_role = self.inner.metrics.counts_by_role(window);
        by_role.retain(|&name, _| role.is_none_or(|role| role == name));
        HitRate::of(&by_role, date::rfc3339(self.inner.clock.unix_ms()), window)
    }

    /// Warms one entry: unless a current one is there, runs `compute` (the report as JSON) and stores
    /// it. The generation is read first, so that a write meanwhile wins. Counts as no request.
    ///
    /// # Errors
    /// What `compute` fails with; a store that fails is a [`Filled::StoreDown`].
    pub async fn fill<F, E>(&self, facts: &ReportFacts, compute: F) -> Result<Filled, E>
    where
        F: Future<Output = Result<Bytes, E>>,
    {
        let inner = &self.inner;
        let lookup = match inner.guard.lookup(&facts.key, facts.report_type).await {
            Ok(lookup) => lookup,
            Err(error) => return Ok(Filled::StoreDown(error)),
        };
        match inner.policy.decide(&lookup, &RequestFacts::default(), &inner.clock, inner.clock.unix_ms()) {
            Decision::Serve { .. } => return Ok(Filled::AlreadyStored),
            Decision::Compute | Decision::Refuse => {}
        }
        let started = inner.clock.elapsed();
        let body = compute.await?;
        let made = inner.made(facts, inner.clock.elapsed().saturating_sub(started));
        let entry = Entry::json(facts, lookup.generation, body.clone(), made);
        let entry = Entry { body: inner.packed(body).await, ..entry };
        Ok(match inner.store(facts, entry).await {
            Ok(Put::Stored { .. }) => Filled::Stored,
            Ok(Put::Outdated) => Filled::Outdated,
            Ok(Put::TooLarge) => Filled::TooLarge,
            Err(error) => Filled::StoreDown(error),
        })
    }

    /// Adds the metrics `report_cache_*` to a registry.
    ///
    /// # Errors
    /// When another cache is registered there already.
    pub fn register(&self, registry: &prometheus::Registry) -> prometheus::Result<()> {
        self.inner.metrics.register(registry)?;
        let guard = Arc::clone(&self.inner.guard);
        let resting = Watched::new(
            "report_cache_store_resting",
            "1 while the store is left alone because it failed, else 0",
            move || guard.is_resting(),
        );
        registry.register(Box::new(resting))
    }
}

impl Inner {
    /// Counts an invalidation, and says so if it is an unusual one.
    fn announce(&self, reason: Reason, scope: &EventScope) {
        self.metrics.invalidation(reason.as_str());
        let reach = match scope {
            EventScope::People(scopes) => Reach::Scopes(scopes.len()),
            EventScope::ManyPeople { total, .. } => {
                Reach::Scopes(usize::try_from(*total).unwrap_or(usize::MAX))
            }
            EventScope::Report(_) => Reach::Report,
            EventScope::Everything => Reach::Everything,
        };
        let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pattern) = watch.note(self.clock.elapsed(), reach) {
            self.metrics.unusual(pattern);
            tracing::warn!(pattern = pattern.as_str(), reason = reason.as_str(), "unusual invalidations");
        }
    }

    /// What is to be remembered of a computation that ends now.
    pub(crate) fn made(&self, facts: &ReportFacts, took: Duration) -> Made {
        let ttl = self.policy.lifetime(facts.report_type, self.dice.roll());
        Made { at_unix_ms: self.clock.unix_ms(), took, ttl }
    }

    /// The form in which a body is stored. One too large to be stored stays as it is.
    pub(crate) async fn packed(&self, body: Bytes) -> Packed {
        if body.len() > self.policy.max_entry_bytes {
            return Packed::identity(body);
        }
        let threshold = self.policy.compress_above;
        if body.len() <= threshold.max(PACKED_INLINE) {
            return Packed::gzip_above(threshold, body);
        }
        let plain = body.clone();
        let packed = tokio::task::spawn_blocking(move || Packed::gzip_above(threshold, plain)).await;
        // The runtime is shutting down.
        packed.unwrap_or_else(|_| Packed::identity(body))
    }

    /// Whether a request that asks to go around the cache may, now. One that would be refused anyway
    /// takes nothing from the others.
    pub(crate) fn grants_around(&self, asked: &RequestFacts, role: &str) -> bool {
        if !asked.asks_around() || !self.policy.lets_around(role) {
            return false;
        }
        let Some(per_minute) = self.policy.bypass_per_minute.filter(|_| !asked.only_if_cached) else {
            return true;
        };
        let mut left = self.bypasses.lock().unwrap_or_else(PoisonError::into_inner);
        let after = left.spend(per_minute, self.clock.elapsed());
        *left = after.unwrap_or(*left);
        after.is_some()
    }

    /// Offers an entry to the store for its time to live.
    pub(crate) async fn store(&self, facts: &ReportFacts, entry: Entry) -> Result<Put, StoreError> {
        if entry.body.plain_len() > self.policy.max_entry_bytes {
            return Ok(Put::TooLarge);
        }
        let ttl = self.clock.wall(entry.ttl);
        let put = self.guard.put(&facts.key, entry, ttl).await?;
        match put {
            Put::Stored { evicted } => {
                self.metrics.stored.inc();
                self.metrics.evicted.inc_by(evicted);
            }
            Put::Outdated | Put::TooLarge => {}
        }
        Ok(put)
    }
}
