//! A server whose speed and luck drift from second to second.

use super::world::{Read, World};
use crate::observe::Source;
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, Exp1, StandardNormal};
use statrs::distribution::{ContinuousCDF as _, Normal};

/// Poisson reads by many people. The logarithm of a hit's latency is the second's level plus
/// a deviation of its own, both normal; levels and the log-odds of a hit follow AR(1).
#[derive(Clone, Debug)]
pub struct Drift {
    /// Length of a run in seconds.
    pub seconds: f64,
    /// People, who ask in turns.
    pub people: u32,
    /// Reads a second.
    pub rate: f64,
    /// Correlation of neighbouring seconds.
    pub phi: f64,
    /// Standard deviation of the second's level.
    pub level: f64,
    /// Standard deviation of a read's own deviation.
    pub within: f64,
    /// Probability of a hit in the median second.
    pub hit: f64,
    /// Standard deviation of the second's log-odds of a hit.
    pub hit_level: f64,
    /// Median latency of hits, microseconds.
    pub median_us: f64,
}

impl Default for Drift {
    fn default() -> Self {
        Self {
            seconds: 120.0,
            people: 40,
            rate: 25.0,
            phi: 0.8,
            level: 0.25,
            within: 0.5,
            hit: 0.8,
            hit_level: 0.0,
            median_us: 5_000.0,
        }
    }
}

impl Drift {
    /// The q-quantile of the latency of hits in the long run, microseconds, exact: a sum of
    /// two independent normal deviations is normal.
    #[must_use]
    pub fn quantile_us(&self, q: f64) -> f64 {
        let z = Normal::standard().inverse_cdf(q);
        self.median_us * (z * self.level.hypot(self.within)).exp()
    }

    /// The mean latency of hits in the long run, microseconds, exact.
    #[must_use]
    pub fn mean_us(&self) -> f64 {
        self.median_us * ((self.level.powi(2) + self.within.powi(2)) / 2.0).exp()
    }
}

impl World for Drift {
    fn seconds(&self) -> f64 {
        self.seconds
    }

    fn replay(&self, rng: &mut ChaCha8Rng, see: &mut dyn FnMut(Read)) {
        let odds = (self.hit / (1.0 - self.hit)).ln();
        let normal = |rng: &mut ChaCha8Rng| -> f64 { StandardNormal.sample(rng) };
        // Begun in its long-run distribution, so that no second is special.
        let (mut speed, mut luck) = (normal(rng), normal(rng));
        let fresh = (1.0 - self.phi * self.phi).sqrt();
        let mut until = 1.0;
        let mut at = 0.0;
        loop {
            let gap: f64 = Exp1.sample(rng);
            at += gap / self.rate;
            if at >= self.seconds {
                return;
            }
            while at >= until {
                speed = self.phi * speed + fresh * normal(rng);
                luck = self.phi * luck + fresh * normal(rng);
                until += 1.0;
            }
            let factor = (self.level * speed + self.within * normal(rng)).exp();
            let hit = 1.0 / (1.0 + (-odds - self.hit_level * luck).exp());
            let (source, scale) =
                if rng.random_bool(hit) { (Source::Hit, 1.0) } else { (Source::Miss, 10.0) };
            let took_us = (scale * self.median_us * factor).round() as u64;
            see(Read { at, took_us, person: rng.random_range(0..self.people), role: 0, source });
        }
    }
}
