//! What everybody at work shares.

use super::browser::Browser;
use super::cast::Cast;
use super::clock::Clock;
use super::in_flight::InFlight;
use super::login::Identity;
use super::mail::Mail;
use super::recorder::Sink;
use super::stop::{Cause, Stop};
use super::target::Target;
use super::trace::TraceSink;
use crate::observe::{Fault, Observation};
use crate::plan::Plan;
use crate::workload::{Notes, Population};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// So many refused connections in a row, and the target is lost.
const REFUSED: u32 = 100;

/// What everybody at work shares.
#[derive(Clone)]
pub(super) struct Stage {
    pub(super) plan: Arc<Plan>,
    pub(super) population: Arc<Population>,
    pub(super) target: Arc<Target>,
    pub(super) clock: Clock,
    pub(super) sink: Sink,
    pub(super) stop: Stop,
    /// The phase that is on.
    pub(super) scene: watch::Receiver<Scene>,
    /// What each person has, by index.
    pub(super) belongings: Arc<Vec<Mutex<Belongings>>>,
    /// Reactions on their way to people.
    pub(super) mail: Arc<Mail>,
    /// Where each request is written down, if anywhere.
    pub(super) trace: Option<TraceSink>,
    pub(super) counts: Arc<Counts>,
}

/// The phase that is on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scene {
    /// Its index.
    pub(super) phase: u16,
    /// When it began.
    pub(super) began: Instant,
}

/// What a person has: who they are to the target, a browser, what they remember.
#[derive(Debug, Default)]
pub(super) struct Belongings {
    pub(super) identity: Identity,
    pub(super) browser: Browser,
    pub(super) notes: Notes,
}

/// What is counted beside the observations.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Connections refused in a row.
    refused: AtomicU32,
    /// How often the target asked to wait, and was waited for.
    pub(super) waited: AtomicU64,
    /// How often somebody had to log in again.
    pub(super) logins: AtomicU64,
    /// Arrivals that found nobody free.
    pub(super) dropped: AtomicU64,
    /// Arrivals in all.
    pub(super) arrivals: AtomicU64,
    /// Requests under way.
    pub(super) in_flight: InFlight,
}

impl Counts {
    /// Arrivals by the clock, and how many of them were dropped, so far.
    pub(super) fn by_clock(&self) -> (u64, u64) {
        (self.arrivals.load(Ordering::Relaxed), self.dropped.load(Ordering::Relaxed))
    }
}

impl Stage {
    /// The belongings of everybody in a cast.
    pub(super) fn belongings(cast: &Cast) -> Arc<Vec<Mutex<Belongings>>> {
        let of = |identity: &Identity| {
            Mutex::new(Belongings { identity: identity.clone(), ..Belongings::default() })
        };
        Arc::new(cast.identities.iter().map(of).collect())
    }

    /// What somebody has. Held for short sections without waiting.
    pub(super) fn of(&self, person: u32) -> MutexGuard<'_, Belongings> {
        self.belongings[person as usize].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A moment on the scenario clock.
    pub(super) fn scenario(&self, moment: Instant) -> Duration {
        Duration::from_micros(self.clock.at(moment)).mul_f64(self.plan.target.time_scale)
    }

    /// Takes a response in. A target that refuses every connection for a while is lost:
    /// what followed would only count its absence.
    pub(super) async fn seen(&self, seen: Observation) {
        self.notice(&seen);
        self.sink.seen(seen).await;
    }

    /// The same for one that was to arrive by the clock: it took so long from then.
    pub(super) async fn seen_by_clock(&self, seen: Observation, response_us: u64) {
        self.notice(&seen);
        self.sink.by_clock(seen, response_us).await;
    }

    fn notice(&self, seen: &Observation) {
        if seen.fault != Some(Fault::Connect) {
            self.counts.refused.store(0, Ordering::Relaxed);
        } else if self.counts.refused.fetch_add(1, Ordering::Relaxed) + 1 >= REFUSED {
            self.stop.trigger(Cause::TargetLost(format!("{REFUSED} connections in a row were refused")));
        }
    }
}
