//! The store as requests meet it: bounded in time, counted, and left alone while it fails.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::breaker::Breaker;
use crate::clock::Clock;
use crate::entry::Entry;
use crate::error::StoreError;
use crate::event::Event;
use crate::key::{ReportKey, ReportType};
use crate::metrics::{Metrics, Op};
use crate::outbox::{self, Outbox};
use crate::replay::{Done, Replay};
use crate::store::{Limits, Lookup, Put, Store, Usage};

pub(crate) struct Guard {
    store: Arc<dyn Store>,
    metrics: Arc<Metrics>,
    breaker: Breaker,
    replay: Replay,
    /// The replay under way; readers wait for it, each no longer than its own limit.
    settling: Mutex<Option<watch::Receiver<Option<bool>>>>,
    /// Whether the store refuses what it should keep, and somebody has said so.
    refused: AtomicBool,
    clock: Clock,
    limits: Patience,
}

/// How long the store is waited for, in wall time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// For what a reader waits for.
    pub(crate) reader: Duration,
    /// For what removes or counts many entries.
    pub(crate) sweep: Duration,
}

impl Guard {
    pub(crate) fn new(
        store: Arc<dyn Store>,
        outbox: Option<Arc<dyn Outbox>>,
        metrics: Arc<Metrics>,
        breaker: Breaker,
        (clock, limits): (Clock, Patience),
    ) -> Self {
        let (replay, settling, refused) = (Replay::new(outbox), Mutex::default(), AtomicBool::default());
        Self { store, metrics, breaker, replay, settling, refused, clock, limits }
    }

