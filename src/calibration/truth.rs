//! What is true of a world in the long run, where no formula tells.

use super::each_seed;
use super::world::World;
use crate::observe::Source;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

/// A value with its own standard error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Truth {
    /// The value, in the unit's base.
    pub value: f64,
    /// Its standard error; 0 where a formula tells.
    pub error: f64,
}

impl Truth {
    /// By a formula.
    #[must_use]
    pub fn exact(value: f64) -> Self {
        Self { value, error: 0.0 }
    }
}

/// Seeds of runs that tell the truth; those that are judged count from 0.
const FIRST_SEED: u64 = 1 << 32;

/// The hit rate of a world over so many runs that are not judged, their hits and reads
/// pooled. The standard error is that of a ratio over independent runs (Cochran, "Sampling
/// Techniques", 3rd ed., §2.11): with as many runs as are judged it is already negligible
/// beside the width of one run's interval.
#[must_use]
pub fn pooled_hit_rate(world: &dyn World, runs: u64) -> Truth {
    let counts = each_seed(FIRST_SEED, runs, |seed| {
        let (mut hits, mut reads) = (0_u64, 0_u64);
        world.replay(&mut ChaCha8Rng::seed_from_u64(seed), &mut |read| {
            if (0.0..world.seconds()).contains(&read.at) {
                hits += u64::from(read.source == Source::Hit);
                reads += 1;
            }
        });
        (hits as f64, reads as f64)
    });
    let (hits, reads) = counts.iter().fold((0.0, 0.0), |sum, run| (sum.0 + run.0, sum.1 + run.1));
    let value = hits / reads;
    let squares: f64 = counts.iter().map(|(hits, reads)| (hits - value * reads).powi(2)).sum();
    Truth { value, error: squares.sqrt() / reads }
}
