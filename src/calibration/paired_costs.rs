//! Pairs whose cost varies by person, by action and by chance.

use super::world::{Read, World};
use crate::evidence::PairRecord;
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

/// Uncached milliseconds of the actions, in proportion: a list, a report, an export.
const COSTS: [f64; 3] = [1.0, 2.0, 5.0];

/// Some people, drawn anew with each run, each with some pairs. A person's reports are heavy
/// or light for the uncached arm, and a little so for the cached one.
#[derive(Clone, Debug)]
pub struct PairedCosts {
    /// People.
    pub people: u32,
    /// Pairs of a person: from a quarter of these to all.
    pub most_pairs: u32,
    /// Standard deviation of the logarithm of what a person's reports cost uncached.
    pub person: f64,
    /// Standard deviation of the logarithm of one request's own deviation, of either arm.
    pub within: f64,
    /// Mean uncached over mean cached time, in the long run.
    pub speedup: f64,
}

impl Default for PairedCosts {
    fn default() -> Self {
        Self { people: 25, most_pairs: 16, person: 0.35, within: 0.35, speedup: 10.0 }
    }
}

/// How much of a person's weight the cached arm feels.
const CACHED_FEELS: f64 = 0.3;
/// Mean of the cached arm, microseconds.
const CACHED_US: f64 = 2_000.0;

impl PairedCosts {
    /// A lognormal factor of mean 1.
    fn factor(deviation: f64, z: f64) -> f64 {
        (deviation * z - deviation * deviation / 2.0).exp()
    }
}

impl World for PairedCosts {
    fn seconds(&self) -> f64 {
        60.0
    }

    fn replay(&self, _rng: &mut ChaCha8Rng, _see: &mut dyn FnMut(Read)) {}

    fn pairs(&self, rng: &mut ChaCha8Rng) -> Vec<PairRecord> {
        let normal = |rng: &mut ChaCha8Rng| -> f64 { StandardNormal.sample(rng) };
        let mean_cost = COSTS.iter().sum::<f64>() / COSTS.len() as f64;
        let mut pairs = Vec::new();
        for person in 0..self.people {
            let weight = normal(rng);
            for _ in 0..rng.random_range(self.most_pairs.div_ceil(4)..=self.most_pairs) {
                let cost = COSTS[rng.random_range(0..COSTS.len())] / mean_cost;
                let uncached =
                    cost * Self::factor(self.person, weight) * Self::factor(self.within, normal(rng));
                let cached =
                    Self::factor(CACHED_FEELS * self.person, weight) * Self::factor(self.within, normal(rng));
                pairs.push(PairRecord {
                    role: 0,
                    action: 0,
                    person,
                    cached_us: (CACHED_US * cached).round().max(1.0) as u64,
                    uncached_us: (self.speedup * CACHED_US * uncached).round().max(1.0) as u64,
                    cached_first: rng.random(),
                    queries: None,
                    equal: true,
                    cluster: Some(person),
                });
            }
        }
        pairs
    }
}
