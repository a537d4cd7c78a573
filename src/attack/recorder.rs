//! Where everything seen comes together: one task that owns the gatherer.

use super::abort::Lookout;
use super::undecided::{Look, Seen, Watch};
use crate::evidence::{Gatherer, PairFlaw, PairRecord, Watched};
use crate::expose::Live;
use crate::observe::{Observation, Scrape};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

/// Observations on their way; when so many wait, people wait too.
const WAITING: usize = 1 << 16;
/// Events taken in at once.
const AT_ONCE: usize = 256;
/// What ends a run early is looked at so often.
const LOOK_EVERY: Duration = Duration::from_secs(1);

enum Event {
    Seen(Observation),
    /// One that was to arrive by the clock, and how long it took from then, in microseconds.
    ByClock(Observation, u64),
    Pair(PairRecord),
    Dropped(u16, u16, PairFlaw),
    Scrape(Box<Scrape>),
    Watch(Watched),
    Look(Look, oneshot::Sender<Seen>),
    End,
}

/// Sends what was seen to the recorder.
#[derive(Clone)]
pub struct Sink {
    events: mpsc::Sender<Event>,
}

/// The task that records.
pub struct Recorder {
    task: JoinHandle<Gatherer>,
    sink: Sink,
}

impl Recorder {
    /// Starts the task; `live` is told of each observation as well, and so is what may end
    /// the run.
    pub(super) fn start(
        gatherer: Gatherer,
        live: Live,
        lookout: Option<Lookout>,
        watch: Option<Watch>,
    ) -> Self {
        let (events, incoming) = mpsc::channel(WAITING);
        let task = tokio::spawn(record(incoming, gatherer, live, lookout, watch));
        Self { task, sink: Sink { events } }
    }

    /// A way to send to it.
    pub fn sink(&self) -> Sink {
        self.sink.clone()
    }

    /// Takes in what was sent so far, and ends.
    pub async fn finish(self) -> Result<Gatherer, tokio::task::JoinError> {
        self.sink.send(Event::End).await;
        self.task.await
    }
}

async fn record(
    mut incoming: mpsc::Receiver<Event>,
    mut gatherer: Gatherer,
    live: Live,
    mut lookout: Option<Lookout>,
    mut watch: Option<Watch>,
) -> Gatherer {
    let mut tick = tokio::time::interval(LOOK_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut batch = Vec::with_capacity(AT_ONCE);
    loop {
        tokio::select! {
            taken = incoming.recv_many(&mut batch, AT_ONCE) => if taken == 0 { return gatherer },
            _ = tick.tick(), if lookout.is_some() => {
                lookout.iter_mut().for_each(Lookout::look);
                continue;
            }
        }
        let mut take = |gatherer: &mut Gatherer, seen: &Observation| {
            live.observe(seen);
            lookout.iter_mut().for_each(|lookout| lookout.observe(seen));
            gatherer.observe(seen);
        };
        for event in batch.drain(..) {
            match event {
                Event::Seen(seen) => {
                    watch.iter_mut().for_each(|watch| watch.observe(&seen));
                    take(&mut gatherer, &seen);
                }
                Event::ByClock(seen, response_us) => {
                    take(&mut gatherer, &seen);
                    gatherer.responded(&seen, response_us);
                }
                Event::Pair(pair) => {
                    watch.iter_mut().for_each(|watch| watch.pair(&pair));
                    gatherer.pair(pair);
                }
                Event::Dropped(role, action, why) => gatherer.drop_pair(role, action, why),
                Event::Scrape(scrape) => {
                    live.scrape(&scrape);
                    watch.iter_mut().for_each(|watch| watch.scrape(&scrape));
                    gatherer.scrape(*scrape);
                }
                Event::Watch(watched) => watch.iter_mut().for_each(|watch| watch.begin(watched)),
                Event::Look(at, answer) => {
                    // Whoever asked may have gone: the phase is over.
                    let _ = answer.send(watch.as_ref().map(|watch| watch.look(at)).unwrap_or_default());
                }
                Event::End => return gatherer,
            }
        }
        // Whoever is ready goes first, so that the next batch is more than one event: woken
        // for each alone, this task costs more than what it does.
        tokio::task::yield_now().await;
    }
}

impl Sink {
    /// A way to nobody, for tests of what was to be seen.
    #[cfg(test)]
    pub(super) fn nowhere() -> Self {
        Self { events: mpsc::channel(1).0 }
    }

    async fn send(&self, event: Event) {
        // After the end nobody listens, and nothing that comes then was measured.
        let _ = self.events.send(event).await;
    }

    /// A response.
    pub async fn seen(&self, seen: Observation) {
        self.send(Event::Seen(seen)).await;
    }

    /// A response to a request that was to arrive by the clock, so many microseconds before it
    /// was there.
    pub async fn by_clock(&self, seen: Observation, response_us: u64) {
        self.send(Event::ByClock(seen, response_us)).await;
    }

    /// A pair.
    pub async fn pair(&self, pair: PairRecord) {
        self.send(Event::Pair(pair)).await;
    }

    /// A pair that could not be used.
    pub async fn dropped(&self, role: u16, action: u16, why: PairFlaw) {
        self.send(Event::Dropped(role, action, why)).await;
    }

    /// The target's own counters.
    pub async fn scrape(&self, scrape: Scrape) {
        self.send(Event::Scrape(Box::new(scrape))).await;
    }

    /// A phase begins whose batches will be looked at.
    pub(super) async fn watch(&self, watched: Watched) {
        self.send(Event::Watch(watched)).await;
    }

    /// What there is of each line, after all that was sent before; `None` after the end.
    pub(super) async fn look(&self, at: Look) -> Option<Seen> {
        let (answer, seen) = oneshot::channel();
        self.send(Event::Look(at, answer)).await;
        seen.await.ok()
    }
}
