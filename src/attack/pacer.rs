//! When requests arrive by the clock: the intended moments of a phase, pure.
//!
//! A rate over time has an integral, how many have arrived until a moment; the k-th arrival
//! is where the integral reaches k. Steady, ramp and sine have it in closed form (the pacers
//! of vegeta, <https://github.com/tsenart/vegeta>, work alike). For a Poisson process k is
//! replaced by a sum of exponential gaps of mean 1.

use crate::plan::ArrivalsPlan;
use crate::scenario::Shape;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, Exp1};
use std::f64::consts::TAU;
use std::time::Duration;

/// Halvings that bring a moment of a sine to below a nanosecond in a week.
const HALVINGS: u32 = 60;

/// Seconds by which a computed moment may be too early: one at the very end is none of ours.
const ROUNDING: f64 = 1e-9;

/// The intended moments, as offsets from the beginning, until the length is over.
#[derive(Clone, Debug)]
pub(super) struct Pacer {
    curve: Curve,
    length: f64,
    /// What the integral has reached.
    level: f64,
    /// Draws the gaps, where they are random.
    rng: Option<ChaCha8Rng>,
}

impl Pacer {
    /// Arrivals as planned, for so long.
    pub(super) fn new(plan: &ArrivalsPlan, length: Duration, seed: u64) -> Self {
        let seconds = length.as_secs_f64();
        let curve = match plan.shape {
            Shape::Constant | Shape::Poisson => Curve::Steady { rate: plan.rate },
            Shape::Ramp => Curve::Ramp { from: plan.rate, slope: (plan.to - plan.rate) / seconds },
            Shape::Sine => Curve::Sine {
                mean: f64::midpoint(plan.rate, plan.to),
                amplitude: (plan.to - plan.rate) / 2.0,
                period: plan.period.as_secs_f64(),
            },
        };
        let random = plan.shape == Shape::Poisson;
        let mut pacer = Self { curve, length: seconds, level: 0.0, rng: None };
        if random {
            pacer.rng = Some(ChaCha8Rng::seed_from_u64(seed));
            pacer.advance();
        }
        pacer
    }

    /// One step of a breakpoint: its rate all along, evenly spaced unless the plan's are random.
    pub(super) fn step(plan: &ArrivalsPlan, rate: f64, length: Duration, seed: u64) -> Self {
        let shape = match plan.shape {
            Shape::Constant | Shape::Ramp | Shape::Sine => Shape::Constant,
            Shape::Poisson => Shape::Poisson,
        };
        Self::new(&ArrivalsPlan { rate, shape, ..plan.clone() }, length, seed)
    }

    fn advance(&mut self) {
        self.level += match &mut self.rng {
            Some(rng) => {
                let gap: f64 = Exp1.sample(rng);
                gap
            }
            None => 1.0,
        };
    }
}

impl Iterator for Pacer {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let at = self.curve.reaches(self.level).filter(|at| *at < self.length - ROUNDING)?;
        self.advance();
        Some(Duration::from_secs_f64(at))
    }
}

/// A rate over time: requests a second, seconds since the beginning.
#[derive(Clone, Copy, Debug)]
enum Curve {
    Steady {
        rate: f64,
    },
    Ramp {
        from: f64,
        slope: f64,
    },
    /// From its trough to its crest and back in a period.
    Sine {
        mean: f64,
        amplitude: f64,
        period: f64,
    },
}

impl Curve {
    /// How many have arrived until then.
    fn integral(self, t: f64) -> f64 {
        match self {
            Self::Steady { rate } => rate * t,
            Self::Ramp { from, slope } => from * t + slope * t * t / 2.0,
            Self::Sine { mean, amplitude, period } => {
                mean * t - amplitude * period / TAU * (TAU * t / period).sin()
            }
        }
    }