    pub(crate) fn backend(&self) -> &'static str {
        self.store.backend()
    }

    pub(crate) fn limits_of_store(&self) -> Limits {
        self.store.limits()
    }

    pub(crate) fn is_resting(&self) -> bool {
        self.breaker.is_open()
    }

    pub(crate) async fn lookup(
        self: &Arc<Self>,
        key: &ReportKey,
        report_type: ReportType,
    ) -> Result<Lookup, StoreError> {
        self.admitted()?;
        let (asked_at, cut) = (tokio::time::Instant::now(), self.replay.is_due());
        self.settle().await?;
        // Both together delay the reader by no more than the limit, of which the lookup has half or more.
        let left = self.limits.reader.saturating_sub(asked_at.elapsed());
        let started = Instant::now();
        let found = within(left, "look up", self.store.lookup(key, report_type)).await;
        // A lookup that was given less than its time and did not end says nothing about the store.
        if !(cut && matches!(found, Err(StoreError::Timeout { .. }))) {
            self.judge(Op::Read, started.elapsed(), found.as_ref().err());
        }
        found
    }

    pub(crate) async fn put(&self, key: &ReportKey, entry: Entry, ttl: Duration) -> Result<Put, StoreError> {
        self.admitted()?;
        self.timed(Op::Write, "store an entry", self.limits.reader, self.store.put(key, entry, ttl)).await
    }

    pub(crate) async fn invalidate(
        self: &Arc<Self>,
        scopes: &[(u64, ReportType)],
    ) -> Result<u64, StoreError> {
        let result = self.removal("invalidate", self.store.invalidate(scopes)).await;
        result.inspect_err(|_| self.replay.debt.owe_scopes(scopes))
    }

    pub(crate) async fn forget_report(self: &Arc<Self>, report_id: u64) -> Result<u64, StoreError> {
        let result = self.removal("forget a report", self.store.forget_report(report_id)).await;
        result.inspect_err(|_| self.replay.debt.owe_report(report_id))
    }

    pub(crate) async fn clear(self: &Arc<Self>) -> Result<u64, StoreError> {
        let result = self.removal("clear", self.store.clear()).await;
        result.inspect_err(|_| self.replay.debt.owe_everything())
    }

    /// Counts what the store has removed since `started`, and adds it to the stream of events. An event that
    /// is lost is counted, and undoes nothing.
    pub(crate) async fn record(&self, done: Done, started: Instant) {
        let Done { reason, scope, removed } = done;
        self.metrics.invalidated(reason.as_str(), removed);
        let (at_unix_ms, took) = (self.clock.unix_ms(), started.elapsed());
        let event = Event { at_unix_ms, reason, scope, removed, took };
        let kept = within(self.limits.reader, "keep an event", self.store.append(&event)).await;
        if kept.is_err() {
            self.metrics.events_lost.inc();
            tracing::warn!("an invalidation is missing from the stream of events");
        }
    }

    pub(crate) async fn events(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Event)>, StoreError> {
        self.patiently("read its events", self.store.events(after, limit)).await
    }

    pub(crate) async fn remove_everything(&self) -> Result<u64, StoreError> {
        self.patiently("remove everything", self.store.remove_everything()).await
    }

    /// Not timed with the reads: no reader waits for it.
    pub(crate) async fn usage(&self) -> Result<Usage, StoreError> {
        self.patiently("count its entries", self.store.usage()).await
    }

    async fn patiently<T>(
        &self,
        op: &'static str,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        within(self.limits.sweep, op, call).await
    }

    fn admitted(&self) -> Result<(), StoreError> {
        if self.breaker.admits(self.clock.elapsed()) { Ok(()) } else { Err(StoreError::Resting) }
    }

    /// Makes good what the store has missed, before anything is read from it. Readers wait for the one
    /// task that does it, which goes on when their time is up.
    async fn settle(self: &Arc<Self>) -> Result<(), StoreError> {
        if !self.replay.is_due() {
            return Ok(());
        }
        let op = "make good what it missed";
        let all = async {
            // Again, if more was missed during a settlement: it does not cover that.
            while self.replay.is_due() {
                let mut outcome = self.settlement();
                let settled = outcome.wait_for(Option::is_some).await.is_ok_and(|made| *made == Some(true));
                if !settled {
                    return Err(StoreError::Unsettled);
                }
            }
            Ok(())
        };
        let settled = within(self.limits.reader / 2, op, all).await;
        if matches!(settled, Err(StoreError::Timeout { .. })) {
            // A reader has paid for it, whatever becomes of the settlement: it closes the breaker again if
            // the store does answer.
            self.breaker.failed(self.clock.elapsed());
        }
        settled
    }

    /// The settlement under way, or a new one.
    fn settlement(self: &Arc<Self>) -> watch::Receiver<Option<bool>> {
        let mut settling = self.settling.lock().unwrap_or_else(PoisonError::into_inner);
        // One whose sender has gone without a word has panicked, in the service's outbox perhaps.
        if let Some(under_way) = &*settling
            && under_way.has_changed().is_ok()
        {
            return under_way.clone();
        }
        let (over, outcome) = watch::channel(None);
        *settling = Some(outcome.clone());
        let guard = Arc::clone(self);
        tokio::spawn(async move {
            let started = Instant::now();
            let mut done = Vec::new();
            let all = guard.replay.make_good(&*guard.store, &mut done);
            let made = within(guard.limits.sweep, "make good what it missed", all).await;
            guard.replayed(started, &done, &made);
            *guard.settling.lock().unwrap_or_else(PoisonError::into_inner) = None;
            over.send_replace(Some(made.is_ok()));
            guard.tell(done, started).await;
        });
        outcome
    }

    /// Makes good what this node owes, which may have no reader to do it, and replays what other nodes, or
    /// this one, committed some time ago and did not confirm.
    pub(crate) async fn replay(self: &Arc<Self>) -> Result<(), StoreError> {
        let op = "replay the outbox";
        let owes = self.replay.debt.is_due();
        // First, without the store: where nothing waits, the one try that a breaker admits is not for us.
        if !owes && !within(self.limits.sweep, op, self.replay.has_rows(outbox::GRACE)).await? {
            return Ok(());
        }
        self.admitted()?;
        if self.replay.debt.is_due() {
            self.settle().await?;
        }
        let (mut done, started) = (Vec::new(), Instant::now());
        let all = self.replay.replay(&*self.store, outbox::GRACE, &mut done);
        let made = within(self.limits.sweep, op, all).await;
        self.replayed(started, &done, &made);
        self.tell(done, started).await;
        made
    }

    /// Judges the store by a replay. One that found nothing to tell has not asked it: that it went well
    /// says nothing, and must not close the breaker.
    fn replayed(&self, started: Instant, done: &[Done], made: &Result<(), StoreError>) {
        if made.is_err() || !done.is_empty() {
            self.judge(Op::Invalidate, started.elapsed(), made.as_ref().err());
        }
    }

    /// Adds to the stream of events what was made good.
    async fn tell(&self, done: Vec<Done>, started: Instant) {
        for done in done {
            let (reason, removed) = (done.reason.as_str(), done.removed);
            tracing::info!(reason, removed, "the store was told what it had missed");
            self.record(done, started).await;
        }
    }

    /// The store has done what this row of the outbox says.
    pub(crate) fn confirm(&self, id: i64) {
        self.replay.confirm(id);
    }

    async fn removal(
        self: &Arc<Self>,
        op: &'static str,
        call: impl Future<Output = Result<u64, StoreError>>,
    ) -> Result<u64, StoreError> {
        self.admitted()?;
        let removed = self.timed(Op::Invalidate, op, self.limits.sweep, call).await?;
        // The store is back, and this node may have no readers; those of other nodes are served what it
        // owes until it is made good.
        if self.replay.debt.is_due()
            && let Err(error) = self.settle().await
        {
            tracing::debug!(%error, "what the store missed is made good later");
        }
        Ok(removed)
    }

    async fn timed<T>(
        &self,
        kind: Op,
        op: &'static str,
        limit: Duration,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let started = Instant::now();
        let answer = within(limit, op, call).await;
        self.judge(kind, started.elapsed(), answer.as_ref().err());
        answer
    }

    /// Counts a call to the store, and lets the breaker know how it went.
    fn judge(&self, kind: Op, took: Duration, error: Option<&StoreError>) {
        self.metrics.operation(kind, took, error.is_some());
        match error {
            None => self.breaker.succeeded(),
            // It answered, so nobody waits in vain, and what it has can be read. A removal it refuses is
            // another matter: until that is made good nothing may be read.
            Some(error @ StoreError::Refused { .. }) if kind != Op::Invalidate => {
                if !self.refused.swap(true, Ordering::Relaxed) {
                    tracing::warn!(%error, "the report cache stores nothing new; said once");
                }
                self.breaker.succeeded();
            }
            Some(error) => {
                tracing::warn!(%error, "the report cache goes on without its store");
                self.replay.suspect();
                self.breaker.failed(self.clock.elapsed());
            }
        }
        if kind == Op::Write && error.is_none() {
            self.refused.store(false, Ordering::Relaxed);
        }
    }
}

/// What comes of the call, unless its time is up before.
async fn within<T>(
    limit: Duration,
    op: &'static str,
    call: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    tokio::time::timeout(limit, call).await.unwrap_or(Err(StoreError::Timeout { op, limit }))
}
