//! What a place at work asks next: pure, decided by the seed.
//!
//! A place is taken by one person at a time. A visit has a geometric number of
//! pages with Weibull think times between them (Yeung & Szeto, ICPP-W 1999), then a
//! pause, then the next visit by the same person or another. A dashboard left open
//! asks again by itself while its owner thinks. Nothing here reads a clock: waits
//! are counted from the end of the last response, as people count.

use super::cast::Cast;
use crate::plan::{Placeholder, Plan, RolePlan};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, Exp1, Geometric, Weibull, Zipf};
use std::sync::Arc;
use std::time::Duration;

/// Exponent with which people prefer the first filters of an action.
const FILTER_EXPONENT: f64 = 1.0;
/// Nobody thinks or pauses longer than this (99 % of page views take under 5
/// minutes, and sessions are cut at 60: a Moodle log study, 2015).
const LONGEST: Duration = Duration::from_secs(3_600);

/// What fills an action's placeholders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draw {
    /// Id of a report.
    pub report: Option<u64>,
    /// Id of an answer to grade.
    pub answer: Option<u64>,
    /// 0 to 100.
    pub score: u32,
    /// A text that no other write has.
    pub mark: String,
    /// Which of the action's alternatives.
    pub filter: usize,
}

/// The next request of a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Pause before it, on the scenario clock.
    pub wait: Duration,
    /// Who.
    pub person: u32,
    /// Index of the action.
    pub action: u16,
    /// With what.
    pub draw: Draw,
}

/// One place at work.
#[derive(Debug)]
pub struct Journey {
    plan: Arc<Plan>,
    role: usize,
    place: u32,
    people: Vec<u32>,
    rng: ChaCha8Rng,
    person: u32,
    pages_left: u64,
    think_left: Duration,
    dashboard: Option<Draw>,
    marks: u64,
}

impl Journey {
    /// A place of a role; `people` are those who take it, never empty.
    pub fn new(plan: Arc<Plan>, role: usize, place: u32, people: Vec<u32>) -> Self {
        assert!(!people.is_empty(), "a place needs at least one person");
        let stream = (u64::try_from(role).unwrap_or(u64::MAX) << 32) | u64::from(place);
        let mut rng = ChaCha8Rng::seed_from_u64(plan.seed);
        rng.set_stream(stream + 1);
        let mut journey = Self {
            role,
            place,
            person: people[0],
            people,
            rng,
            pages_left: 0,
            think_left: Duration::ZERO,
            dashboard: None,
            marks: 0,
            plan,
        };
        journey.arrive();
        // People are found in the middle of what they do, not all at its beginning.
        let share: f64 = journey.rng.random();
        journey.think_left = journey.think().mul_f64(share);
        journey
    }

    fn behaviour(&self) -> &RolePlan {
        &self.plan.roles[self.role]
    }

    /// The next request.
    pub fn next(&mut self, cast: &Cast) -> Step {
        let mut wait = Duration::ZERO;
        if let (Some(dashboard), Some(draw)) = (&self.behaviour().dashboard, &self.dashboard)
            && dashboard.every < self.think_left
        {
            let step = Step {
                wait: dashboard.every,
                person: self.person,
                action: dashboard.action,
                draw: draw.clone(),
            };
            self.think_left -= dashboard.every;
            return step;
        }
        wait += self.think_left;
        if self.pages_left == 0 {
            wait += self.pause();
            if self.people.len() > 1 && !self.rng.random_bool(self.behaviour().returns) {
                let others: Vec<u32> =
                    self.people.iter().copied().filter(|person| *person != self.person).collect();
                self.person = others[self.rng.random_range(0..others.len())];
            }
            self.arrive();
        }
        self.pages_left -= 1;
        let opened = self.dashboard.is_none();
        let action = match (&self.behaviour().dashboard, opened) {
            // The first page of a visit is the one that stays open.
            (Some(dashboard), true) => dashboard.action,
            _ => self.choose_action(cast),
        };
        let draw = self.draw(action, cast);
        if self.behaviour().dashboard.is_some() && opened {
            self.dashboard = Some(draw.clone());
        }
        self.think_left = self.think();
        Step { wait, person: self.person, action, draw }
    }

