//! Classes that open their reports together, in front of a cache that a write empties.

use super::world::{Read, World};
use crate::observe::Source;
use crate::scenario::Kind;
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, Exp1, StandardNormal};

/// Whom a cell's cluster stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clusters {
    /// The person, as by default.
    People,
    /// The class, as a scenario may declare.
    Classes,
}

/// Each class opens its reports together, at moments of a Poisson process; each pupil then
/// reads some pages. Entries are personal: the first read of a report by a pupil misses and
/// the next ones hit, until the entry's lifetime is over or the class's teacher writes, which
/// sends the entries of the whole class cold at once: the next opening is a cascade of misses.
#[derive(Clone, Debug)]
pub struct Classes {
    /// Length of a run in seconds.
    pub seconds: f64,
    /// Classes.
    pub classes: u32,
    /// Pupils of each.
    pub pupils: u32,
    /// Reports of each pupil.
    pub reports: u32,
    /// Mean seconds between two openings of a class.
    pub opens_every: f64,
    /// Mean seconds between two pages of a pupil within an opening, and until the first.
    pub pause: f64,
    /// Pages that a pupil reads in an opening.
    pub pages: u32,
    /// Mean seconds between two writes to a class.
    pub writes_every: f64,
    /// Lifetime of an entry in seconds.
    pub lifetime: f64,
    /// Standard deviation of the logarithm of how often classes are written to, drawn anew
    /// with each run.
    pub differ: f64,
    /// Whom clusters stand for.
    pub clusters: Clusters,
    /// A day: openings become more and fewer over the run (a half-wave), and it begins with
    /// an empty cache. Otherwise the run begins with the cache as it keeps it.
    pub day: bool,
}

impl Default for Classes {
    fn default() -> Self {
        Self {
            seconds: 120.0,
            classes: 12,
            pupils: 20,
            reports: 2,
            opens_every: 30.0,
            pause: 0.5,
            pages: 4,
            writes_every: 90.0,
            lifetime: 300.0,
            differ: 0.0,
            clusters: Clusters::People,
            day: false,
        }
    }
}

impl Classes {
    /// Seconds before the run after which nothing remembers how it began.
    fn before(&self) -> f64 {
        if self.day { 0.0 } else { 3.0 * (self.writes_every.min(self.lifetime) + self.opens_every) }
    }

    /// Moments of a Poisson process from before the run to its end.
    fn moments(&self, every: f64, rng: &mut ChaCha8Rng) -> Vec<f64> {
        let mut at = -self.before();
        let mut moments = Vec::new();
        loop {
            let gap: f64 = Exp1.sample(rng);
            at += gap * every;
            if at >= self.seconds {
                return moments;
            }
            moments.push(at);
        }
    }

    fn class(&self, class: u32, rng: &mut ChaCha8Rng, see: &mut dyn FnMut(Read)) {
        let often: f64 = StandardNormal.sample(rng);
        let writes = self.moments(self.writes_every * (-self.differ * often).exp(), rng);
        let mut openings = self.moments(self.opens_every, rng);
        if self.day {
            let busy = |at: f64| (std::f64::consts::PI * at / self.seconds).sin();
            openings.retain(|at| rng.random_bool(busy(*at).clamp(0.0, 1.0)));
        }
        for pupil in 0..self.pupils {
            let mut reads: Vec<(f64, usize)> = Vec::new();
            for opening in &openings {
                let mut at = *opening;
                for _ in 0..self.pages {
                    let pause: f64 = Exp1.sample(rng);
                    at += self.pause * pause;
                    reads.push((at, rng.random_range(0..self.reports) as usize));
                }
            }
            reads.sort_by(|a, b| a.0.total_cmp(&b.0));
            let mut filled = vec![f64::NEG_INFINITY; self.reports as usize];
            for (at, report) in reads {
                let written = writes.partition_point(|write| *write <= at);
                let written = written.checked_sub(1).map_or(f64::NEG_INFINITY, |last| writes[last]);
                let fill = &mut filled[report];
                let fresh = fill.is_finite() && *fill > written && at - *fill < self.lifetime;
                let (source, took_us) = if fresh { (Source::Hit, 500) } else { (Source::Miss, 9_000) };
                if !fresh {
                    *fill = at;
                }
                let person = match self.clusters {
                    Clusters::People => class * self.pupils + pupil,
                    Clusters::Classes => class,
                };
                if at >= 0.0 {
                    see(Read { at, took_us, person, role: 0, source });
                }
            }
        }
    }
}

impl World for Classes {
    fn seconds(&self) -> f64 {
        self.seconds
    }

    fn replay(&self, rng: &mut ChaCha8Rng, see: &mut dyn FnMut(Read)) {
        for class in 0..self.classes {
            self.class(class, rng, see);
        }
    }

    fn kind(&self) -> Kind {
        if self.day { Kind::Day } else { Kind::Steady }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibration::truth;

    #[test]
    fn the_replay_agrees_with_the_closed_form_of_lone_readers() {
        // Poisson reads l, writes m, lifetime T: L = l·(1 − e^(−mT))/m hits for each miss.
        let lone = Classes {
            classes: 60,
            pupils: 1,
            reports: 1,
            pages: 1,
            pause: 0.0,
            opens_every: 10.0,
            writes_every: 50.0,
            lifetime: 40.0,
            ..Classes::default()
        };
        let (l, m, t) = (1.0 / lone.opens_every, 1.0 / lone.writes_every, lone.lifetime);
        let hits = l * (1.0 - (-m * t).exp()) / m;
        let expected = hits / (1.0 + hits);
        let seen = truth::pooled_hit_rate(&lone, 2_000);
        assert!((seen.value - expected).abs() < 4.0 * seen.error, "{seen:?}, not {expected}");
        assert!(seen.error < 0.001, "{seen:?} is too rough to tell");
    }
}
