//! Making good what the store has missed: this node's debt, and the rows of the outbox.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::debt::{Debt, Owed};
use crate::error::{Cause, StoreError};
use crate::event::EventScope;
use crate::invalidate::Reason;
use crate::outbox::Outbox;
use crate::store::Store;

/// Rows replayed in one go.
const BATCH: usize = 200;

/// What the store has done at last.
pub(crate) struct Done {
    pub(crate) reason: Reason,
    pub(crate) scope: EventScope,
    pub(crate) removed: u64,
}

fn unreadable(cause: Cause) -> StoreError {
    StoreError::Operation { op: "replay the outbox", cause }
}

/// What is to be made good before the store may be read.
pub(crate) struct Replay {
    pub(crate) debt: Debt,
    outbox: Option<Arc<dyn Outbox>>,
    /// Counts moments after which the outbox must be looked at: the start, and each failure.
    suspicions: AtomicU64,
    /// How many of them it has been looked at for.
    settled: AtomicU64,
    /// Rows the store has confirmed and the table has not.
    confirmed: Arc<Mutex<Vec<i64>>>,
}

impl Replay {
    pub(crate) fn new(outbox: Option<Arc<dyn Outbox>>) -> Self {
        Self {
            debt: Debt::default(),
            // An earlier process may have left rows.
            suspicions: AtomicU64::new(1),
            settled: AtomicU64::new(u64::from(outbox.is_none())),
            outbox,
            confirmed: Arc::default(),
        }
    }

    /// The store failed: what others wrote meanwhile may not have reached it either.
    pub(crate) fn suspect(&self) {
        if self.outbox.is_some() {
            self.suspicions.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Whether anything must be made good first.
    pub(crate) fn is_due(&self) -> bool {
        self.settled.load(Ordering::SeqCst) < self.suspicions.load(Ordering::SeqCst) || self.debt.is_due()
    }

    /// Makes good all of it. What the store has done is in `done`, whatever comes of the rest.
    pub(crate) async fn make_good(&self, store: &dyn Store, done: &mut Vec<Done>) -> Result<(), StoreError> {
        // The count before the table is read: a failure meanwhile asks for another look.
        let suspicions = self.suspicions.load(Ordering::SeqCst);
        if self.settled.load(Ordering::SeqCst) < suspicions {
            self.replay(store, Duration::ZERO, done).await?;
            self.settled.fetch_max(suspicions, Ordering::SeqCst);
        }
        let Some(settlement) = self.debt.due() else { return Ok(()) };
        let Owed { everything, scopes, reports } = &settlement.owed;
        if *everything {
            let removed = store.clear().await?;
            done.push(Done { reason: Reason::Replayed, scope: EventScope::Everything, removed });
        }
        if !scopes.is_empty() {
            let scopes: Vec<_> = scopes.iter().copied().collect();
            let removed = store.invalidate(&scopes).await?;
            done.push(Done { reason: Reason::Replayed, scope: EventScope::People(scopes), removed });
        }
        for &report_id in reports {
            let removed = store.forget_report(report_id).await?;
            done.push(Done { reason: Reason::Replayed, scope: EventScope::Report(report_id), removed });
        }
        self.debt.settled(&settlement);
        Ok(())
    }

    /// Whether the outbox has rows that are at least `min_age` old.
    pub(crate) async fn has_rows(&self, min_age: Duration) -> Result<bool, StoreError> {
        let Some(outbox) = &self.outbox else { return Ok(false) };
        let rows = outbox.pending(min_age, 1).await.map_err(unreadable)?;
        Ok(!rows.is_empty())
    }

    /// Replays the rows of the outbox that are at least `min_age` old.
    pub(crate) async fn replay(
        &self,
        store: &dyn Store,
        min_age: Duration,
        done: &mut Vec<Done>,
    ) -> Result<(), StoreError> {
        let Some(outbox) = &self.outbox else { return Ok(()) };
        loop {
            let rows = outbox.pending(min_age, BATCH).await.map_err(unreadable)?;
            let mut by_reason: BTreeMap<Reason, Vec<_>> = BTreeMap::new();
            for row in &rows {
                by_reason.entry(row.invalidation.reason).or_default().extend(&row.invalidation.scopes);
            }
            for (reason, scopes) in by_reason {
                let removed = store.invalidate(&scopes).await?;
                done.push(Done { reason, scope: EventScope::People(scopes), removed });
            }
            if !rows.is_empty() {
                let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
                outbox.confirm(&ids).await.map_err(unreadable)?;
            }
            if rows.len() < BATCH {
                return Ok(());
            }
        }
    }

    /// Strikes a row off, soon: nobody waits for it.
    pub(crate) fn confirm(&self, id: i64) {
        let Some(outbox) = self.outbox.clone() else { return };
        let mut waiting = self.confirmed.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.push(id);
        // Whoever finds the list empty empties it; who comes meanwhile goes with the next round.
        if waiting.len() > 1 {
            return;
        }
        let confirmed = Arc::clone(&self.confirmed);
        tokio::spawn(async move {
            loop {
                let ids = confirmed.lock().unwrap_or_else(PoisonError::into_inner).clone();
                if let Err(error) = outbox.confirm(&ids).await {
                    tracing::warn!(error, "confirmed invalidations stay in the outbox and are replayed");
                }
                let mut waiting = confirmed.lock().unwrap_or_else(PoisonError::into_inner);
                waiting.drain(..ids.len());
                if waiting.is_empty() {
                    return;
                }
            }
        });
    }
}
