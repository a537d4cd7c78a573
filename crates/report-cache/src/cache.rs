//! [`ReportCache`]: one cache, shared by the layer, the writers and the management API.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;

use crate::admin::{self, HitRate, Stats, Status};
use crate::breaker::Breaker;
use crate::clock::Clock;
use crate::coalesce::Board;
use crate::coding::Packed;
use crate::date;
use crate::dice::Dice;
use crate::entry::{Entry, Made};
use crate::error::StoreError;
use crate::guard::{Guard, Patience};
use crate::headers::RequestFacts;
use crate::key::{ReportFacts, ReportType};
use crate::layer::{CacheLayer, Classify};
use crate::metrics::{Metrics, Watched};
use crate::outbox::Outbox;
use crate::policy::{Decision, Policy};
use crate::queue::Queues;
use crate::rate::Allowance;
use crate::store::{Put, Store};
use crate::watch::Watch;
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
    /// How long a reader waits for the store in all, what is to be made good first included, before the
    /// origin is asked (wall time).
    pub store_timeout: Duration,
    /// How long a removal or a count may take (wall time): what a write waits for a stalled store at most.
    pub sweep_timeout: Duration,
    /// Failures in a row after which the store is left alone.
    pub failures_to_rest: u32,
    /// For how long (wall time).
    pub rest: Duration,
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
    pub(crate) watch: Mutex<Watch>,
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
        };
        Self { inner: Arc::new(inner) }
    }

    /// The middleware: `router.layer(cache.layer(classifier))`.
    pub fn layer<C: Classify>(&self, classify: C) -> CacheLayer<C> {
        CacheLayer::new(self.clone(), classify)
    }

    /// The store's contents and the counters; refreshes the gauges of the registry (`report_cache_entries`,
    /// `report_cache_bytes`, `report_cache_largest_user_bytes`), which stand still otherwise: to be called
    /// before each scrape.
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
            max_size_per_user: inner.guard.limits_of_store().user_bytes,
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
