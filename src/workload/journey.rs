//! What a place at work asks next.
//!
//! A place is taken by one person at a time. A visit has a geometric number of
//! pages, or lasts for a while, with think times between pages (Yeung & Szeto, ICPP-W
//! 1999), then a pause, then the next visit by the same person or another. A dashboard
//! left open asks again by itself while its owner thinks. Nothing here reads a clock:
//! waits are counted from the end of the last response, as people count.

use super::draw::{self, rank};
use super::{Draw, Population};
use crate::plan::{Mood, Plan, RolePlan, ThinkPlan, Visit};
use crate::scenario::{Distribution, Value};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, Exp1, Geometric, StandardNormal, Weibull};
use std::sync::Arc;
use std::time::Duration;

/// Nobody thinks longer than this over a page (99 % of page views take under 5 minutes, and
/// sessions are cut at 60: a Moodle log study, 2015).
const LONGEST: Duration = Duration::from_secs(3_600);
/// A visit or a burst has so many pages at most.
const MOST: u64 = 10_000;

/// What is around a place: who there is, what kind of hour it is, what people remember.
pub struct Around<'a> {
    /// Who there is.
    pub population: &'a Population,
    /// What kind of hour it is.
    pub mood: &'a Mood,
    /// Whether a person has captured this from an earlier answer.
    pub knows: &'a dyn Fn(u32, u16) -> bool,
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
    visit: Left,
    burst: u64,
    /// The page that comes next, once it is decided.
    pending: Option<Pending>,
    dashboard: Option<Open>,
    /// The last read of this visit.
    last: Option<(u16, Draw)>,
    marks: u64,
    serials: u64,
    fresh: bool,
}

/// What is left of a visit.
#[derive(Clone, Copy, Debug)]
enum Left {
    Pages(u64),
    Time(Duration),
}

/// A page that somebody will ask for.
#[derive(Debug)]
struct Pending {
    think: Duration,
    /// After the think time nobody is there for so long.
    gap: Duration,
    /// Whether it is the first page of a visit.
    opens: bool,
    action: u16,
    draw: Draw,
}

