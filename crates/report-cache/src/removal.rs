//! What writers and staff call: removals, their replay, and the record of them.

use std::future::Future;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use tokio::time::MissedTickBehavior;

use crate::cache::{Inner, ReportCache};
use crate::error::StoreError;
use crate::event::{Event, EventScope};
use crate::guard::Guard;
use crate::invalidate::{Invalidation, Reason};
use crate::replay::Done;
use crate::watch::Reach;

impl ReportCache {
    /// Removes what an event changes; returns how many entries there were. To be called after the
    /// event's transaction has committed and before it is acknowledged: from then on no read returns the
    /// old data. Goes on when the caller is dropped.
    ///
    /// # Errors
    /// When the store does not confirm it. This node then makes it good before it reads from the store
    /// again, with its next removal that the store confirms, or when it
    /// [keeps replaying](ReportCache::keep_replaying); other nodes serve the old entries until then.
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

    /// Makes good every `interval` (wall time) what this node owes the store, and replays rows of the outbox
    /// that nobody has confirmed for longer than [`GRACE`](crate::outbox::GRACE), whichever node wrote
    /// them. To be called once, without an outbox too: a node that is not read from pays its debts here.
    /// Ends with the last clone of this cache.
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
            inner.guard.record(Done { reason, scope, removed }, started).await;
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
}
