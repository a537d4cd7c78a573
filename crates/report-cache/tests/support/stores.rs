//! Stores that misbehave on command.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use report_cache::{
    Entry, Event, Limits, Lookup, MemoryStore, Put, ReportKey, ReportType, Store, StoreError, Usage,
};

/// A memory store that can be made to fail or to hang.
pub(crate) struct Fickle {
    memory: MemoryStore,
    pub(crate) fails: AtomicBool,
    pub(crate) hangs: AtomicBool,
    calls: AtomicUsize,
}

impl Fickle {
    pub(crate) fn new() -> Self {
        Self {
            memory: MemoryStore::new(Limits::default()),
            fails: AtomicBool::new(false),
            hangs: AtomicBool::new(false),
            calls: AtomicUsize::new(0),
        }
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    async fn mood(&self) -> Result<(), StoreError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        if self.hangs.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        if self.fails.load(Ordering::SeqCst) {
            return Err(StoreError::Operation { op: "work", cause: "told to fail".into() });
        }
        Ok(())
    }
}

#[async_trait]
impl Store for Fickle {
    async fn lookup(&self, key: &ReportKey, report_type: ReportType) -> Result<Lookup, StoreError> {
        self.mood().await?;
        self.memory.lookup(key, report_type).await
    }

    async fn put(&self, key: &ReportKey, entry: Entry, ttl: Duration) -> Result<Put, StoreError> {
        self.mood().await?;
        self.memory.put(key, entry, ttl).await
    }

    async fn invalidate(&self, scopes: &[(u64, ReportType)]) -> Result<u64, StoreError> {
        self.mood().await?;
        self.memory.invalidate(scopes).await
    }

    async fn forget_report(&self, report_id: u64) -> Result<u64, StoreError> {
        self.mood().await?;
        self.memory.forget_report(report_id).await
    }

    async fn clear(&self) -> Result<u64, StoreError> {
        self.mood().await?;
        self.memory.clear().await
    }

    async fn append(&self, event: &Event) -> Result<(), StoreError> {
        self.mood().await?;
        self.memory.append(event).await
    }

    async fn events(&self, after: Option<&str>, limit: usize) -> Result<Vec<(String, Event)>, StoreError> {
        self.mood().await?;
        self.memory.events(after, limit).await
    }

    async fn remove_everything(&self) -> Result<u64, StoreError> {
        self.mood().await?;
        self.memory.remove_everything().await
    }

    async fn usage(&self) -> Result<Usage, StoreError> {
        self.mood().await?;
        self.memory.usage().await
    }

    fn limits(&self) -> Limits {
        self.memory.limits()
    }

    fn backend(&self) -> &'static str {
        "fickle"
    }
}
