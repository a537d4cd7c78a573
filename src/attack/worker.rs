//! One place at work: waits as its journey says, asks, times, tells.

use super::browser::{Browser, Have};
use super::cast::Cast;
use super::clock::Clock;
use super::frame::Frame;
use super::http::{Ask, Exchange, Http};
use super::journey::{Journey, Step};
use super::recorder::Sink;
use super::request::{Request, render};
use super::stop::{Cause, Stop};
use crate::observe::{Fault, Observation};
use crate::plan::Plan;
use reqwest::Url;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// After Ctrl-C a request in flight has so long to end.
const GRACE: Duration = Duration::from_millis(1_500);
/// So many refused connections in a row, and the target is lost.
const REFUSED: u32 = 100;
/// People at one place whose browsers are remembered.
const BROWSERS: usize = 16;

/// What all places share.
#[derive(Clone)]
pub(super) struct Stage {
    pub(super) plan: Arc<Plan>,
    pub(super) cast: Arc<Cast>,
    pub(super) base: Url,
    pub(super) clock: Clock,
    pub(super) sink: Sink,
    pub(super) stop: Stop,
    /// Index of the phase that is on.
    pub(super) phase: Arc<AtomicU16>,
    /// Connections refused in a row.
    pub(super) refused: Arc<AtomicU32>,
}

impl Stage {
    /// Takes a response in. A target that refuses every connection for a while is lost:
    /// what followed would only count its absence.
    pub(super) async fn seen(&self, seen: Observation) {
        if seen.fault != Some(Fault::Connect) {
            self.refused.store(0, Ordering::Relaxed);
        } else if self.refused.fetch_add(1, Ordering::Relaxed) + 1 >= REFUSED {
            self.stop.trigger(Cause::TargetLost(format!("{REFUSED} connections in a row were refused")));
        }
        self.sink.seen(seen).await;
    }
}

/// One place at work.
pub(super) struct Worker {
    stage: Stage,
    /// Ends the people's work at the end of the last traffic phase.
    curtain: Stop,
    journey: Journey,
    http: Http,
    browsers: HashMap<u32, Browser>,
}

impl Worker {
    pub(super) fn new(stage: Stage, curtain: Stop, journey: Journey, http: Http) -> Self {
        Self { stage, curtain, journey, http, browsers: HashMap::new() }
    }

    /// The client of this place, with connections of its own.
    pub(super) fn http(&self) -> &Http {
        &self.http
    }

    /// One pause and one request. Returns at once when the work is over.
    pub(super) async fn step(&mut self) {
        let step = self.journey.next(&self.stage.cast);
        let due = Instant::now() + self.stage.plan.wall(step.wait);
        tokio::select! {
            () = tokio::time::sleep_until(due.into()) => {}
            () = self.curtain.stopped() => return,
        }
        let phase = self.stage.phase.load(Ordering::Acquire);
        let request = render(
            &self.stage.base,
            &self.stage.plan.actions[usize::from(step.action)],
            self.stage.cast.person(step.person),
            &step.draw,
        );
        let seen = self.ask(&step, &request, due, phase).await;
        self.stage.seen(seen).await;
    }

    async fn ask(&mut self, step: &Step, request: &Request, due: Instant, phase: u16) -> Observation {
        let stage = &self.stage;
        let action = &stage.plan.actions[usize::from(step.action)];
        let person = stage.cast.person(step.person);
        let scenario_now = |moment: Instant| {
            Duration::from_micros(stage.clock.at(moment)).mul_f64(stage.plan.target.time_scale)
        };
        let read = action.method.is_read();
        if self.browsers.len() > BROWSERS && !self.browsers.contains_key(&step.person) {
            self.browsers.clear();
        }
        let browser = self.browsers.entry(step.person).or_default();
        let have = if read {
            browser.look(request.fingerprint, scenario_now(Instant::now()))
        } else {
            Have::Nothing
        };
        let frame = Frame { step, request, phase, clock: stage.clock, due };
        let validator = match have {
            Have::Fresh => return frame.fresh_copy(person.role),
            Have::Stale(validator) => Some(validator),
            Have::Nothing => None,
        };
        let ask = Ask {
            method: action.method,
            url: &request.url,
            token: Some(&person.token),
            bypass: false,
            validator: validator.as_ref(),
            body: request.body.as_ref(),
            keep: false,
        };
        let started = Instant::now();
        let exchange = tokio::select! {
            exchange = self.http.send(&ask) => exchange,
            () = async { stage.stop.stopped().await; tokio::time::sleep(GRACE).await } => Exchange {
                started,
                first_byte: None,
                finished: Instant::now(),
                outcome: Err(Fault::Abandoned),
            },
        };
        if let Ok(answer) = &exchange.outcome
            && read
            && matches!(answer.status, 200 | 304)
        {
            browser.remember(request.fingerprint, &answer.headers, scenario_now(exchange.finished));
        }
        frame.observe(person.role, read, &exchange)
    }
}
