//! Numbers of places and their dice, the same wherever a plan is carried out: on the wall
//! ([`crate::attack`]) or in virtual time ([`crate::simulate`]).

use crate::plan::{PhasePlan, Plan};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

/// After a break, places go on with numbers from here, times the phase: what they did
/// before is not done once more, with the same marks and counters.
const APART: u32 = 1 << 20;

/// The first number of places that begin anew in this phase. Counters step by the number
/// of all places: a multiple of it keeps them apart.
pub fn first_number(plan: &Plan, phase: u16) -> u32 {
    let all = plan.roles.iter().map(|role| role.places).sum::<u32>().max(1);
    APART.saturating_mul(u32::from(phase) + 1) / all * all
}

/// The number of a place's journey, where its people begin to work in this phase.
pub fn journey_number(plan: &Plan, phase: u16, place: usize) -> u32 {
    let place = u32::try_from(place).unwrap_or(u32::MAX);
    let before = plan.phases.iter().take(usize::from(phase));
    if before.filter_map(PhasePlan::mood).next().is_none() {
        return place;
    }
    first_number(plan, phase).saturating_add(place)
}

/// How long after a bell, or after a rest, a place's person comes: apart from the journey's
/// numbers, which must not depend on what kinds of phase there are.
pub fn bell_dice(plan: &Plan, role: usize, place: usize) -> ChaCha8Rng {
    let mut dice = ChaCha8Rng::seed_from_u64(plan.seed ^ 0xBE11);
    dice.set_stream(((role as u64) << 32) | place as u64);
    dice
}