    fn arrive(&mut self) {
        // Geometric counts failures before the first success: pages = 1 + failures,
        // whose mean is 1/p.
        let p = 1.0 / self.behaviour().pages.max(1.0);
        let more = Geometric::new(p).map_or(0, |pages| pages.sample(&mut self.rng));
        self.pages_left = 1 + more.min(10_000);
        self.dashboard = None;
    }

    fn think(&mut self) -> Duration {
        let (mean, shape) = (self.behaviour().think.as_secs_f64(), self.behaviour().think_shape);
        // The mean of a Weibull is scale · Γ(1 + 1/shape).
        let scale = mean / statrs::function::gamma::gamma(1.0 + 1.0 / shape);
        let seconds = Weibull::new(scale, shape).map_or(mean, |think| think.sample(&mut self.rng));
        Duration::from_secs_f64(seconds.clamp(0.0, LONGEST.as_secs_f64()))
    }

    fn pause(&mut self) -> Duration {
        let unit: f64 = Exp1.sample(&mut self.rng);
        self.behaviour().gap.mul_f64(unit).min(LONGEST)
    }

    fn choose_action(&mut self, cast: &Cast) -> u16 {
        let person = cast.person(self.person);
        let possible = |action: u16| {
            let action = &self.plan.actions[usize::from(action)];
            (!action.uses(Placeholder::Report) || !person.reports.is_empty())
                && (!action.uses(Placeholder::Answer) || !person.answers.is_empty())
        };
        let weights: Vec<(u16, f64)> =
            self.behaviour().actions.iter().copied().filter(|(action, _)| possible(*action)).collect();
        let total: f64 = weights.iter().map(|(_, weight)| weight).sum();
        let mut point = self.rng.random::<f64>() * total;
        for (action, weight) in &weights {
            point -= weight;
            if point < 0.0 {
                return *action;
            }
        }
        weights.last().map_or(self.behaviour().actions[0].0, |(action, _)| *action)
    }

    /// Fills the placeholders of an action for the person at this place.
    fn draw(&mut self, action: u16, cast: &Cast) -> Draw {
        let plan = Arc::clone(&self.plan);
        let action = &plan.actions[usize::from(action)];
        let person = cast.person(self.person);
        let favourites = self.behaviour().favourites;
        let report = if action.uses(Placeholder::Report) {
            pick(&mut self.rng, &person.reports, favourites)
        } else {
            None
        };
        let answer =
            if action.uses(Placeholder::Answer) { pick(&mut self.rng, &person.answers, 0.0) } else { None };
        let score = if action.uses(Placeholder::Score) { self.rng.random_range(0..=100) } else { 0 };
        let mark = if action.uses(Placeholder::Mark) {
            self.marks += 1;
            format!("cacheproof mark {}-{}-{}-{}", self.plan.seed, self.role, self.place, self.marks)
        } else {
            String::new()
        };
        let filter = rank(&mut self.rng, action.filters.len(), FILTER_EXPONENT);
        Draw { report, answer, score, mark, filter }
    }
}

/// One of the items, the earlier the likelier.
pub(super) fn pick(rng: &mut impl rand::Rng, items: &[u64], exponent: f64) -> Option<u64> {
    if items.is_empty() { None } else { items.get(rank(rng, items.len(), exponent)).copied() }
}

/// A Zipf rank from 0.
pub(super) fn rank(rng: &mut impl rand::Rng, n: usize, exponent: f64) -> usize {
    if n <= 1 {
        return 0;
    }
    let drawn: f64 = Zipf::new(n as f64, exponent).map_or(1.0, |zipf| zipf.sample(rng));
    (drawn as usize).clamp(1, n) - 1
}

#[cfg(test)]
mod tests;
