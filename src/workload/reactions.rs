//! What people do when somebody else writes something that they must see: a parent looks
//! within minutes of a grade.
//!
//! Who looks, when and at what is decided by the seed and the write alone. Their place in
//! the order of a person's requests depends on when the write happened: a person's own
//! steps keep their order, and reactions come between them.

use super::{Draw, Fill, NOTHING_NOTED, Population, draw};
use crate::plan::{Condition, Plan};
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
    let changes = &plan.action(action).changes;
    let audiences: Vec<Vec<u32>> =
        changes.iter().map(|change| population.audience(plan, change, writer, drawn)).collect();
    for audience in &audiences {
        for person in audience.iter().copied() {
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
                // What this read shows them of it, where it shows them any of it.
                let shown = changes.iter().zip(&audiences).find(|(change, audience)| {
                    change.actions.contains(action) && audience.binary_search(&person).is_ok()
                });
                let conditions = shown.map_or(&[][..], |(change, _)| &change.conditions);
                let draw = look(&mut rng, plan, population, person, *action, (conditions, writer, drawn));
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
    (conditions, writer, drawn): (&[Condition], u32, &Draw),
) -> Draw {
    let person = population.person(reader);
    let action = plan.action(action);
    let wrote = Fill::new(plan, population.person(writer), drawn, &NOTHING_NOTED);
    let mut draw = draw::apart(rng, plan, plan.role(person.role), person, action);
    let shows =
        |draw: &Draw| Population::fits(&Fill::new(plan, person, draw, &NOTHING_NOTED), conditions, &wrote);
    // From the last stock, whose items may belong to those of the others.
    for stock in action.draws.stocks.iter().rev() {
        if shows(&draw) {
            break;
        }
        let items = 0..u32::try_from(person.stock(*stock).len()).unwrap_or(u32::MAX);
        let mut candidates = items.map(|at| {
            let mut candidate = draw.clone();
            draw::agree(plan, person, &mut candidate.items, *stock, at);
            candidate
        });
        if let Some(found) = candidates.find(&shows) {
            draw = found;
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

#[cfg(test)]
mod tests;
