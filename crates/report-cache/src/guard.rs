//! The store as requests meet it: bounded in time, counted, and left alone while it fails.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::breaker::Breaker;
use crate::clock::Clock;
use crate::entry::Entry;
use crate::error::StoreError;
use crate::invalidate::{Debt, Owed};
use crate::key::{ReportKey, ReportType};
use crate::metrics::{Metrics, Op};
use crate::store::{Lookup, Put, Store, Usage};

pub(crate) struct Guard {
    store: Arc<dyn Store>,
    metrics: Arc<Metrics>,
    breaker: Breaker,
    debt: Debt,
    settling: tokio::sync::Mutex<()>,
    clock: Clock,
    /// For what a reader waits for.
    limit: Duration,
    /// For what removes or counts many entries.
    sweep_limit: Duration,
}

impl Guard {
    pub(crate) fn new(
        store: Arc<dyn Store>,
        metrics: Arc<Metrics>,
        breaker: Breaker,
        clock: Clock,
        (limit, sweep_limit): (Duration, Duration),
    ) -> Self {
        let (debt, settling) = (Debt::default(), tokio::sync::Mutex::default());
        Self { store, metrics, breaker, debt, settling, clock, limit, sweep_limit }
    }

    pub(crate) fn backend(&self) -> &'static str {
        self.store.backend()
    }

    pub(crate) fn is_resting(&self) -> bool {
        self.breaker.is_open()
    }

    pub(crate) async fn lookup(
        &self,
        key: &ReportKey,
        report_type: ReportType,
    ) -> Result<Lookup, StoreError> {
        self.admitted()?;
        self.settle().await?;
        self.timed(Op::Read, "look up", self.limit, self.store.lookup(key, report_type)).await
    }

    pub(crate) async fn put(&self, key: &ReportKey, entry: Entry, ttl: Duration) -> Result<Put, StoreError> {
        self.admitted()?;
        self.timed(Op::Write, "store an entry", self.limit, self.store.put(key, entry, ttl)).await
    }

    pub(crate) async fn invalidate(&self, scopes: &[(u64, ReportType)]) -> Result<u64, StoreError> {
        let result = self.removal("invalidate", self.store.invalidate(scopes)).await;
        result.inspect_err(|_| self.debt.owe_scopes(scopes))
    }

    pub(crate) async fn forget_report(&self, report_id: u64) -> Result<u64, StoreError> {
        let result = self.removal("forget a report", self.store.forget_report(report_id)).await;
        result.inspect_err(|_| self.debt.owe_report(report_id))
    }

    pub(crate) async fn clear(&self) -> Result<u64, StoreError> {
        let result = self.removal("clear", self.store.clear()).await;
        result.inspect_err(|_| self.debt.owe_everything())
    }

    /// Not timed with the reads: no reader waits for it.
    pub(crate) async fn usage(&self) -> Result<Usage, StoreError> {
        let op = "count its entries";
        let answer = tokio::time::timeout(self.sweep_limit, self.store.usage()).await;
        answer.unwrap_or(Err(StoreError::Timeout { op, limit: self.sweep_limit }))
    }

    fn admitted(&self) -> Result<(), StoreError> {
        if self.breaker.admits(self.clock.elapsed()) { Ok(()) } else { Err(StoreError::Resting) }
    }

    /// Makes good what is owed, before anything is read. Readers wait for the one that does it.
    async fn settle(&self) -> Result<(), StoreError> {
        if self.debt.due().is_none() {
            return Ok(());
        }
        let all = async {
            let _one_at_a_time = self.settling.lock().await;
            let Some(settlement) = self.debt.due() else { return Ok(0) };
            let Owed { everything, scopes, reports } = &settlement.owed;
            let mut removed = 0;
            if *everything {
                removed += self.store.clear().await?;
            }
            if !scopes.is_empty() {
                let scopes: Vec<_> = scopes.iter().copied().collect();
                removed += self.store.invalidate(&scopes).await?;
            }
            for &report_id in reports {
                removed += self.store.forget_report(report_id).await?;
            }
            self.debt.settled(&settlement);
            tracing::info!(removed, "invalidations the store had missed are made good");
            Ok(removed)
        };
        self.timed(Op::Invalidate, "make good what it missed", self.sweep_limit, all).await?;
        Ok(())
    }

    async fn removal(
        &self,
        op: &'static str,
        call: impl Future<Output = Result<u64, StoreError>>,
    ) -> Result<u64, StoreError> {
        self.admitted()?;
        self.timed(Op::Invalidate, op, self.sweep_limit, call).await
    }

    async fn timed<T>(
        &self,
        kind: Op,
        op: &'static str,
        limit: Duration,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let started = Instant::now();
        let answer = tokio::time::timeout(limit, call).await;
        let answer = answer.unwrap_or(Err(StoreError::Timeout { op, limit }));
        self.metrics.operation(kind, started.elapsed(), answer.is_err());
        match &answer {
            Ok(_) => self.breaker.succeeded(),
            Err(error) => {
                tracing::warn!(%error, "the report cache goes on without its store");
                self.breaker.failed(self.clock.elapsed());
            }
        }
        answer
    }
}
