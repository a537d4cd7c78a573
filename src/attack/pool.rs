//! A bounded pool for requests that come by the clock: whoever is free takes the next one,
//! and one that finds nobody free is dropped and counted.

use super::ask::{Errand, Way, ask};
use super::goose::{Post, Work};
use super::stage::{Counts, Stage};
use super::stop::Stop;
use super::trace::Entry;
use crate::verdict::{Gauge, Tally};
use crate::wire::Seat;
use crate::workload::Draw;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

/// A request that somebody of the pool is to make.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) person: u32,
    pub(super) action: u16,
    pub(super) draw: Draw,
    /// The intended start.
    pub(super) due: Instant,
    pub(super) phase: u16,
    /// Whose connections it uses, while they are idle.
    pub(super) owner: usize,
}

/// The way into the pool. When it is gone, the pool has nothing more to do.
pub(super) struct Pool {
    stage: Stage,
    entrance: Entrance,
    /// One permit for each that has come.
    present: Arc<Semaphore>,
    size: u32,
    shared: Arc<Shared>,
}

/// Where requests are given to it, from whatever thread. While one is left, the pool goes on.
#[derive(Clone)]
pub(super) struct Entrance {
    counts: Arc<Counts>,
    jobs: mpsc::Sender<(Job, OwnedSemaphorePermit)>,
    /// One permit for each that is free.
    free: Arc<Semaphore>,
}

/// What the members share.
struct Shared {
    /// The connections of each owner.
    seats: Vec<Mutex<Owned>>,
    /// Lines that are measured as responses come.
    gauges: Mutex<Vec<(Gauge, Tally)>>,
}

/// Connections of one owner.
#[derive(Debug, Default)]
enum Owned {
    #[default]
    Never,
    Idle(Box<Seat>),
    InUse,
}

impl Pool {
    /// A pool of so many for the requests of so many owners; the post is Goose's.
    pub(super) fn new(stage: &Stage, size: u32, owners: usize, curtain: &Stop) -> (Self, Post) {
        let (jobs, incoming) = mpsc::channel(size.max(1) as usize);
        let incoming = Arc::new(tokio::sync::Mutex::new(incoming));
        let shared = Arc::new(Shared {
            seats: (0..owners).map(|_| Mutex::default()).collect(),
            gauges: Mutex::default(),
        });
        let pool = Self {
            stage: stage.clone(),
            entrance: Entrance {
                counts: Arc::clone(&stage.counts),
                jobs,
                free: Arc::new(Semaphore::new(size as usize)),
            },
            present: Arc::new(Semaphore::new(0)),
            size,
            shared: Arc::clone(&shared),
        };
        let member = |_| -> Box<dyn Work> {
            Box::new(Member {
                stage: stage.clone(),
                jobs: Arc::clone(&incoming),
                present: Some(Arc::clone(&pool.present)),
                curtain: curtain.clone(),
                shared: Arc::clone(&shared),
                seat: stage.target.wire.seat(),
            })
        };
        let workers = (0..size).map(member).collect();
        (pool, Post { name: "pool".into(), workers })
    }

    /// Waits until everybody has come; `false` if the run was ended.
    pub(super) async fn complete(&self) -> bool {
        tokio::select! {
            all = self.present.acquire_many(self.size) => all.is_ok(),
            () = self.stage.stop.stopped() => false,
        }
    }

    /// Where requests are given to it.
    pub(super) fn entrance(&self) -> Entrance {
        self.entrance.clone()
    }

    /// Waits until every request is answered: none takes longer than its timeout.
    pub(super) async fn idle(&self) {
        // Nobody closes it, so this waits for all and for nothing else.
        let _ = self.entrance.free.acquire_many(self.size).await;
    }

    /// Measures these lines from now on.
    pub(super) fn watch(&self, gauges: Vec<Gauge>) {
        *self.shared.gauges() = gauges.into_iter().map(|gauge| (gauge, Tally::default())).collect();
    }

    /// What was measured since.
    pub(super) fn measured(&self) -> Vec<(Gauge, Tally)> {
        std::mem::take(&mut *self.shared.gauges())
    }
}

impl Entrance {
    /// Gives a request to whoever is free. Where nobody is, it is dropped.
    pub(super) fn send(&self, job: Job) {
        self.counts.arrivals.fetch_add(1, Ordering::Relaxed);
        let free = Arc::clone(&self.free).try_acquire_owned();
        // There is room for as many as may be under way.
        let sent = free.is_ok_and(|permit| self.jobs.try_send((job, permit)).is_ok());
        if !sent {
            self.counts.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts requests that there was no time left to send.
    pub(super) fn drop_all(&self, missed: u64) {
        self.counts.arrivals.fetch_add(missed, Ordering::Relaxed);
        self.counts.dropped.fetch_add(missed, Ordering::Relaxed);
    }
}

impl Shared {
    fn gauges(&self) -> MutexGuard<'_, Vec<(Gauge, Tally)>> {
        self.gauges.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn owned(&self, owner: usize) -> Option<MutexGuard<'_, Owned>> {
        self.seats.get(owner).map(|seat| seat.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The owner's connections, unless another request uses them.
    fn take(&self, owner: usize, stage: &Stage) -> Option<Box<Seat>> {
        let mut owned = self.owned(owner)?;
        match std::mem::replace(&mut *owned, Owned::InUse) {
            Owned::Never => Some(Box::new(stage.target.wire.seat())),
            Owned::Idle(seat) => Some(seat),
            Owned::InUse => None,
        }
    }

    fn give_back(&self, owner: usize, seat: Box<Seat>) {
        if let Some(mut owned) = self.owned(owner) {
            *owned = Owned::Idle(seat);
        }
    }
}

/// One of the pool.
struct Member {
    stage: Stage,
    jobs: Arc<tokio::sync::Mutex<mpsc::Receiver<(Job, OwnedSemaphorePermit)>>>,
    /// Where to say that it has come.
    present: Option<Arc<Semaphore>>,
    curtain: Stop,
    shared: Arc<Shared>,
    /// For requests whose owner is busy.
    seat: Seat,
}

impl Member {
    async fn perform(&mut self, job: Job) {
        let Job { person, action, draw, due, phase, owner } = job;
        let errand = Errand { person, action, draw: &draw, due, phase };
        if let Some(trace) = &self.stage.trace {
            trace.write(Entry::of(&self.stage, &errand)).await;
        }
        let mut own = self.shared.take(owner, &self.stage);
        let seat = own.as_deref_mut().unwrap_or(&mut self.seat);
        let seen = ask(&self.stage, seat, errand, Way::Person).await;
        if let Some(seat) = own {
            self.shared.give_back(owner, seat);
        }
        let from_due = seen.finished_us.saturating_sub(self.stage.clock.at(due));
        for (gauge, tally) in self.shared.gauges().iter_mut() {
            // Who comes by the clock waits from when they meant to start. Of one source that
            // would be another's fault: what stood before it in the queue.
            let took = if gauge.slo.selection.sources.is_empty() { from_due } else { seen.latency_us() };
            gauge.add(tally, &seen, took);
        }
        self.stage.seen_by_clock(seen, from_due).await;
    }
}

#[async_trait::async_trait]
impl Work for Member {
    async fn step(&mut self) {
        if let Some(present) = self.present.take() {
            present.add_permits(1);
        }
        let job = {
            // Those who are free queue for the next one here.
            let mut jobs = self.jobs.lock().await;
            jobs.recv().await
        };
        match job {
            Some((job, _permit)) => self.perform(job).await,
            None => self.curtain.stopped().await,
        }
    }
}
