//! Several worlds in one run, a role each.

use super::world::{Read, World};
use crate::evidence::PairRecord;
use crate::scenario::Kind;
use rand_chacha::ChaCha8Rng;

/// Worlds side by side: the first is role `r0`, the next `r1`, and so on. People of different
/// worlds are different people.
pub struct Composed(pub Vec<Box<dyn World>>);

/// People of one world at most.
const PEOPLE: u32 = 10_000;

impl World for Composed {
    fn seconds(&self) -> f64 {
        self.0.iter().map(|world| world.seconds()).fold(0.0, f64::max)
    }

    fn replay(&self, rng: &mut ChaCha8Rng, see: &mut dyn FnMut(Read)) {
        for (role, world) in (0..).zip(&self.0) {
            let first = u32::from(role) * PEOPLE;
            world.replay(rng, &mut |read| see(Read { role, person: first + read.person, ..read }));
        }
    }

    fn pairs(&self, rng: &mut ChaCha8Rng) -> Vec<PairRecord> {
        let mut all = Vec::new();
        for (role, world) in (0..).zip(&self.0) {
            let first = u32::from(role) * PEOPLE;
            let pairs = world.pairs(rng).into_iter();
            all.extend(pairs.map(|pair| PairRecord { role, person: first + pair.person, ..pair }));
        }
        all
    }

    fn kind(&self) -> Kind {
        self.0.first().map_or(Kind::Steady, |world| world.kind())
    }

    fn roles(&self) -> Vec<String> {
        (0..self.0.len()).map(|role| format!("r{role}")).collect()
    }
}
