//! The store that several nodes share. The only file that names the Redis client.
//!
//! Touches only keys below its prefix: no FLUSHALL, KEYS, SCAN or CONFIG. The keys of one script are not
//! on one cluster slot, so it needs a single Redis or a primary with replicas.

use std::fmt;
use std::time::Duration;

use ::redis::aio::{ConnectionManager, ConnectionManagerConfig};
use ::redis::{Client, FromRedisValue, RedisError, Script, ScriptInvocation};
use async_trait::async_trait;
use bytes::Bytes;

use super::{Generation, Lookup, NoGeneration, Put, Store, Usage, scripts, with_collections};
use crate::entry::Entry;
use crate::error::StoreError;
use crate::key::{ReportKey, ReportType};

/// An address that does not answer is given up after this long in all.
const CONNECT_LIMIT: Duration = Duration::from_secs(3);
/// One attempt to reach the server.
const ATTEMPT_LIMIT: Duration = Duration::from_millis(1_000);
/// The last resort against a server that accepts and never answers; callers wait less.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
/// Entries removed by one script when all must go: about a millisecond of the server's time.
const CLEAR_BATCH: u64 = 500;

/// Entries in Redis, below a prefix.
pub struct RedisStore {
    connection: ConnectionManager,
    prefix: String,
    scripts: Scripts,
}

struct Scripts {
    lookup: Script,
    put: Script,
    invalidate: Script,
    forget: Script,
    clear: Script,
    usage: Script,
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

impl RedisStore {
    /// Opens the store at `url` (`redis://[:password@]host:port[/db]`); all keys start with `prefix`.
    /// Reconnects by itself from then on.
    ///
    /// # Errors
    /// [`StoreError::Connect`] within about three seconds when the server cannot be reached.
    pub async fn connect(url: &str, prefix: impl Into<String>) -> Result<Self, StoreError> {
        let unreachable = |address: &str, cause: crate::error::Cause| StoreError::Connect {
            address: address.to_owned(),
            cause,
        };
        // The URL may hold a password: it is not repeated.
        let client = Client::open(url).map_err(|error| unreachable("the configured URL", error.into()))?;
        let address = client.get_connection_info().addr().to_string();
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(ATTEMPT_LIMIT))
            .set_response_timeout(Some(ANSWER_LIMIT))
            // A failed command starts the next attempt: retries here would only make callers wait.
            .set_number_of_retries(1)
            .set_max_delay(Duration::from_millis(100))
            .set_pipeline_buffer_size(1_024);
        let opened = tokio::time::timeout(CONNECT_LIMIT, async {
            let mut connection = ConnectionManager::new_with_config(client, config).await?;
            ::redis::cmd("PING").query_async::<()>(&mut connection).await?;
            Ok::<_, RedisError>(connection)
        });
        let connection = match opened.await {
            Ok(Ok(connection)) => connection,
            Ok(Err(error)) => return Err(unreachable(&address, error.into())),
            Err(_) => {
                let cause = format!("no answer within {} s", CONNECT_LIMIT.as_secs());
                return Err(unreachable(&address, cause.into()));
            }
        };
        Ok(Self { connection, prefix: prefix.into(), scripts: Scripts::new() })
    }

    async fn run<T: FromRedisValue>(
        &self,
        op: &'static str,
        invocation: &ScriptInvocation<'_>,
    ) -> Result<T, StoreError> {
        let answer = invocation.invoke_async(&mut self.connection.clone()).await;
        answer.map_err(|error| StoreError::Operation { op, cause: error.into() })
    }
}

impl Scripts {
    fn new() -> Self {
        let writing = |body: &str| Script::new(&format!("{}{body}", scripts::BOOKS));
        Self {
            lookup: Script::new(scripts::LOOKUP),
            put: writing(scripts::PUT),
            invalidate: writing(scripts::INVALIDATE),
            forget: writing(scripts::FORGET),
            clear: writing(scripts::CLEAR),
            usage: writing(scripts::USAGE),
        }
    }
}

fn person_field(user: u64, report_type: ReportType) -> String {
    format!("u:{user}:{report_type}")
}

fn report_field(report_id: u64) -> String {
    format!("r:{report_id}")
}

fn epoch(digits: u64) -> String {
    format!("{digits:016x}")
}

#[async_trait]
impl Store for RedisStore {
    async fn lookup(&self, key: &ReportKey, report_type: ReportType) -> Result<Lookup, StoreError> {
        let fresh = Generation::fresh();
        let mut call = self.scripts.lookup.prepare_invoke();
        call.key(format!("{}meta:epochs", self.prefix)).key(format!("{}{key}", self.prefix));
        call.arg(person_field(key.user_id, report_type)).arg(report_field(key.report_id));
        call.arg(epoch(fresh.person)).arg(epoch(fresh.report));
        let (person, report, stored): (String, String, Option<Bytes>) = self.run("look up", &call).await?;
        let generation: Generation = format!("{person}.{report}")
            .parse()
            .map_err(|error: NoGeneration| StoreError::Operation { op: "look up", cause: error.into() })?;
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
        // PX refuses 0: what lives shorter than Redis can tell lives one millisecond.
        let ttl_ms = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX).max(1);
        let mut call = self.scripts.put.arg(self.prefix.as_str());
        call.arg(person_field(key.user_id, entry.report_type)).arg(report_field(key.report_id));
        call.arg(epoch(entry.generation.person)).arg(epoch(entry.generation.report));
        call.arg(key.to_string()).arg(entry.report_type.as_str()).arg(entry.size()).arg(ttl_ms);
        call.arg(entry.encode().as_ref());
        let stored: bool = self.run("store an entry", &call).await?;
        Ok(if stored { Put::Stored { evicted: 0 } } else { Put::Outdated })
    }

    async fn invalidate(&self, scopes: &[(u64, ReportType)]) -> Result<u64, StoreError> {
        let mut call = self.scripts.invalidate.arg(self.prefix.as_str());
        for (user, report_type) in with_collections(scopes) {
            call.arg(format!("{user}:{report_type}"));
        }
        self.run("invalidate", &call).await
    }

    async fn forget_report(&self, report_id: u64) -> Result<u64, StoreError> {
        let mut call = self.scripts.forget.arg(self.prefix.as_str());
        call.arg(report_id);
        self.run("forget a report", &call).await
    }

    async fn clear(&self) -> Result<u64, StoreError> {
        let mut removed = 0;
        let mut first = true;
        // In batches, so that readers get their turn; the first ends all epochs, so nothing that is
        // still to be removed can be served.
        loop {
            let mut call = self.scripts.clear.arg(self.prefix.as_str());
            call.arg(CLEAR_BATCH).arg(u8::from(first));
            let (seen, gone): (u64, u64) = self.run("clear", &call).await?;
            removed += gone;
            first = false;
            if seen < CLEAR_BATCH {
                return Ok(removed);
            }
        }
    }

    async fn usage(&self) -> Result<Usage, StoreError> {
        let call = self.scripts.usage.arg(self.prefix.as_str());
        let (entries, bytes, largest_user_bytes) = self.run("count its entries", &call).await?;
        Ok(Usage { entries, bytes, largest_user_bytes })
    }

    fn backend(&self) -> &'static str {
        "redis"
    }
}
