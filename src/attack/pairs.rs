//! Pairs: the same request by the same person, cached and bypassed, in random order,
//! one at a time on a quiet target, so that nothing else differs between the arms.

use super::Http;
use super::frame::Frame;
use super::http::{Ask, Exchange};
use super::journey::{Draw, Step, pick, rank};
use super::request::{Request, render};
use super::scraper::Scraper;
use super::worker::Stage;
use crate::evidence::{PairFlaw, PairRecord};
use crate::observe::{Fault, Source};
use crate::plan::{PhasePlan, Placeholder};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use std::time::{Duration, Instant};

/// Which arm a request is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Arm {
    /// A plain read first, so that the cached arm can be a hit.
    Prime,
    Cached,
    Uncached,
}

/// Works through the pairs until there are enough, time is up or the run is ended.
/// Goes round the (role, action) combinations, so that a short phase covers all evenly.
pub(super) async fn work(stage: &Stage, phase: &PhasePlan, index: u16, http: &Http, scraper: &Scraper) {
    let mut rng = ChaCha8Rng::seed_from_u64(stage.plan.seed);
    rng.set_stream(u64::from(u32::MAX));
    let combinations = combinations(stage);
    let deadline = Instant::now() + phase.duration;
    for round in 0..phase.samples as usize {
        for (role, action) in &combinations {
            if stage.stop.is_stopped() || Instant::now() >= deadline {
                return;
            }
            let people = stage.cast.of_role(*role);
            let person = people[round % people.len()];
            let step = Step {
                wait: Duration::ZERO,
                person,
                action: *action,
                draw: draw(stage, *role, *action, person, &mut rng),
            };
            let cached_first = rng.random();
            Pair { stage, http, scraper, step, phase: index }.measure(cached_first).await;
        }
    }
}

/// Each read that each role does.
fn combinations(stage: &Stage) -> Vec<(usize, u16)> {
    let reads = |action: &u16| stage.plan.actions[usize::from(*action)].method.is_read();
    let mut all: Vec<(usize, u16)> = Vec::new();
    for (role, behaviour) in stage.plan.roles.iter().enumerate() {
        all.extend(
            behaviour.actions.iter().map(|(action, _)| (role, *action)).filter(|(_, action)| reads(action)),
        );
    }
    all
}

fn draw(stage: &Stage, role: usize, action: u16, person: u32, rng: &mut ChaCha8Rng) -> Draw {
    let action = &stage.plan.actions[usize::from(action)];
    let report = if action.uses(Placeholder::Report) {
        pick(rng, &stage.cast.person(person).reports, stage.plan.roles[role].favourites)
    } else {
        None
    };
    Draw { report, filter: rank(rng, action.filters.len(), 1.0), ..Draw::default() }
}

struct Pair<'a> {
    stage: &'a Stage,
    http: &'a Http,
    scraper: &'a Scraper,
    step: Step,
    phase: u16,
}

impl Pair<'_> {
    async fn measure(self, cached_first: bool) {
        let person = self.stage.cast.person(self.step.person);
        let action = &self.stage.plan.actions[usize::from(self.step.action)];
        let mut request = render(&self.stage.base, action, person, &self.step.draw);
        // These reads are ours, not the person's: they must not use up a first read.
        request.fingerprint = !request.fingerprint;
        self.arm(&request, Arm::Prime).await;
        let mut queries = None;
        let mut seen = Vec::with_capacity(2);
        for arm in if cached_first { [Arm::Cached, Arm::Uncached] } else { [Arm::Uncached, Arm::Cached] } {
            let before = if arm == Arm::Uncached { self.scraper.queries().await } else { None };
            let exchange = self.arm(&request, arm).await;
            if let (Arm::Uncached, Some(before)) = (arm, before) {
                queries =
                    self.scraper.queries().await.map(|after| after - before).filter(|cost| *cost >= 0.0);
            }
            seen.push((arm, exchange));
        }
        self.record(cached_first, queries, &seen).await;
    }

    async fn record(&self, cached_first: bool, queries: Option<f64>, seen: &[(Arm, Option<Seen>)]) {
        let role = self.stage.cast.person(self.step.person).role;
        let of =
            |wanted: Arm| seen.iter().find(|(arm, _)| *arm == wanted).and_then(|(_, seen)| seen.as_ref());
        let (Some(cached), Some(uncached)) = (of(Arm::Cached), of(Arm::Uncached)) else {
            return self.stage.sink.dropped(role, self.step.action, PairFlaw::Failed).await;
        };
        if !cached.source.is_hit() {
            return self.stage.sink.dropped(role, self.step.action, PairFlaw::NotAHit).await;
        }
        if uncached.source != Source::Bypass {
            return self.stage.sink.dropped(role, self.step.action, PairFlaw::NotABypass).await;
        }
        let pair = PairRecord {
            role,
            action: self.step.action,
            person: self.step.person,
            cached_us: cached.latency_us,
            uncached_us: uncached.latency_us,
            cached_first,
            queries,
            equal: cached.digest == uncached.digest,
        };
        self.stage.sink.pair(pair).await;
    }

    /// One request; `None` where it had no usable answer.
    async fn arm(&self, request: &Request, arm: Arm) -> Option<Seen> {
        let person = self.stage.cast.person(self.step.person);
        let due = Instant::now();
        let ask =
            Ask { bypass: arm == Arm::Uncached, keep: false, ..Ask::get(&request.url, Some(&person.token)) };
        let exchange = tokio::select! {
            exchange = self.http.send(&ask) => exchange,
            () = self.stage.stop.stopped() => Exchange { started: due, first_byte: None, finished: Instant::now(), outcome: Err(Fault::Abandoned) },
        };
        let frame = Frame { step: &self.step, request, phase: self.phase, clock: self.stage.clock, due };
        let observation = frame.observe(person.role, true, &exchange);
        let seen = observation.fault.is_none().then_some(Seen {
            latency_us: observation.latency_us(),
            source: observation.source,
            digest: observation.digest,
        });
        self.stage.seen(observation).await;
        seen
    }
}

struct Seen {
    latency_us: u64,
    source: Source,
    digest: Option<u64>,
}
