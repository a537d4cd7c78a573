//! Reads `INFO` of a Redis; the only file of the harness that names its client.

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client};
use std::time::Duration;
use tokio::sync::Mutex;

/// Connecting and reading together take so long at most.
const WITHIN: Duration = Duration::from_secs(2);

/// A Redis whose counters are read. Connects at the first reading and again after a
/// failed one. Its `Debug` shows no part of the URL, which may hold a password.
pub struct RedisInfo {
    client: Client,
    connection: Mutex<Option<MultiplexedConnection>>,
}

/// A URL that no connection can be made to. The URL is not shown: it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the Redis URL cannot be used; write redis://[user:password@]host:port/database (TLS is not supported)"
)]
pub struct RedisInfoError;

impl std::fmt::Debug for RedisInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisInfo").field("database", &self.database()).finish_non_exhaustive()
    }
}

impl RedisInfo {
    /// A reader for this URL. Does not connect yet.
    ///
    /// # Errors
    /// When the URL is not one of a Redis.
    pub fn new(url: &str) -> Result<Self, RedisInfoError> {
        let client = Client::open(url).map_err(|_| RedisInfoError)?;
        Ok(Self { client, connection: Mutex::new(None) })
    }

    /// Number of the database that the URL names.
    pub fn database(&self) -> i64 {
        self.client.get_connection_info().redis_settings().db()
    }

    /// The text of `INFO`; `None` where Redis does not answer within 2 s.
    pub async fn read(&self) -> Option<String> {
        tokio::time::timeout(WITHIN, self.info()).await.ok().flatten()
    }

    async fn info(&self) -> Option<String> {
        let mut slot = self.connection.lock().await;
        // Taken out, and put back only after an answer: a reading that fails or is given
        // up half way must not leave its connection to the next one.
        let mut connection = match slot.take() {
            Some(connection) => connection,
            None => {
                let limits = AsyncConnectionConfig::new()
                    .set_connection_timeout(Some(WITHIN))
                    .set_response_timeout(Some(WITHIN));
                self.client.get_multiplexed_async_connection_with_config(&limits).await.ok()?
            }
        };
        let text = redis::cmd("INFO").query_async::<String>(&mut connection).await.ok()?;
        *slot = Some(connection);
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::{RedisCounters, Scrape};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    const INFO: &str = "# Stats\r\nkeyspace_hits:9\r\n# Keyspace\r\n";

    /// Speaks as much of the protocol as a reader needs: `INFO` gets its text, anything
    /// else OK. Hangs up after `answers` of the former.
    async fn server(answers: usize) -> (String, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("redis://:geheim@{}/3", listener.local_addr().unwrap());
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                count.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(async move {
                    let mut told = 0;
                    let mut buffer = [0_u8; 4096];
                    while told < answers {
                        let Ok(read @ 1..) = stream.read(&mut buffer).await else { return };
                        let text = String::from_utf8_lossy(&buffer[..read]).to_string();
                        for command in text.split('*').skip(1) {
                            let answer = if command.contains("\r\nINFO\r\n") {
                                told += 1;
                                format!("${}\r\n{INFO}\r\n", INFO.len())
                            } else {
                                "+OK\r\n".to_owned()
                            };
                            if stream.write_all(answer.as_bytes()).await.is_err() {
                                return;
                            }
                        }
                    }
                });
            }
        });
        (url, connections)
    }

    #[tokio::test]
    async fn info_is_read_over_one_connection_that_is_made_when_needed() {
        let (url, connections) = server(usize::MAX).await;
        let reader = RedisInfo::new(&url).unwrap();
        assert_eq!(connections.load(Ordering::Relaxed), 0);
        for _ in 0..3 {
            let mut scrape = Scrape::default();
            let counters = RedisCounters { database: reader.database() };
            counters.fill(&mut scrape, &reader.read().await.unwrap());
            assert_eq!((counters.database, scrape.hits, scrape.entries), (3, Some(9.0), Some(0.0)));
        }
        assert_eq!(connections.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn a_broken_connection_costs_one_reading() {
        let (url, connections) = server(1).await;
        let reader = RedisInfo::new(&url).unwrap();
        assert!(reader.read().await.is_some());
        assert_eq!(reader.read().await, None);
        assert!(reader.read().await.is_some());
        assert_eq!(connections.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn a_redis_that_is_away_or_silent_is_absent() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("redis://{}/", listener.local_addr().unwrap());
        let silent = RedisInfo::new(&url).unwrap();
        let begun = std::time::Instant::now();
        assert_eq!(silent.read().await, None);
        assert!(begun.elapsed() < 2 * WITHIN);
        drop(listener);
        assert_eq!(RedisInfo::new(&url).unwrap().read().await, None);
    }

    #[test]
    fn a_password_is_never_shown() {
        let reader = RedisInfo::new("redis://user:geheim@localhost:1/5").unwrap();
        assert_eq!(format!("{reader:?}"), "RedisInfo { database: 5, .. }");
        for url in ["http://user:geheim@host", "rediss://user:geheim@host:1", "redis://user:geheim@host:port"]
        {
            let error = RedisInfo::new(url).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("geheim"), "{url}");
        }
    }
}
