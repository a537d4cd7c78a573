//! A store that fails in the ways stores do.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use report_cache::{
    Clock, Entry, Event, Limits, Lookup, MemoryStore, Put, ReportKey, ReportType, Store, StoreError, Usage,
};
use tokio::sync::watch;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Fine,
    /// Each call is refused.
    Fails,
    /// Calls wait, in order, and are carried out when the mood is another: also those that nobody waits
    /// for any more.
    Stalls,
    /// Calls are carried out and the answer is lost.
    LosesAnswers,
}

/// A memory store with moods. Clones share everything.
#[derive(Clone)]
pub(crate) struct Moody {
    mood: Arc<watch::Sender<Mood>>,
    memory: Arc<Mutex<Arc<MemoryStore>>>,
    /// Carries calls out one after the other, as one connection does.
    line: Arc<tokio::sync::Mutex<()>>,
    clock: Clock,
}

impl Moody {
    pub(crate) fn new(clock: Clock) -> Self {
        let memory = Arc::new(MemoryStore::with_clock(Limits::default(), clock.clone()));
        Self {
            mood: Arc::new(watch::Sender::new(Mood::Fine)),
            memory: Arc::new(Mutex::new(memory)),
            line: Arc::default(),
            clock,
        }
    }

    pub(crate) fn turn(&self, mood: Mood) {
        self.mood.send_replace(mood);
    }

    /// As a restart without a snapshot: nothing is left, epochs neither.
    pub(crate) fn wipe(&self) {
        let empty = MemoryStore::with_clock(Limits::default(), self.clock.clone());
        *self.memory.lock().unwrap() = Arc::new(empty);
    }

    async fn call<T, F>(
        &self,
        call: impl FnOnce(Arc<MemoryStore>) -> F + Send + 'static,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, StoreError>> + Send,
    {
        let (this, mut mood) = (self.clone(), self.mood.subscribe());
        // A task of its own: once sent, a command is carried out whether or not anyone waits.
        let carried_out = tokio::spawn(async move {
            let _turn = this.line.lock().await;
            let mood =
                *mood.wait_for(|mood| *mood != Mood::Stalls).await.expect("the store outlives its calls");
            let lost = || StoreError::Operation { op: "answer", cause: "connection reset".into() };
            if mood == Mood::Fails {
                return Err(lost());
            }
            let memory = Arc::clone(&this.memory.lock().unwrap());
            let answer = call(memory).await?;
            if mood == Mood::LosesAnswers { Err(lost()) } else { Ok(answer) }
        });
        carried_out.await.expect("a call does not panic")
    }
}

#[async_trait]
impl Store for Moody {
    async fn lookup(&self, key: &ReportKey, report_type: ReportType) -> Result<Lookup, StoreError> {
        let key = *key;
        self.call(move |memory| async move { memory.lookup(&key, report_type).await }).await
    }

    async fn put(&self, key: &ReportKey, entry: Entry, ttl: Duration) -> Result<Put, StoreError> {
        let key = *key;
        self.call(move |memory| async move { memory.put(&key, entry, ttl).await }).await
    }

    async fn invalidate(&self, scopes: &[(u64, ReportType)]) -> Result<u64, StoreError> {
        let scopes = scopes.to_vec();
        self.call(move |memory| async move { memory.invalidate(&scopes).await }).await
    }

    async fn forget_report(&self, report_id: u64) -> Result<u64, StoreError> {
        self.call(move |memory| async move { memory.forget_report(report_id).await }).await
    }

    async fn clear(&self) -> Result<u64, StoreError> {
        self.call(|memory| async move { memory.clear().await }).await
    }

    async fn append(&self, event: &Event) -> Result<(), StoreError> {
        let event = event.clone();
        self.call(move |memory| async move { memory.append(&event).await }).await
    }

    async fn events(&self, after: Option<&str>, limit: usize) -> Result<Vec<(String, Event)>, StoreError> {
        let after = after.map(str::to_owned);
        self.call(move |memory| async move { memory.events(after.as_deref(), limit).await }).await
    }

    async fn remove_everything(&self) -> Result<u64, StoreError> {
        self.call(|memory| async move { memory.remove_everything().await }).await
    }

    async fn usage(&self) -> Result<Usage, StoreError> {
        self.call(|memory| async move { memory.usage().await }).await
    }

    fn limits(&self) -> Limits {
        Limits::default()
    }

    fn backend(&self) -> &'static str {
        "moody"
    }
}
