//! A table of a service's database, in memory.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use report_cache::error::Cause;
use report_cache::{Invalidation, Outbox, Recorded};
use tokio::time::Instant;

/// An outbox.
#[derive(Default)]
pub(crate) struct Table {
    rows: Mutex<Vec<(Recorded, Instant)>>,
    last: AtomicI64,
    pub(crate) fails: AtomicBool,
}

impl Table {
    /// What a write does within its transaction.
    pub(crate) fn record(&self, event: &Invalidation) -> i64 {
        let id = self.last.fetch_add(1, Ordering::SeqCst) + 1;
        self.rows.lock().unwrap().push((Recorded { id, invalidation: event.clone() }, Instant::now()));
        id
    }

    pub(crate) fn ids(&self) -> Vec<i64> {
        self.rows.lock().unwrap().iter().map(|(row, _)| row.id).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.lock().unwrap().len()
    }

    pub(crate) async fn emptied(&self) {
        while self.len() > 0 {
            tokio::task::yield_now().await;
        }
    }
}

#[async_trait]
impl Outbox for Table {
    async fn pending(&self, min_age: Duration, limit: usize) -> Result<Vec<Recorded>, Cause> {
        if self.fails.load(Ordering::SeqCst) {
            return Err("the table is locked".into());
        }
        let rows = self.rows.lock().unwrap();
        let due = rows.iter().filter(|(_, since)| since.elapsed() >= min_age);
        Ok(due.take(limit).map(|(row, _)| row.clone()).collect())
    }

    async fn confirm(&self, ids: &[i64]) -> Result<(), Cause> {
        self.rows.lock().unwrap().retain(|(row, _)| !ids.contains(&row.id));
        Ok(())
    }
}
