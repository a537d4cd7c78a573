//! Open arrivals: requests come by the clock, whoever is free, so that a slow target does not
//! slow them down. Each place of the roles still walks its own journey: sessions stay
//! sessions, only their waits are the clock's.

use super::pacer::Pacer;
use super::pool::{Job, Pool};
use super::punctual::{Alarm, on_time};
use super::stage::Stage;
use crate::evidence::LATE_US;
use crate::plan::Mood;
use crate::workload::{Around, Journey, first_number};
use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Behind the end by more than this, what is left is dropped: a timer alone is never so late.
const LATE: Duration = Duration::from_micros(LATE_US);

/// Who asks next, and what.
pub(super) struct Visitors {
    journeys: Vec<Journey>,
    mood: Mood,
    /// Places still to come in this round.
    round: Vec<usize>,
    rng: ChaCha8Rng,
    phase: u16,
}

impl Visitors {
    /// The places of an ordinary hour.
    pub(super) fn new(stage: &Stage, phase: u16) -> Self {
        let plan = &stage.plan;
        let users: Vec<u32> = plan.roles.iter().map(|role| role.users).collect();
        // Marks and counters must not meet those of the people at work, or of another such phase.
        let first = first_number(plan, phase);
        let mut journeys = Vec::new();
        for (role, users) in users.iter().enumerate() {
            for place in 0..*users {
                let people = stage.population.at_place(role, place as usize);
                if !people.is_empty() {
                    journeys.push(Journey::new(Arc::clone(plan), role, first.saturating_add(place), people));
                }
            }
        }
        let mut rng = ChaCha8Rng::seed_from_u64(plan.seed ^ 0x0BE2);
        rng.set_stream(u64::from(phase));
        Self { journeys, mood: Mood::ordinary(users, plan.actions.len()), round: Vec::new(), rng, phase }
    }

    /// How many places there are.
    pub(super) fn places(&self) -> usize {
        self.journeys.len()
    }

    /// The next request: every place once, in an order of its own each round, so that a role
    /// asks in proportion to its people.
    fn next(&mut self, stage: &Stage, due: Instant) -> Option<Job> {
        if self.round.is_empty() {
            self.round = (0..self.journeys.len()).collect();
            self.round.shuffle(&mut self.rng);
        }
        let owner = self.round.pop()?;
        let knows = |person: u32, capture: u16| stage.of(person).notes.get(capture).is_some();
        let around = Around { population: &stage.population, mood: &self.mood, knows: &knows };
        let step = self.journeys[owner].next(&around);
        Some(Job { person: step.person, action: step.action, draw: step.draw, due, phase: self.phase, owner })
    }
}

/// A stretch of arrivals.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    pub(super) began: Instant,
    pub(super) length: Duration,
}

/// Sends requests at their moments until the stretch is over; `false` if the run was ended.
pub(super) async fn dispatch(
    stage: &Stage,
    pool: &Pool,
    visitors: &Arc<Mutex<Visitors>>,
    pacer: Pacer,
    stretch: Stretch,
) -> bool {
    let end = stretch.began + stretch.length;
    let work = {
        let (stage, entrance, visitors) = (stage.clone(), pool.entrance(), Arc::clone(visitors));
        move |alarm: &Alarm| {
            let mut visitors = visitors.lock().unwrap_or_else(PoisonError::into_inner);
            let mut moments = pacer;
            while let Some(offset) = moments.next() {
                let due = stretch.began + offset;
                if !alarm.wait_until(due) {
                    return false;
                }
                if Instant::now() >= end + LATE {
                    // Too slow to the last: what should have come by now was not sent.
                    entrance.drop_all(1 + moments.count() as u64);
                    break;
                }
                match visitors.next(&stage, due) {
                    Some(job) => entrance.send(job),
                    None => break,
                }
            }
            true
        }
    };
    on_time(&stage.stop, work).await && stage.stop.sleep(end.saturating_duration_since(Instant::now())).await
}
