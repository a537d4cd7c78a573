//! One place at work: waits as its journey says, asks, tells.

use super::ask::{Errand, Way, ask};
use super::goose::Work;
use super::stage::{Scene, Stage};
use super::stop::Stop;
use super::trace::Entry;
use crate::plan::Mood;
use crate::wire::Seat;
use crate::workload::{Around, Draw, Journey, Step, bell_dice, journey_number};
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// A place that is not needed looks so often whether it is.
const IDLE: Duration = Duration::from_millis(250);

/// One place at work.
pub(super) struct Worker {
    stage: Stage,
    /// Ends the people's work at the end of the last traffic phase.
    curtain: Stop,
    scene: watch::Receiver<Scene>,
    role: usize,
    place: usize,
    journey: Journey,
    seat: Seat,
    /// The next page and when it is due.
    next: Option<(Step, Instant)>,
    /// How long after a bell this place's person comes: apart from the journey's numbers,
    /// which must not depend on what kinds of phase there are.
    rng: ChaCha8Rng,
    /// Whether nobody was needed here until now.
    rested: bool,
    /// Since when this place's person is free: what was due before is asked then.
    free: Instant,
}

impl Worker {
    pub(super) fn new(stage: Stage, curtain: Stop, role: usize, place: usize) -> Self {
        let people = stage.population.at_place(role, place);
        let number = journey_number(&stage.plan, stage.scene.borrow().phase, place);
        let journey = Journey::new(std::sync::Arc::clone(&stage.plan), role, number, people);
        let rng = bell_dice(&stage.plan, role, place);
        let mut scene = stage.scene.clone();
        scene.mark_changed();
        Self {
            seat: stage.target.wire.seat(),
            stage,
            curtain,
            scene,
            role,
            place,
            journey,
            next: None,
            rng,
            rested: false,
            free: Instant::now(),
        }
    }

    /// How the people at work are now, and how far the phase is.
    fn mood(&self, scene: Scene) -> Option<(&Mood, f64)> {
        let phase = self.stage.plan.phases.get(usize::from(scene.phase))?;
        let elapsed = scene.began.elapsed().as_secs_f64() / phase.duration.as_secs_f64();
        phase.mood().map(|mood| (mood, elapsed))
    }

    fn decide(&mut self, scene: Scene) -> (Step, Instant) {
        let ordinary;
        let mood = match self.stage.plan.phases.get(usize::from(scene.phase)).and_then(|phase| phase.mood()) {
            Some(mood) => mood,
            None => {
                ordinary = Mood::ordinary(Vec::new(), self.stage.plan.actions.len());
                &ordinary
            }
        };
        let stage = &self.stage;
        let knows = |person: u32, capture: u16| stage.of(person).notes.get(capture).is_some();
        let around = Around { population: &stage.population, mood, knows: &knows };
        let step = self.journey.next(&around);
        let due = Instant::now() + stage.plan.wall(step.wait);
        (step, due)
    }

    /// A new phase: where everybody comes at once, this place's person comes soon.
    fn turn(&mut self, scene: Scene) {
        let together = self.mood(scene).and_then(|(mood, _)| mood.together);
        if let (Some(within), Some((_, due))) = (together, &mut self.next) {
            let share: f64 = self.rng.random();
            *due = (*due).min(scene.began + self.stage.plan.wall(within.mul_f64(share)));
        }
    }

    /// Somebody is needed again: what was due while nobody was is asked within a think time.
    fn come_back(&mut self) {
        let think = self.stage.plan.wall(self.stage.plan.roles[self.role].think.mean);
        let share: f64 = self.rng.random();
        let soon = Instant::now() + think.mul_f64(share);
        self.free = Instant::now();
        if let Some((_, due)) = &mut self.next
            && *due < Instant::now()
        {
            *due = soon;
        }
    }

    async fn request(&mut self, person: u32, action: u16, draw: &Draw, due: Instant) {
        let phase = self.scene.borrow().phase;
        let errand = Errand { person, action, draw, due, phase };
        if let Some(trace) = &self.stage.trace {
            trace.write(Entry::of(&self.stage, &errand)).await;
        }
        let seen = ask(&self.stage, &mut self.seat, errand, Way::Person).await;
        self.stage.seen(seen).await;
        self.free = Instant::now();
    }
}

#[async_trait::async_trait]
impl Work for Worker {
    /// One pause and, unless something else came between, one request. Returns at once when
    /// the work is over.
    async fn step(&mut self) {
        if self.scene.has_changed().unwrap_or(false) {
            let scene = *self.scene.borrow_and_update();
            if self.next.is_none() {
                self.next = Some(self.decide(scene));
            }
            self.turn(scene);
        }
        let scene = *self.scene.borrow();
        let at_work = self
            .mood(scene)
            .is_some_and(|(mood, elapsed)| (self.place as u64) < u64::from(mood.at_work(self.role, elapsed)));
        if !at_work {
            self.rested = true;
            tokio::select! {
                () = tokio::time::sleep(IDLE) => {}
                _ = self.scene.changed() => self.scene.mark_changed(),
                () = self.curtain.stopped() => {}
            }
            return;
        }
        if self.next.is_none() {
            self.next = Some(self.decide(scene));
        }
        if std::mem::take(&mut self.rested) {
            self.come_back();
        }
        let due = self.next.as_ref().map_or_else(Instant::now, |(_, due)| *due);
        let letter = self.stage.mail.due(self.role, self.place);
        let first = letter.map_or(due, |letter| letter.min(due));
        tokio::select! {
            () = tokio::time::sleep_until(first.into()) => {}
            () = self.stage.mail.arrives(self.role, self.place) => return,
            _ = self.scene.changed() => { self.scene.mark_changed(); return }
            () = self.curtain.stopped() => return,
        }
        if let Some(letter) = self.stage.mail.take(self.role, self.place, first) {
            let captures = &self.stage.plan.action(letter.action).draws.captures;
            let notes = self.stage.of(letter.person).notes.clone();
            if captures.iter().any(|capture| notes.get(*capture).is_none()) {
                // They have not come far enough yet to know where to look.
                return;
            }
            let due = letter.due.max(self.free);
            return self.request(letter.person, letter.action, &letter.draw, due).await;
        }
        if let Some((step, due)) = self.next.take() {
            self.request(step.person, step.action, &step.draw, due).await;
            // People count from the end of the last response.
            let scene = *self.scene.borrow();
            self.next = Some(self.decide(scene));
        }
    }
}

#[cfg(test)]
mod tests;
