//! Pairs: the same request by the same person, cached and bypassed, in random order,
//! one at a time on a quiet target, so that nothing else differs between the arms.

use super::ask::{Errand, Way, ask};
use super::scraper::Scraper;
use super::stage::Stage;
use super::undecided::Monitor;
use crate::evidence::{PairFlaw, PairRecord};
use crate::observe::{Dialect, Source};
use crate::plan::{BypassPlan, PhasePlan};
use crate::wire::Seat;
use crate::workload::{Draw, Journey};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use std::time::Instant;

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
/// Without a way around the cache there is nothing to pair. A monitor ends them after a round
/// that decides. Says how many rounds there were, and whether they were ended so.
pub(super) async fn work(
    stage: &Stage,
    phase: &PhasePlan,
    samples: u32,
    index: u16,
    scraper: &Scraper,
    monitor: Option<&Monitor>,
) -> (u32, bool) {
    let Some(bypass) = &stage.plan.cache.bypass else { return (0, false) };
    let mut rng = ChaCha8Rng::seed_from_u64(stage.plan.seed);
    rng.set_stream(u64::from(u32::MAX));
    let combinations = combinations(stage);
    let deadline = Instant::now() + phase.duration;
    let mut seat = stage.target.wire.seat();
    for round in 0..samples {
        for (role, action) in &combinations {
            if stage.stop.is_stopped() || Instant::now() >= deadline {
                return (round, false);
            }
            let people = stage.population.of_role(*role);
            let person = people[round as usize % people.len()];
            if !stage.population.person(person).can(&stage.plan, *action) {
                continue;
            }
            let draw = Journey::sample(&stage.plan, *role, &stage.population, person, *action, &mut rng);
            let pair = Pair { stage, scraper, bypass, person, action: *action, draw, phase: index };
            let cached_first = rng.random();
            pair.measure(&mut seat, cached_first).await;
        }
        if let Some(monitor) = monitor
            && monitor.paired_enough(round + 1, &stage.sink).await
        {
            return (round + 1, true);
        }
    }
    (samples, false)
}

/// Each cacheable read that each role does.
fn combinations(stage: &Stage) -> Vec<(usize, u16)> {
    let mut all: Vec<(usize, u16)> = Vec::new();
    for (role, behaviour) in stage.plan.roles.iter().enumerate() {
        for (action, _) in &behaviour.actions {
            let plan = stage.plan.action(*action);
            if plan.cached && plan.draws.captures.is_empty() {
                all.push((role, *action));
            }
        }
    }
    all
}

struct Pair<'a> {
    stage: &'a Stage,
    scraper: &'a Scraper,
    bypass: &'a BypassPlan,
    person: u32,
    action: u16,
    draw: Draw,
    phase: u16,
}

impl Pair<'_> {
    async fn measure(self, seat: &mut Seat, cached_first: bool) {
        self.arm(seat, Arm::Prime).await;
        let mut queries = None;
        let mut seen = Vec::with_capacity(2);
        for arm in if cached_first { [Arm::Cached, Arm::Uncached] } else { [Arm::Uncached, Arm::Cached] } {
            let before = if arm == Arm::Uncached { self.scraper.queries().await } else { None };
            let exchange = self.arm(seat, arm).await;
            if let (Arm::Uncached, Some(before)) = (arm, before) {
                queries =
                    self.scraper.queries().await.map(|after| after - before).filter(|cost| *cost >= 0.0);
            }
            seen.push((arm, exchange));
        }
        self.record(cached_first, queries, &seen).await;
    }

    async fn record(&self, cached_first: bool, queries: Option<f64>, seen: &[(Arm, Option<Seen>)]) {
        let role = self.stage.population.person(self.person).role;
        let of =
            |wanted: Arm| seen.iter().find(|(arm, _)| *arm == wanted).and_then(|(_, seen)| seen.as_ref());
        let (Some(cached), Some(uncached)) = (of(Arm::Cached), of(Arm::Uncached)) else {
            return self.stage.sink.dropped(role, self.action, PairFlaw::Failed).await;
        };
        if !cached.source.is_hit() {
            return self.stage.sink.dropped(role, self.action, PairFlaw::NotAHit).await;
        }
        if !self.went_around(uncached.source) {
            return self.stage.sink.dropped(role, self.action, PairFlaw::NotABypass).await;
        }
        let pair = PairRecord {
            role,
            action: self.action,
            person: self.person,
            cluster: None,
            cached_us: cached.latency_us,
            uncached_us: uncached.latency_us,
            cached_first,
            queries,
            equal: cached.digest == uncached.digest,
        };
        self.stage.sink.pair(pair).await;
    }

    /// Whether the answer to the uncached arm may have come from the origin. A cache that
    /// has a word for a bypass must say it. Where the way around is another request or
    /// another address, or where the header cannot tell a bypass, it must not be a hit.
    fn went_around(&self, source: Source) -> bool {
        let tells = match (&self.bypass, &self.stage.plan.cache.dialect) {
            (BypassPlan::Query(_) | BypassPlan::Url(_), _) | (_, Dialect::Age | Dialect::XVarnish) => false,
            (BypassPlan::Header(..), Dialect::Custom(patterns)) => patterns.bypass.is_some(),
            (BypassPlan::Header(..), _) => true,
        };
        match source {
            Source::Bypass => true,
            Source::Miss | Source::Unknown => !tells,
            Source::Browser | Source::Hit | Source::Coalesced | Source::Aggregate | Source::Stale => false,
            Source::Error | Source::Write => false,
        }
    }

    /// One request; `None` where it had no usable answer.
    async fn arm(&self, seat: &mut Seat, arm: Arm) -> Option<Seen> {
        let due = Instant::now();
        let Self { person, action, draw, phase, .. } = self;
        let errand = Errand { person: *person, action: *action, draw, due, phase: *phase };
        let way = if arm == Arm::Uncached { Way::Around(self.bypass) } else { Way::Plain };
        let mut observation = ask(self.stage, seat, errand, way).await;
        // These reads are ours, not the person's: they must not use up a first read.
        observation.request = !observation.request;
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
