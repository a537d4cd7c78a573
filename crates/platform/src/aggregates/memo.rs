//! What a class's reports say, computed once for each version of the class.
//!
//! Every teacher of a class reads the same figures. The version stands in the database and is read in the
//! reader's own transaction, so that a write by any process is seen; the figures stay in this process.
//! Whoever comes while they are computed waits for them; when the one who computes goes away, the next
//! one takes over.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

/// Reports kept; the one not read for longest goes first.
const REPORTS_MAX: usize = 1_024;

/// The state of the rows that figures are computed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// Of the class.
    pub(crate) version: i64,
    /// Of the report's own row.
    pub(crate) revision: i64,
}

/// Figures by report id.
#[derive(Debug)]
pub(crate) struct Memo<T> {
    slots: Mutex<Slots<T>>,
}

#[derive(Debug)]
struct Slots<T> {
    by_report: HashMap<i64, Slot<T>>,
    /// Grows with every read.
    now: u64,
}

#[derive(Debug)]
struct Slot<T> {
    stamp: Stamp,
    figures: Arc<OnceCell<T>>,
    read_at: u64,
}

impl<T> Default for Memo<T> {
    fn default() -> Self {
        Self { slots: Mutex::new(Slots { by_report: HashMap::new(), now: 0 }) }
    }
}

impl<T: Clone> Memo<T> {
    /// The figures of `report` in the state of `stamp`: remembered, awaited or computed.
    ///
    /// # Errors
    /// What `compute` fails with; nothing is remembered then.
    pub(crate) async fn get<E>(
        &self,
        report: i64,
        stamp: Stamp,
        compute: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        match self.slot(report, stamp) {
            Some(figures) => figures.get_or_try_init(|| compute).await.cloned(),
            None => compute.await,
        }
    }

    /// `None` for a transaction that began before the state that is remembered.
    fn slot(&self, report: i64, stamp: Stamp) -> Option<Arc<OnceCell<T>>> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.now += 1;
        let read_at = slots.now;
        if let Some(slot) = slots.by_report.get_mut(&report) {
            if slot.stamp == stamp {
                slot.read_at = read_at;
                return Some(Arc::clone(&slot.figures));
            }
            if slot.stamp.version > stamp.version || slot.stamp.revision > stamp.revision {
                return None;
            }
        } else if slots.by_report.len() >= REPORTS_MAX {
            let oldest = slots.by_report.iter().min_by_key(|(_, slot)| slot.read_at).map(|(id, _)| *id);
            oldest.map(|id| slots.by_report.remove(&id));
        }
        let figures = Arc::new(OnceCell::new());
        slots.by_report.insert(report, Slot { stamp, figures: Arc::clone(&figures), read_at });
        Some(figures)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const fn stamp(version: i64, revision: i64) -> Stamp {
        Stamp { version, revision }
    }

    async fn read(memo: &Memo<usize>, report: i64, stamp: Stamp, computed: &AtomicUsize) -> usize {
        let compute = async {
            // Long enough for everybody else to come.
            tokio::task::yield_now().await;
            Ok::<_, Infallible>(computed.fetch_add(1, Ordering::SeqCst) + 1)
        };
        memo.get(report, stamp, compute).await.unwrap()
    }

    #[tokio::test]
    async fn class_figures_are_computed_once_per_version_however_many_ask_at_once() {
        let (memo, computed) = (Memo::default(), AtomicUsize::new(0));
        let reads = (0..20).map(|_| read(&memo, 1, stamp(4, 9), &computed));
        assert_eq!(futures::future::join_all(reads).await, [1; 20]);
        assert_eq!(read(&memo, 1, stamp(5, 9), &computed).await, 2, "the class changed");
        assert_eq!(read(&memo, 1, stamp(5, 10), &computed).await, 3, "the report changed");
        assert_eq!(read(&memo, 1, stamp(5, 10), &computed).await, 3);
        assert_eq!(read(&memo, 2, stamp(5, 10), &computed).await, 4, "another report");
    }

    #[tokio::test]
    async fn a_transaction_from_before_a_write_neither_reads_nor_replaces_what_came_after_it() {
        let (memo, computed) = (Memo::default(), AtomicUsize::new(0));
        assert_eq!(read(&memo, 1, stamp(6, 1), &computed).await, 1);
        assert_eq!(read(&memo, 1, stamp(5, 1), &computed).await, 2, "computed for itself");
        assert_eq!(read(&memo, 1, stamp(6, 1), &computed).await, 1, "still remembered");
    }

    #[tokio::test]
    async fn a_failed_or_abandoned_computation_leaves_the_next_reader_to_compute() {
        let (memo, computed) = (Memo::default(), AtomicUsize::new(0));
        let failed = memo.get(1, stamp(1, 1), async { Err::<usize, &str>("no") }).await;
        assert_eq!(failed, Err("no"));
        {
            let mut abandoned = Box::pin(read(&memo, 1, stamp(1, 1), &computed));
            assert!(futures::poll!(&mut abandoned).is_pending());
        }
        assert_eq!(read(&memo, 1, stamp(1, 1), &computed).await, 1);
    }

    #[tokio::test]
    async fn what_was_not_read_for_longest_makes_room() {
        let (memo, computed) = (Memo::default(), AtomicUsize::new(0));
        for report in 0..REPORTS_MAX as i64 {
            read(&memo, report, stamp(1, 1), &computed).await;
        }
        read(&memo, 0, stamp(1, 1), &computed).await;
        assert_eq!(computed.load(Ordering::SeqCst), REPORTS_MAX);
        read(&memo, -1, stamp(1, 1), &computed).await;
        assert_eq!(memo.slots.lock().unwrap().by_report.len(), REPORTS_MAX);
        assert_eq!(read(&memo, 0, stamp(1, 1), &computed).await, 1, "kept");
        assert_eq!(read(&memo, 1, stamp(1, 1), &computed).await, REPORTS_MAX + 2, "gone");
    }
}