    /// When that many have arrived; never, where the rate falls to nothing before.
    fn reaches(self, level: f64) -> Option<f64> {
        match self {
            Self::Steady { rate } => Some(level / rate),
            Self::Ramp { from, slope } => {
                // The root of the integral, in the form that a small slope does not upset.
                let root = from * from + 2.0 * slope * level;
                (root >= 0.0).then(|| 2.0 * level / (from + root.sqrt()))
            }
            Self::Sine { mean, amplitude, period } => {
                // No closed form, but the integral only rises and keeps close to its mean.
                let apart = (amplitude * period / TAU).abs();
                let (mut before, mut after) = (((level - apart) / mean).max(0.0), (level + apart) / mean);
                for _ in 0..HALVINGS {
                    let middle = f64::midpoint(before, after);
                    if self.integral(middle) < level {
                        before = middle;
                    } else {
                        after = middle;
                    }
                }
                Some(after)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(rate: f64, to: f64, shape: Shape) -> ArrivalsPlan {
        ArrivalsPlan { rate, shape, to, period: Duration::from_secs(20), pool: 1 }
    }

    fn until(all: &[Duration], seconds: f64) -> f64 {
        all.iter().filter(|at| at.as_secs_f64() < seconds).count() as f64
    }

    fn moments(plan: &ArrivalsPlan, seconds: u64, seed: u64) -> Vec<Duration> {
        Pacer::new(plan, Duration::from_secs(seconds), seed).collect()
    }

    #[test]
    fn arrivals_at_any_moment_are_the_integral_of_the_rate() {
        type Integral = fn(f64) -> f64;
        let cases: [(ArrivalsPlan, Integral); 4] = [
            (plan(50.0, 50.0, Shape::Constant), |t| 50.0 * t),
            (plan(10.0, 90.0, Shape::Ramp), |t| 10.0 * t + t * t),
            (plan(90.0, 10.0, Shape::Ramp), |t| 90.0 * t - t * t),
            (plan(20.0, 100.0, Shape::Sine), |t| 60.0 * t - 40.0 * 20.0 / TAU * (TAU * t / 20.0).sin()),
        ];
        for (plan, expected) in cases {
            let all = moments(&plan, 40, 1);
            assert!(all.is_sorted(), "{:?}", plan.shape);
            for t in [1.0, 7.3, 20.0, 33.3, 40.0] {
                let (seen, meant) = (until(&all, t), expected(t));
                assert!((seen - meant).abs() <= 1.0, "{:?} at {t} s: {seen}, not {meant}", plan.shape);
            }
        }
    }

    #[test]
    fn a_constant_rate_begins_at_once_and_is_evenly_spaced() {
        let all = moments(&plan(4.0, 4.0, Shape::Constant), 1, 1);
        assert_eq!(all, [0, 250, 500, 750].map(Duration::from_millis));
    }

    #[test]
    fn a_sine_is_slow_at_its_ends_and_fast_in_the_middle() {
        let all = moments(&plan(10.0, 90.0, Shape::Sine), 20, 1);
        let (first, middle) = (until(&all, 2.0), until(&all, 11.0) - until(&all, 9.0));
        assert!((18.0..30.0).contains(&first) && (170.0..181.0).contains(&middle), "{first} and {middle}");
    }

    #[test]
    fn whole_waves_have_no_arrival_more_than_their_integral() {
        assert_eq!(moments(&plan(50.0, 150.0, Shape::Sine), 20, 1).len(), 2_000);
        assert_eq!(moments(&plan(50.0, 150.0, Shape::Ramp), 20, 1).len(), 2_000);
    }

    #[test]
    fn a_ramp_that_falls_to_almost_nothing_ends() {
        let all = moments(&plan(100.0, 1e-9, Shape::Ramp), 10, 1);
        assert!((all.len() as f64 - 500.0).abs() <= 1.0, "{}", all.len());
    }

    #[test]
    fn poisson_gaps_are_exponential_and_the_seed_decides_them() {
        let plan = plan(100.0, 100.0, Shape::Poisson);
        let all = moments(&plan, 100, 7);
        assert_eq!(all, moments(&plan, 100, 7));
        assert_ne!(all, moments(&plan, 100, 8));
        // 10,000 expected with a standard deviation of 100.
        assert!((all.len() as f64 - 10_000.0).abs() < 500.0, "{}", all.len());
        let gaps: Vec<f64> = all.windows(2).map(|two| (two[1] - two[0]).as_secs_f64()).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
        // An exponential's standard deviation is its mean.
        assert!((variance.sqrt() / mean - 1.0).abs() < 0.05, "{} and {mean}", variance.sqrt());
    }

    #[test]
    fn a_step_keeps_its_rate_whatever_the_shape_of_the_plan() {
        let ramp = plan(10.0, 90.0, Shape::Ramp);
        let second = Duration::from_secs(1);
        assert_eq!(Pacer::step(&ramp, 30.0, second, 1).count(), 30);
        assert_ne!(
            Pacer::step(&plan(1.0, 1.0, Shape::Poisson), 400.0, second, 1).nth(1),
            Some(Duration::from_micros(2_500))
        );
    }
}