/// A page left open, until its reader's visit is over.
#[derive(Debug)]
struct Open {
    person: u32,
    action: u16,
    draw: Draw,
    refresh_in: Duration,
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
            visit: Left::Pages(0),
            burst: 0,
            pending: None,
            dashboard: None,
            last: None,
            marks: 0,
            serials: 0,
            fresh: true,
            plan,
        };
        journey.arrive();
        journey
    }

    fn behaviour(&self) -> &RolePlan {
        &self.plan.roles[self.role]
    }

    /// The next request.
    pub fn next(&mut self, around: &Around<'_>) -> Step {
        let pending = match self.pending.take() {
            Some(pending) => pending,
            None => self.decide(around),
        };
        if let Some(open) = &mut self.dashboard {
            if open.refresh_in < pending.think {
                let wait = open.refresh_in;
                let every = self.plan.roles[self.role].dashboard.as_ref().map_or(LONGEST, |dash| dash.every);
                open.refresh_in = every;
                let step = Step { wait, person: open.person, action: open.action, draw: open.draw.clone() };
                self.pending = Some(Pending { think: pending.think - wait, ..pending });
                return step;
            }
            open.refresh_in -= pending.think;
        }
        let Pending { think, gap, opens, action, draw } = pending;
        if opens {
            self.begin(action, &draw);
        }
        if self.plan.action(action).read && draw.repeats() {
            self.last = Some((action, draw.clone()));
        }
        Step { wait: think + gap, person: self.person, action, draw }
    }

    /// Decides the next page, and how long its reader takes to come to it.
    fn decide(&mut self, around: &Around<'_>) -> Pending {
        let pace = around.mood.pace;
        if self.burst > 0 {
            self.burst -= 1;
            let burst = self.behaviour().burst.clone().expect("only a burst counts");
            let unit: f64 = Exp1.sample(&mut self.rng);
            let think = burst.think.mul_f64(unit / pace);
            // What was begun is brought to its end, but it takes time as pages do.
            if let Left::Time(left) = &mut self.visit {
                *left = left.saturating_sub(think);
            }
            let draw = self.draw(burst.action, around);
            return Pending { think, gap: Duration::ZERO, opens: false, action: burst.action, draw };
        }
        let fresh = std::mem::take(&mut self.fresh);
        let mut think = self.think().div_f64(pace).min(LONGEST);
        if fresh {
            // People are found in the middle of what they do, not all at its beginning.
            let share: f64 = self.rng.random();
            think = think.mul_f64(share);
        }
        let over = match &mut self.visit {
            Left::Pages(pages) => {
                let over = *pages == 0;
                *pages = pages.saturating_sub(1);
                over
            }
            Left::Time(left) if think < *left => {
                *left -= think;
                false
            }
            Left::Time(left) => {
                // They leave in the middle of a thought.
                think = *left;
                true
            }
        };
        if over {
            return self.leave(think, around);
        }
        if fresh {
            return self.open(think, Duration::ZERO, around);
        }
        let action = match self.begin_burst(around) {
            Some(action) => action,
            None => {
                let again = self.behaviour().again;
                if again > 0.0
                    && self.rng.random_bool(again)
                    && let Some((action, draw)) = self.last.clone()
                {
                    return Pending { think, gap: Duration::ZERO, opens: false, action, draw };
                }
                self.choose(around)
            }
        };
        let draw = self.draw(action, around);
        Pending { think, gap: Duration::ZERO, opens: false, action, draw }
    }

    /// The first page of a visit.
    fn open(&mut self, think: Duration, gap: Duration, around: &Around<'_>) -> Pending {
        let action = self.first(around);
        let draw = self.draw(action, around);
        Pending { think, gap, opens: true, action, draw }
    }

    /// The visit is over: a pause, and then somebody's next one.
    fn leave(&mut self, think: Duration, around: &Around<'_>) -> Pending {
        let unit: f64 = Exp1.sample(&mut self.rng);
        let gap = self.behaviour().gap.mul_f64(unit / around.mood.pace);
        let stays = self.rng.random_bool(self.behaviour().returns);
        let before = self.person;
        if self.people.len() > 1 && !stays {
            let others: Vec<u32> = self.people.iter().copied().filter(|person| *person != before).collect();
            self.person = others[self.rng.random_range(0..others.len())];
        }
        self.arrive();
        if let Left::Pages(pages) = &mut self.visit {
            *pages = pages.saturating_sub(1);
        }
        self.open(think, gap, around)
    }

    /// Which page that is: the one that stays open, where there is one.
    fn first(&mut self, around: &Around<'_>) -> u16 {
        let dashboard = self.behaviour().dashboard.as_ref().map(|dashboard| dashboard.action);
        match dashboard.filter(|action| self.is_able(around, *action)) {
            Some(action) => action,
            None => self.choose(around),
        }
    }

    /// The first page is there: it stays open where the role has a dashboard.
    fn begin(&mut self, action: u16, draw: &Draw) {
        let dashboard = self.behaviour().dashboard.as_ref();
        self.dashboard = dashboard.filter(|dashboard| dashboard.action == action).map(|dashboard| Open {
            person: self.person,
            action,
            draw: draw.clone(),
            refresh_in: dashboard.every,
        });
        self.last = None;
    }

    fn begin_burst(&mut self, around: &Around<'_>) -> Option<u16> {
        let burst = self.behaviour().burst.clone()?;
        let factor = around.mood.weights.get(usize::from(burst.action)).copied().unwrap_or(1.0);
        let chance = (burst.chance * factor).clamp(0.0, 1.0);
        if chance == 0.0 || !self.rng.random_bool(chance) || !self.is_able(around, burst.action) {
            return None;
        }
        self.burst = self.geometric(burst.size).saturating_sub(1);
        Some(burst.action)
    }

    fn arrive(&mut self) {
        self.visit = match self.behaviour().visit {
            Visit::Pages(mean) => Left::Pages(self.geometric(mean)),
            Visit::Length(mean) => {
                let unit: f64 = Exp1.sample(&mut self.rng);
                Left::Time(mean.mul_f64(unit))
            }
        };
        self.last = None;
    }

    /// A whole number from 1 with this mean. `Geometric` counts failures before the first
    /// success, whose mean is 1/p − 1.
    fn geometric(&mut self, mean: f64) -> u64 {
        let p = 1.0 / mean.max(1.0);
        1 + Geometric::new(p).map_or(0, |failures| failures.sample(&mut self.rng)).min(MOST)
    }

    fn think(&mut self) -> Duration {
        let ThinkPlan { distribution, mean, shape } = self.behaviour().think;
        let mean = mean.as_secs_f64();
        let seconds = match distribution {
            Distribution::Constant => mean,
            Distribution::Exponential => {
                let unit: f64 = Exp1.sample(&mut self.rng);
                mean * unit
            }
            Distribution::Weibull => {
                // The mean of a Weibull is scale · Γ(1 + 1/shape).
                let scale = mean / statrs::function::gamma::gamma(1.0 + 1.0 / shape);
                Weibull::new(scale, shape).map_or(mean, |think| think.sample(&mut self.rng))
            }
            Distribution::Lognormal => {
                // The mean of a lognormal is exp(μ + σ²/2).
                let normal: f64 = StandardNormal.sample(&mut self.rng);
                (mean.ln() - shape * shape / 2.0 + shape * normal).exp()
            }
        };
        Duration::from_secs_f64(seconds.clamp(0.0, LONGEST.as_secs_f64()))
    }

    /// Whether the person owns and remembers all that an action needs.
    fn is_able(&self, around: &Around<'_>, action: u16) -> bool {
        let captures = &self.plan.action(action).draws.captures;
        around.population.person(self.person).can(&self.plan, action)
            && captures.iter().all(|capture| (around.knows)(self.person, *capture))
    }

    fn choose(&mut self, around: &Around<'_>) -> u16 {
        let actions = self.behaviour().actions.iter().copied();
        let base: Vec<(u16, f64)> = actions.filter(|(action, _)| self.is_able(around, *action)).collect();
        let factor = |action: u16| around.mood.weights.get(usize::from(action)).copied().unwrap_or(1.0);
        let weighted: Vec<(u16, f64)> = base
            .iter()
            .map(|(action, weight)| (*action, weight * factor(*action)))
            .filter(|(_, weight)| *weight > 0.0)
            .collect();
        let total: f64 = weighted.iter().map(|(_, weight)| weight).sum();
        // An hour in which a role would do nothing is one in which it does as always.
        let (weights, total) = if total > 0.0 {
            (weighted, total)
        } else {
            let total = base.iter().map(|(_, weight)| weight).sum();
            (base, total)
        };
        let mut point = self.rng.random::<f64>() * total;
        for (action, weight) in &weights {
            point -= weight;
            if point < 0.0 {
                return *action;
            }
        }
        weights.last().map_or(self.behaviour().actions[0].0, |(action, _)| *action)
    }

    /// What one person might draw, outside any journey.
    pub fn sample(
        plan: &Plan,
        role: usize,
        population: &Population,
        person: u32,
        action: u16,
        rng: &mut impl rand::Rng,
    ) -> Draw {
        draw::apart(rng, plan, &plan.roles[role], population.person(person), plan.action(action))
    }

    /// Fills the placeholders of an action for the person at this place.
    fn draw(&mut self, action: u16, around: &Around<'_>) -> Draw {
        let plan = Arc::clone(&self.plan);
        let action = plan.action(action);
        let person = around.population.person(self.person);
        // What people write does not follow what they like to read.
        let favourites = if action.read { self.behaviour().favourites } else { 0.0 };
        let items = draw::items(&mut self.rng, &plan, person, &action.draws.stocks, favourites);
        let values = action.draws.values.iter().map(|value| (*value, self.value(*value))).collect();
        let mark = action.draws.mark.then(|| {
            self.marks += 1;
            format!("cacheproof mark {}-{}-{}-{}", plan.seed, self.role, self.place, self.marks)
        });
        let filters = self.behaviour().filters;
        let filter = rank(&mut self.rng, action.filters.len(), filters);
        Draw { items, values, mark, filter: u16::try_from(filter).unwrap_or(0) }
    }

    fn value(&mut self, value: u16) -> String {
        let plan = Arc::clone(&self.plan);
        // Each place counts in steps of all places, so that no two meet.
        let before: u64 = plan.roles[..self.role].iter().map(|role| u64::from(role.places)).sum();
        let all: u64 = plan.roles.iter().map(|role| u64::from(role.places)).sum();
        let serial = before + u64::from(self.place) + self.serials * all;
        if matches!(plan.values[usize::from(value)].kind, Value::Counter(_)) {
            self.serials += 1;
        }
        draw::value(&mut self.rng, &plan, value, serial)
    }
}

#[cfg(test)]
mod tests;
