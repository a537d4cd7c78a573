//! One place at work in virtual time: waits, comes back and is called as
//! `attack::worker` does it on the wall.

use crate::plan::{Mood, Plan};
use crate::workload::{Around, Draw, Journey, Population, Reaction, Step, bell_dice, journey_number};
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::sync::Arc;
use std::time::Duration;

/// So many reactions wait for one place at most.
const WAITING: usize = 1_000;
/// Two requests of one place are at least so far apart: time must go on.
const STEP: Duration = Duration::from_millis(1);

/// What everybody at work shares.
pub(super) struct World<'a> {
    pub(super) plan: Arc<Plan>,
    pub(super) population: &'a Population,
    /// What has been captured: (person, capture).
    pub(super) known: BTreeSet<(u32, u16)>,
}

/// The phase that is on, scenario clock.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) phase: u16,
    pub(super) from: Duration,
    pub(super) length: Duration,
    pub(super) mood: &'a Mood,
}

/// A page that somebody will ask for at a moment.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Letter {
    due: Duration,
    person: u32,
    action: u16,
    serial: u64,
}

/// One place at work.
pub(super) struct Place {
    role: usize,
    number: usize,
    journey: Journey,
    next: Option<(Step, Duration)>,
    letters: BinaryHeap<Reverse<Letter>>,
    draws: std::collections::HashMap<u64, Draw>,
    received: u64,
    rng: ChaCha8Rng,
    rested: bool,
    seen: Option<u16>,
    /// The moment of the request that this place waits for.
    waits_for: Option<Duration>,
    /// Until when it waits for an answer.
    pub(super) busy: Duration,
    /// Which of its wake-up calls counts: earlier ones are out of date.
    pub(super) call: u64,
}

/// What a place does when it is woken.
pub(super) enum Deed {
    /// It waits until then.
    Wait(Duration),
    /// Nobody is needed here until the next phase.
    Rest,
    /// Nobody is needed here now, and that may change within the phase.
    Idle,
    /// It asks.
    Ask(u32, u16, Draw, Asked),
}

/// Why it asks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// A step of its journey.
    Step,
    /// Somebody else wrote.
    Reaction,
}

impl Place {
    /// A place whose people begin to work in this phase.
    pub(super) fn new(world: &World<'_>, phase: u16, role: usize, number: usize) -> Self {
        let journey = journey_number(&world.plan, phase, number);
        let people = world.population.at_place(role, number);
        let rng = bell_dice(&world.plan, role, number);
        Self {
            role,
            number,
            journey: Journey::new(Arc::clone(&world.plan), role, journey, people),
            next: None,
            letters: BinaryHeap::new(),
            draws: std::collections::HashMap::new(),
            received: 0,
            rng,
            rested: false,
            seen: None,
            waits_for: None,
            busy: Duration::ZERO,
            call: 0,
        }
    }

    /// Decides the next page; its wait counts from `from`.
    pub(super) fn decide(&mut self, world: &World<'_>, mood: &Mood, from: Duration) {
        let knows = |person: u32, capture: u16| world.known.contains(&(person, capture));
        let step = self.journey.next(&Around { population: world.population, mood, knows: &knows });
        let due = from + step.wait.max(STEP);
        self.next = Some((step, due));
    }

    /// Something changed: whatever it waits for, it looks again.
    pub(super) fn look_up(&mut self) {
        self.waits_for = None;
    }

    /// A reaction that is due at a moment.
    pub(super) fn receive(&mut self, reaction: Reaction, due: Duration) {
        if self.letters.len() < WAITING {
            let Reaction { person, action, draw, .. } = reaction;
            self.received += 1;
            self.draws.insert(self.received, draw);
            self.letters.push(Reverse(Letter { due, person, action, serial: self.received }));
        }
    }

    /// What it does at this moment.
    pub(super) fn wake(&mut self, world: &World<'_>, scene: &Scene<'_>, now: Duration) -> Deed {
        if let Some(due) = self.waits_for.take().filter(|due| *due <= now) {
            return self.ask(world, due).unwrap_or(Deed::Wait(now));
        }
        if self.seen != Some(scene.phase) {
            self.seen = Some(scene.phase);
            if self.next.is_none() {
                self.decide(world, scene.mood, now);
            }
            self.turn(scene);
        }
        let elapsed = (now - scene.from).as_secs_f64() / scene.length.as_secs_f64();
        if self.number as u64 >= u64::from(scene.mood.at_work(self.role, elapsed)) {
            self.rested = true;
            return if scene.mood.curve.len() < 2 { Deed::Rest } else { Deed::Idle };
        }
        if self.next.is_none() {
            self.decide(world, scene.mood, now);
        }
        if std::mem::take(&mut self.rested) {
            self.come_back(world, now);
        }
        let due = self.next.as_ref().map_or(now, |(_, due)| *due);
        let first = self.letters.peek().map_or(due, |Reverse(letter)| letter.due.min(due)).max(now);
        self.waits_for = Some(first);
        Deed::Wait(first)
    }

    /// Where everybody comes at once, this place's person comes soon.
    fn turn(&mut self, scene: &Scene<'_>) {
        if let (Some(within), Some((_, due))) = (scene.mood.together, &mut self.next) {
            let share: f64 = self.rng.random();
            *due = (*due).min(scene.from + within.mul_f64(share));
        }
    }

    /// Somebody is needed again: what was due while nobody was is asked within a think time.
    fn come_back(&mut self, world: &World<'_>, now: Duration) {
        let share: f64 = self.rng.random();
        let soon = now + world.plan.roles[self.role].think.mean.mul_f64(share);
        if let Some((_, due)) = &mut self.next
            && *due < now
        {
            *due = soon;
        }
    }

    /// `None` where what was due is left out.
    fn ask(&mut self, world: &World<'_>, due: Duration) -> Option<Deed> {
        if self.letters.peek().is_some_and(|Reverse(letter)| letter.due <= due) {
            let Reverse(letter) = self.letters.pop()?;
            let draw = self.draws.remove(&letter.serial)?;
            let captures = &world.plan.action(letter.action).draws.captures;
            if captures.iter().any(|capture| !world.known.contains(&(letter.person, *capture))) {
                // They have not come far enough yet to know where to look.
                return None;
            }
            return Some(Deed::Ask(letter.person, letter.action, draw, Asked::Reaction));
        }
        let (step, _) = self.next.take()?;
        Some(Deed::Ask(step.person, step.action, step.draw, Asked::Step))
    }
}
