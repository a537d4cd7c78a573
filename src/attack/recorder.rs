//! Where everything seen comes together: one task that owns the gatherer.

use crate::evidence::{Gatherer, PairFlaw, PairRecord};
use crate::expose::Live;
use crate::observe::{Observation, Scrape};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Observations on their way; when so many wait, people wait too.
const WAITING: usize = 1 << 16;

enum Event {
    Seen(Observation),
    Pair(PairRecord),
    Dropped(u16, u16, PairFlaw),
    Scrape(Box<Scrape>),
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
    /// Starts the task; `live` is told of each observation as well.
    pub fn start(mut gatherer: Gatherer, live: Live) -> Self {
        let (events, mut incoming) = mpsc::channel(WAITING);
        let task = tokio::spawn(async move {
            while let Some(event) = incoming.recv().await {
                match event {
                    Event::Seen(seen) => {
                        live.observe(&seen);
                        gatherer.observe(&seen);
                    }
                    Event::Pair(pair) => gatherer.pair(pair),
                    Event::Dropped(role, action, why) => gatherer.drop_pair(role, action, why),
                    Event::Scrape(scrape) => {
                        live.scrape(&scrape);
                        gatherer.scrape(*scrape);
                    }
                    Event::End => break,
                }
            }
            gatherer
        });
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

impl Sink {
    async fn send(&self, event: Event) {
        // After the end nobody listens, and nothing that comes then was measured.
        let _ = self.events.send(event).await;
    }

    /// A response.
    pub async fn seen(&self, seen: Observation) {
        self.send(Event::Seen(seen)).await;
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
}
