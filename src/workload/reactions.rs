//! What people do when somebody else writes something that they must see: a parent looks
//! within minutes of a grade.
//!
//! Who looks, when and at what is decided by the seed and the write alone. Their place in
//! the order of a person's requests depends on when the write happened: a person's own
//! steps keep their order, and reactions come between them.

use super::{Draw, Fill, NOTHING_NOTED, Population, draw};
use crate::plan::{ChangePlan, Plan};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, Exp1};
use std::hash::{Hash as _, Hasher as _};
use std::time::Duration;

/// So many people react to one write at most.
const CROWD: usize = 200;
/// Seconds between two pages of a reaction, on average: people who look for one thing are quick.
const BETWEEN: f64 = 5.0;

/// One page of somebody who reacts.
#[derive(Clone, Debug, PartialEq)]
pub struct Reaction {
    /// Who.
    pub person: u32,
    /// How long after the write was acknowledged, on the scenario clock.
    pub after: Duration,
    /// Index of the action.
    pub action: u16,
    /// With what.
    pub draw: Draw,
}

/// Who reacts to this write, and how.
pub fn reactions(
    plan: &Plan,
    population: &Population,
    writer: u32,
    action: u16,
    drawn: &Draw,
) -> Vec<Reaction> {
    let mut all: Vec<Reaction> = Vec::new();
    let mut reacted: Vec<u32> = vec![writer];
    let reacting = |role: u16| plan.role(role).reacts.as_ref().filter(|reacts| reacts.to == action);
    if !(0..plan.roles.len()).any(|role| reacting(role as u16).is_some()) {
        return all;
    }
    for change in &plan.action(action).changes {
        for person in population.audience(plan, change, writer, drawn) {
            let Some(reacts) = reacting(population.person(person).role) else { continue };
            if reacted.contains(&person) || reacted.len() > CROWD {
                continue;
            }
            reacted.push(person);
            let mut rng = ChaCha8Rng::seed_from_u64(seed(plan.seed, writer, person, drawn));
            if !rng.random_bool(reacts.chance) {
                continue;
            }
            let unit: f64 = Exp1.sample(&mut rng);
            let mut after = reacts.within.mul_f64(unit);
            for action in &reacts.with {
                if !population.person(person).can(plan, *action) {
                    continue;
                }
                let draw = look(&mut rng, plan, population, person, *action, (change, writer, drawn));
                all.push(Reaction { person, after, action: *action, draw });
                let unit: f64 = Exp1.sample(&mut rng);
                after += Duration::from_secs_f64(BETWEEN * unit);
            }
        }
    }
    all
}

/// The item that shows the change where the person has one, else one of their favourites.
fn look(
    rng: &mut ChaCha8Rng,
    plan: &Plan,
    population: &Population,
    reader: u32,
    action: u16,
    (change, writer, drawn): (&ChangePlan, u32, &Draw),
) -> Draw {
    let person = population.person(reader);
    let stocks = &plan.action(action).draws.stocks;
    let favourites = plan.role(person.role).favourites;
    let wrote = Fill::new(plan, population.person(writer), drawn, &NOTHING_NOTED);
    let mut draw =
        Draw { items: draw::items(rng, plan, person, stocks, favourites), ..Draw::default() };
    if let [stock] = stocks.as_slice() {
        let shows = (0..).zip(person.stock(*stock)).find(|(at, _)| {
            let candidate = Draw { items: vec![(*stock, *at)], ..Draw::default() };
            let reads = Fill::new(plan, person, &candidate, &NOTHING_NOTED);
            Population::fits(&reads, &change.conditions, &wrote)
        });
        if let Some((at, _)) = shows {
            draw.items = vec![(*stock, at)];
        }
    }
    draw
}

fn seed(seed: u64, writer: u32, reader: u32, drawn: &Draw) -> u64 {
    let mut hasher = xxhash_rust::xxh3::Xxh3::with_seed(seed);
    writer.hash(&mut hasher);
    reader.hash(&mut hasher);
    drawn.hash(&mut hasher);
    hasher.finish()
}
