//! Origins and stores that wait where a test wants them to.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use report_cache::{
    Entry, Event, Limits, Lookup, MemoryStore, Put, ReportKey, ReportType, Store, StoreError, Usage,
};
use tokio::sync::{Notify, Semaphore};

use super::{Origin, json};

/// An origin that tells when it was reached, and answers when it is let.
pub(crate) fn held(
    answer: impl Fn(usize) -> Response<Full<Bytes>> + Clone + Send + Sync + 'static,
) -> (Origin, Arc<Notify>, Arc<Semaphore>) {
    let (reached, gate) = (Arc::new(Notify::new()), Arc::new(Semaphore::new(0)));
    let (tell, wait) = (Arc::clone(&reached), Arc::clone(&gate));
    let origin = Origin::new(move |call, _| {
        let (tell, wait) = (Arc::clone(&tell), Arc::clone(&wait));
        // Made at once, sent later: the window in which a write may race it.
        let answer = answer(call);
        async move {
            tell.notify_one();
            wait.acquire().await.unwrap().forget();
            answer
        }
    });
    (origin, reached, gate)
}

/// Waits until something is reached, and fails rather than wait for ever.
pub(crate) async fn comes(reached: &Notify) {
    tokio::time::timeout(Duration::from_secs(20), reached.notified()).await.expect("it is reached");
}

pub(crate) fn numbered(call: usize) -> Response<Full<Bytes>> {
    json(&format!("{{\"call\": {call}}}"))
}

/// A memory store that takes its time: before each lookup, and after each put.
pub(crate) struct Slow {
    memory: MemoryStore,
    pub(crate) before_lookup: Duration,
    pub(crate) after_put: After,
}

/// What a put waits for once the entry is stored.
pub(crate) enum After {
    Delay(Duration),
    /// Tells that it is there, and goes on when it is let.
    Gate {
        reached: Arc<Notify>,
        gate: Arc<Semaphore>,
    },
}

impl Slow {
    pub(crate) fn new(before_lookup: Duration, after_put: After) -> Self {
        Self { memory: MemoryStore::new(Limits::default()), before_lookup, after_put }
    }
}

#[async_trait]
impl Store for Slow {
    async fn lookup(&self, key: &ReportKey, report_type: ReportType) -> Result<Lookup, StoreError> {
        if !self.before_lookup.is_zero() {
            tokio::time::sleep(self.before_lookup).await;
        }
        self.memory.lookup(key, report_type).await
    }

    async fn put(&self, key: &ReportKey, entry: Entry, ttl: Duration) -> Result<Put, StoreError> {
        let put = self.memory.put(key, entry, ttl).await;
        match &self.after_put {
            After::Delay(delay) => tokio::time::sleep(*delay).await,
            After::Gate { reached, gate } => {
                reached.notify_one();
                gate.acquire().await.unwrap().forget();
            }
        }
        put
    }

    async fn invalidate(&self, scopes: &[(u64, ReportType)]) -> Result<u64, StoreError> {
        self.memory.invalidate(scopes).await
    }

    async fn forget_report(&self, report_id: u64) -> Result<u64, StoreError> {
        self.memory.forget_report(report_id).await
    }

    async fn clear(&self) -> Result<u64, StoreError> {
        self.memory.clear().await
    }

    async fn append(&self, event: &Event) -> Result<(), StoreError> {
        self.memory.append(event).await
    }

    async fn events(&self, after: Option<&str>, limit: usize) -> Result<Vec<(String, Event)>, StoreError> {
        self.memory.events(after, limit).await
    }

    async fn remove_everything(&self) -> Result<u64, StoreError> {
        self.memory.remove_everything().await
    }

    async fn usage(&self) -> Result<Usage, StoreError> {
        self.memory.usage().await
    }

    fn limits(&self) -> Limits {
        self.memory.limits()
    }

    fn backend(&self) -> &'static str {
        "slow"
    }
}
