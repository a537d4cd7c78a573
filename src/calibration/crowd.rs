//! People who read independently of each other, alike or not.

use super::world::{Read, World};
use crate::observe::Source;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, Exp1, StandardNormal};

/// Each person reads as a Poisson process of their own; each read hits with the person's own
/// probability, independently of all others.
#[derive(Clone, Debug)]
pub struct Crowd {
    /// Length of a run in seconds.
    pub seconds: f64,
    /// People.
    pub people: u32,
    /// Reads a second of the median person.
    pub rate: f64,
    /// Standard deviation of the logarithm of people's rates: 0.9 makes the busiest of forty
    /// read about seven times as much as the median.
    pub rate_spread: f64,
    /// Probability of a hit of the median person.
    pub hit: f64,
    /// Standard deviation of people's log-odds of a hit.
    pub hit_spread: f64,
    /// Log-odds of a hit that a person gains with each standard deviation of their rate: who
    /// reads more finds more.
    pub heavy_hit_more: f64,
    /// The same people in every run; drawn anew with each run where there is none.
    pub roster: Option<u64>,
}

impl Default for Crowd {
    fn default() -> Self {
        Self {
            seconds: 120.0,
            people: 40,
            rate: 0.6,
            rate_spread: 0.0,
            hit: 0.75,
            hit_spread: 0.0,
            heavy_hit_more: 0.0,
            roster: None,
        }
    }
}

impl Crowd {
    /// Rate and probability of a hit of each person.
    fn draw_people(&self, rng: &mut ChaCha8Rng) -> Vec<(f64, f64)> {
        let odds = (self.hit / (1.0 - self.hit)).ln();
        let person = |rng: &mut ChaCha8Rng| {
            let busy: f64 = StandardNormal.sample(rng);
            let lucky: f64 = StandardNormal.sample(rng);
            let odds = odds + self.hit_spread * lucky + self.heavy_hit_more * busy;
            (self.rate * (self.rate_spread * busy).exp(), 1.0 / (1.0 + (-odds).exp()))
        };
        (0..self.people).map(|_| person(rng)).collect()
    }

    fn people(&self, rng: &mut ChaCha8Rng) -> Vec<(f64, f64)> {
        match self.roster {
            Some(seed) => self.draw_people(&mut ChaCha8Rng::seed_from_u64(seed)),
            None => self.draw_people(rng),
        }
    }

    /// The long-run hit rate of a fixed roster, exact: people weigh as much as they read.
    #[must_use]
    pub fn of_the_roster(&self) -> Option<f64> {
        let people = self.draw_people(&mut ChaCha8Rng::seed_from_u64(self.roster?));
        let reads: f64 = people.iter().map(|(rate, _)| rate).sum();
        Some(people.iter().map(|(rate, hit)| rate * hit).sum::<f64>() / reads)
    }
}

impl World for Crowd {
    fn seconds(&self) -> f64 {
        self.seconds
    }

    fn replay(&self, rng: &mut ChaCha8Rng, see: &mut dyn FnMut(Read)) {
        for (person, (rate, hit)) in (0..).zip(self.people(rng)) {
            let mut at = 0.0;
            loop {
                let gap: f64 = Exp1.sample(rng);
                at += gap / rate;
                if at >= self.seconds {
                    break;
                }
                let (source, took_us) =
                    if rng.random_bool(hit) { (Source::Hit, 500) } else { (Source::Miss, 9_000) };
                see(Read { at, took_us, person, role: 0, source });
            }
        }
    }
}
