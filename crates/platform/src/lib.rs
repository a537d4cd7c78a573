//! A school that computes its reports by SQL and serves them over HTTP.
//!
//! It is an ordinary service, and `cacheproof`'s embedded target. Nothing here sleeps or pretends: an
//! uncached report costs what its queries cost.
//!
//! # Flow
//! [`start`] opens a database in a temporary directory (`db`), fills it from a seed (`seed`), reads who is
//! linked to whom (`domain`) and connects the cache. Then, for each request:
//!
//! ```text
//! http::auth     whose token is it            (no query)
//! classify       which report, may they read  (no query)
//! report-cache   the one line in http::router: hit, miss or bypass
//! http::reports  -> report::*                 SQL over totals, or over rows for a bypass -> JSON
//! ```
//! A write (`http::write`) asks `domain` whose reports it changes, commits, replaces the links if it changed
//! one, invalidates exactly those reports, and only then answers.
//!
//! # Rooms
//! `config` what a start is told · `db` one counted door to SQLite · `seed` the rows · `domain` people, links,
//! the term · `report` one file per report type · `aggregates` totals that writes keep · `http` one file per resource · `classify` the cache's
//! question answered.

mod aggregates;
mod classify;
mod config;
mod db;
mod domain;
mod error;
mod http;
mod outbox;
mod report;
mod seed;

use std::future::Future;
use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::Duration;

use axum::serve::ListenerExt as _;
pub use config::{Config, Size, StoreChoice};
pub use error::Error;
use prometheus::Registry;
pub use report_cache::BrowserPolicy;
use report_cache::{CacheConfig, Clock, Limits, MemoryStore, Policy, RedisStore, ReportCache, Store};
pub use seed::Population;
use tokio::net::TcpListener;
use tokio::time::MissedTickBehavior;

use crate::db::Database;
use crate::domain::Relations;
use crate::http::{Requests, Tokens};
use crate::report::ClassReports;

/// How often a process looks for invalidations that another could not tell the store (wall time). With the
/// cache's grace of a second this bounds for how long it may serve what they concern.
const REPLAY_EVERY: Duration = Duration::from_secs(1);
/// How often a process looks whether another has changed links (wall time): until then it serves what a new
/// link grants without the cache.
const CATCH_UP_EVERY: Duration = Duration::from_secs(1);

/// A school, seeded and ready to answer.
pub struct Platform {
    service: Arc<Service>,
    population: Population,
}

/// What the handlers share.
pub(crate) struct Service {
    pub(crate) db: Arc<Database>,
    pub(crate) relations: Arc<Relations>,
    pub(crate) tokens: Tokens,
    pub(crate) cache: ReportCache,
    pub(crate) classes: ClassReports,
    pub(crate) registry: Registry,
    pub(crate) requests: Requests,
    /// `memory` or `redis`.
    pub(crate) store: &'static str,
    pub(crate) time_scale: f64,
}

/// Opens and seeds a school. Takes seconds at the default size.
///
/// # Errors
/// When the numbers do not make a school, the disk refuses, or the store cannot be reached.
pub async fn start(config: &Config) -> Result<Platform, Error> {
    let clock = Clock::scaled(config.time_scale);
    // First, so that a wrong address is told at once.
    let store: Arc<dyn Store> = match &config.store {
        StoreChoice::Memory => Arc::new(MemoryStore::new(Limits::default())),
        StoreChoice::Redis { url, prefix, must_answer: true } => {
            Arc::new(RedisStore::connect(url, prefix).await?)
        }
        StoreChoice::Redis { url, prefix, must_answer: false } => Arc::new(RedisStore::open(url, prefix)?),
    };
    let db = Arc::new(Database::open(config.database.as_deref()).await?);
    let population = seed::fill(&db, config.seed, config.size, &config.password).await?;
    let relations = Arc::new(Relations::load(&db).await?);
    let backend = store.backend();
    let policy = Policy::with_browser(config.browser);
    let outbox = Arc::new(outbox::Rows::of(Arc::clone(&db)));
    let cache = CacheConfig { policy, clock, ..CacheConfig::default() };
    let cache = ReportCache::with_outbox(store, outbox, cache);
    cache.keep_replaying(REPLAY_EVERY);
    let registry = Registry::new();
    db.register(&registry)?;
    cache.register(&registry)?;
    let requests = Requests::register(&registry)?;
    let tokens = Tokens::load(&db).await?;
    let service = Service {
        db,
        relations,
        tokens,
        cache,
        classes: ClassReports::default(),
        registry,
        requests,
        store: backend,
        time_scale: config.time_scale,
    };
    let service = Arc::new(service);
    if config.database.is_some() {
        keep_current(Arc::downgrade(&service));
    }
    Ok(Platform { service, population })
}

/// Follows the links and reports that other processes change in the shared database. Nobody depends on how
/// soon: a miss asks the database, and what was revoked is gone from the cache at once. Ends with the service.
fn keep_current(service: Weak<Service>) {
    let mut ticks = tokio::time::interval(CATCH_UP_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tokio::spawn(async move {
        loop {
            ticks.tick().await;
            let Some(service) = service.upgrade() else { return };
            if let Err(error) = service.relations.refresh(&service.db).await {
                tracing::warn!(%error, "links that another process changed are not known yet");
            }
        }
    });
}

impl Platform {
    /// The service's routes. Every call gives the same school.
    pub fn router(&self) -> axum::Router {
        http::router(self.service.clone())
    }

    /// How many of everything there are.
    pub fn population(&self) -> Population {
        self.population.clone()
    }

    /// The cache in front of the reports, for whoever has to tidy up after a service that ends.
    pub fn cache(&self) -> ReportCache {
        self.service.cache.clone()
    }

    /// The database's file, for whoever wants to check a report against the rows. It goes with the last
    /// handle to the service.
    pub fn database(&self) -> &Path {
        self.service.db.file()
    }
}

/// Serves until `shutdown` resolves; open requests are finished.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    platform: Platform,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let listener = listener.tap_io(|stream| {
        // Answers are written whole; waiting to fill a packet only adds delay.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY was refused");
        }
    });
    axum::serve(listener, platform.router()).with_graceful_shutdown(shutdown).await
}
