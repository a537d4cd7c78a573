//! The run in virtual time: every place's requests in order, through the phases with people at
//! work, on the scenario clock.

use super::cache::{PerfectCache, Read, Rules, ttl};
use super::outcome::{Outcome, Slot};
use super::place::{Asked, Deed, Place, Scene, World};
use crate::plan::{PhasePlan, Place as Where, Plan};
use crate::workload::{Draw, Fill, NOTHING_NOTED, Population, reactions, render};
use reqwest::Url;
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::sync::Arc;
use std::time::Duration;

/// What an answer takes, unless told otherwise: nothing, compared with the times people take.
pub const RESPONSE: Duration = Duration::ZERO;
/// A place that is not needed looks so often whether it is, on the wall.
const IDLE: Duration = Duration::from_millis(250);

/// Replays a plan in virtual time. `offset` is added to the plan's seed; `response` is what every
/// answer takes, on the scenario clock. The same input gives the same outcome.
pub fn replay(plan: &Arc<Plan>, population: &Population, offset: u64, response: Duration) -> Outcome {
    let plan = if offset == 0 {
        Arc::clone(plan)
    } else {
        let mut other = Plan::clone(plan);
        other.seed = other.seed.wrapping_add(offset);
        Arc::new(other)
    };
    let base = match &plan.target.place {
        Where::Url(url) => url.clone(),
        // Never asked: it only stands in the keys.
        Where::Embedded { .. } => Url::parse("http://embedded.invalid/").expect("a URL"),
    };
    let cache = |rules| PerfectCache::new(&plan, rules);
    let mut engine = Engine {
        declared: cache(Rules::DECLARED),
        endless: cache(Rules { expires: false, ..Rules::DECLARED }),
        untouched: cache(Rules { invalidates: false, ..Rules::DECLARED }),
        outcome: Outcome::new(&plan),
        world: World { plan: Arc::clone(&plan), population, known: BTreeSet::new() },
        base,
        response,
        first: Vec::new(),
        places: Vec::new(),
        calls: BinaryHeap::new(),
        serial: 0,
    };
    let (mut at, mut index) = (Duration::ZERO, 0_u16);
    for phases in plan.phases.chunk_by(|a, b| a.mood().is_some() == b.mood().is_some()) {
        at = match phases[0].mood() {
            Some(_) => engine.traffic(index, phases, at),
            None => at + engine.scenario(phases.iter().map(|phase| phase.duration).sum()),
        };
        index += u16::try_from(phases.len()).expect("there are few phases");
    }
    engine.outcome
}

/// (moment, serial number, place, its call).
type Call = (Duration, u64, usize, u64);

struct Engine<'a> {
    world: World<'a>,
    base: Url,
    response: Duration,
    /// The cache as declared, and what it would be without one of its limits.
    declared: PerfectCache,
    endless: PerfectCache,
    untouched: PerfectCache,
    outcome: Outcome,
    /// Index of the first place of each role.
    first: Vec<usize>,
    places: Vec<Place>,
    calls: BinaryHeap<Reverse<Call>>,
    serial: u64,
}

impl Engine<'_> {
    fn scenario(&self, wall: Duration) -> Duration {
        wall.mul_f64(self.world.plan.target.time_scale)
    }

    /// Phases in a row with people at work, who are new at the beginning; returns their end.
    fn traffic(&mut self, index: u16, phases: &[PhasePlan], begin: Duration) -> Duration {
        self.calls.clear();
        self.first.clear();
        self.places.clear();
        let plan = Arc::clone(&self.world.plan);
        for (role, behaviour) in plan.roles.iter().enumerate() {
            self.first.push(self.places.len());
            // A place without people would have nobody to ask.
            let places = (behaviour.places as usize).min(self.world.population.of_role(role).len());
            self.places.extend((0..places).map(|number| Place::new(&self.world, index, role, number)));
        }
        let mut from = begin;
        for (phase, index) in phases.iter().zip(index..) {
            let Some(mood) = phase.mood() else { continue };
            let length = self.scenario(phase.duration);
            self.play(&Scene { phase: index, from, length, mood });
            from += length;
        }
        from
    }

    fn play(&mut self, scene: &Scene<'_>) {
        for place in 0..self.places.len() {
            self.interrupt(place, scene.from);
        }
        let end = scene.from + scene.length;
        while let Some(Reverse((at, ..))) = self.calls.peek()
            && *at < end
        {
            let Some(Reverse((at, _, place, call))) = self.calls.pop() else { break };
            if self.places[place].call != call {
                continue;
            }
            match self.places[place].wake(&self.world, scene, at) {
                Deed::Wait(until) => self.call(place, until),
                Deed::Rest => {}
                Deed::Idle => self.call(place, at + self.scenario(IDLE)),
                Deed::Ask(person, action, draw, why) => {
                    let answered = at + self.response;
                    self.places[place].busy = answered;
                    self.ask(scene.phase, at, (person, action, &draw));
                    if why == Asked::Step {
                        // People count from the end of the last response.
                        self.places[place].decide(&self.world, scene.mood, answered);
                    }
                    self.call(place, answered);
                }
            }
        }
    }

    /// Wakes a place at a moment, and not before.
    fn call(&mut self, place: usize, at: Duration) {
        self.serial += 1;
        self.places[place].call = self.serial;
        self.calls.push(Reverse((at, self.serial, place, self.serial)));
    }

    /// Something changed for a place: it looks at once, or when its answer is there.
    fn interrupt(&mut self, place: usize, now: Duration) {
        let busy = self.places[place].busy;
        self.places[place].look_up();
        self.call(place, now.max(busy));
    }

    fn ask(&mut self, phase: u16, at: Duration, (person, index, draw): (u32, u16, &Draw)) {
        let plan = Arc::clone(&self.world.plan);
        let population = self.world.population;
        let action = plan.action(index);
        let reader = population.person(person);
        let wall = plan.wall(at);
        let slot = Slot { phase, role: reader.role, action: index, slice: self.outcome.slice_at(wall) };
        let answered = at + self.response;
        if action.cached {
            let fill = Fill::new(&plan, reader, draw, &NOTHING_NOTED);
            let fingerprint = render(&self.base, action, &fill).fingerprint;
            let read = Read { fingerprint, person, action: index, draw, ttl: ttl(index, &fill) };
            let served = self.declared.read(at, answered, read);
            let endless = self.endless.read(at, answered, read);
            let untouched = self.untouched.read(at, answered, read);
            self.outcome.read(slot, served, endless, untouched);
        } else {
            self.outcome.request(slot, action.read);
        }
        for (capture, _) in &action.captures {
            self.world.known.insert((person, *capture));
        }
        if !action.changes.is_empty() {
            for cache in [&mut self.declared, &mut self.endless, &mut self.untouched] {
                cache.write(&plan, population, person, index, draw);
            }
            for reaction in reactions(&plan, population, person, index, draw) {
                let role = usize::from(population.person(reaction.person).role);
                let place = self.first[role] + population.place_of(reaction.person);
                let due = answered + reaction.after;
                self.places[place].receive(reaction, due);
                self.interrupt(place, answered);
            }
        }
    }
}
