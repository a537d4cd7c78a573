//! The asymptotic confidence sequence of a ratio: how far the mean of D = num − r·den may
//! stray from zero before r is excluded, at all looks together.
//!
//! Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas, "Time-uniform central limit theory and
//! asymptotic confidence sequences", Annals of Statistics 52 (2024), arXiv 2103.06476,
//! theorem 2.2: after t samples the mean is within
//! σ̂·√(2(tρ² + 1)/(t²ρ²) · ln(√(tρ² + 1)/α)) of the truth for all t, with probability
//! tending to 1 − α as the first look moves out. It is Robbins' normal mixture ("Statistical
//! methods related to the law of the iterated logarithm", Annals of Mathematical Statistics
//! 41, 1970) with an estimated variance.

use super::Design;
use crate::stats::Insufficient;
use crate::stats::batch_means::Slice;
use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// Correlation between neighbours above this is taken as this: what is beyond it is no
/// steady state.
const MOST_CORRELATED: f64 = 0.9;

/// ρ² that makes the boundary tightest at a number of samples (the same paper, appendix B.2:
/// (−W₋₁(−α²/e) − 1)/t with Lambert's W, here by its expansion).
pub(super) fn rho2(alpha: f64, samples: f64) -> f64 {
    let log = -2.0 * alpha.ln();
    (log + (log + 1.0).ln()) / samples
}

/// How many standard errors of the mean the boundary is away after so many batches, for a
/// known variance.
fn reach(batches: f64, design: &Design) -> f64 {
    let scale = batches * design.rho2;
    (2.0 * (scale + 1.0) / scale * (scale.sqrt().hypot(1.0) / design.alpha).ln()).sqrt()
}

/// The level at which the boundary is so many standard errors away: the inverse of [`reach`].
fn level(errors: f64, batches: f64, design: &Design) -> f64 {
    let scale = batches * design.rho2;
    (scale.sqrt().hypot(1.0) * (-errors * errors * scale / (2.0 * (scale + 1.0))).exp()).min(1.0)
}

/// A normal deviate as the Student t of the same tail: the variance is estimated from few
/// batches, which the asymptotics do not see.
fn widen(normal: f64, df: f64) -> f64 {
    -student(df).inverse_cdf(Normal::standard().cdf(-normal))
}

/// The normal deviate of the same tail as this Student t.
fn narrow(t: f64, df: f64) -> f64 {
    -Normal::standard().inverse_cdf(student(df).cdf(-t))
}

fn student(df: f64) -> StudentsT {
    StudentsT::new(0.0, 1.0, df).expect("scale 1 and at least one degree of freedom")
}

/// How the batches spread: what the variance of D is, for any r.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spread {
    batches: f64,
    /// Degrees of freedom that the estimate of the variance is worth.
    df: f64,
    /// Means of numerators and denominators.
    numerator: f64,
    denominator: f64,
    /// Sample variances and covariance, with what correlation between batches adds.
    above: f64,
    below: f64,
    both: f64,
}

impl Spread {
    /// Of at least two batches with a positive sum of denominators.
    pub(super) fn of(batches: &[Slice]) -> Self {
        let count = batches.len() as f64;
        let numerator = batches.iter().map(|b| b.numerator).sum::<f64>() / count;
        let denominator = batches.iter().map(|b| b.denominator).sum::<f64>() / count;
        let moment = |of: &dyn Fn(&Slice) -> f64| batches.iter().map(of).sum::<f64>() / (count - 1.0);
        let inflation = inflation(batches, numerator / denominator);
        Self {
            batches: count,
            // Correlated batches tell of their spread as fewer independent ones would.
            df: (count / inflation - 1.0).max(1.0),
            numerator,
            denominator,
            above: inflation * moment(&|b| (b.numerator - numerator).powi(2)),
            below: inflation * moment(&|b| (b.denominator - denominator).powi(2)),
            both: inflation * moment(&|b| (b.numerator - numerator) * (b.denominator - denominator)),
        }
    }

    /// Variance of D at a ratio.
    fn variance(&self, ratio: f64) -> f64 {
        (self.above - 2.0 * ratio * self.both + ratio * ratio * self.below).max(0.0)
    }

    /// Variance of the sum of D at the measured ratio.
    pub(super) fn total(&self) -> f64 {
        self.batches * self.variance(self.numerator / self.denominator)
    }

    /// Whether the batches show no spread around the measured ratio.
    pub(super) fn flat(&self) -> bool {
        let size = self.numerator.abs().max(f64::MIN_POSITIVE);
        self.variance(self.numerator / self.denominator).sqrt() <= size * 1e-9
    }

    /// The ratios that are not excluded: (mean num − r·mean den)² ≤ c²·variance(r), solved
    /// for r (Fieller, "Some problems in interval estimation", Journal of the Royal
    /// Statistical Society B 16, 1954).
    pub(super) fn interval(&self, design: &Design) -> Result<(f64, f64), Insufficient> {
        let margin = widen(reach(self.batches, design), self.df);
        let c2 = margin * margin / self.batches;
        let a = self.denominator * self.denominator - c2 * self.below;
        let b = self.numerator * self.denominator - c2 * self.both;
        let c = self.numerator * self.numerator - c2 * self.above;
        let root = b * b - a * c;
        if a <= 0.0 || root < 0.0 {
            return Err(Insufficient::Degenerate {
                why: "batches hold too unequal numbers of samples to exclude any ratio",
            });
        }
        Ok(((b - root.sqrt()) / a, (b + root.sqrt()) / a))
    }

    /// The smallest level at which a ratio is excluded.
    pub(super) fn p_value(&self, ratio: f64, design: &Design) -> f64 {
        let error = (self.variance(ratio) / self.batches).sqrt();
        let errors = (self.numerator - ratio * self.denominator).abs() / error;
        if errors.is_nan() {
            return 1.0;
        }
        level(narrow(errors, self.df), self.batches, design)
    }
}

/// What correlation between neighbouring batches adds to the variance of their mean:
/// (1 + φ)/(1 − φ), that of a first-order autoregression, where the estimate of φ has its
/// bias of −(1 + 4φ)/G taken out (Kendall, Biometrika 41, 1954) and is never below 0.
fn inflation(batches: &[Slice], ratio: f64) -> f64 {
    let residuals: Vec<f64> = batches.iter().map(|b| b.numerator - ratio * b.denominator).collect();
    let power: f64 = residuals.iter().map(|e| e * e).sum();
    if power <= 0.0 {
        return 1.0;
    }
    let lag_one = residuals.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / power;
    let count = batches.len() as f64;
    let phi = (lag_one + (1.0 + 4.0 * lag_one.max(0.0)) / count).clamp(0.0, MOST_CORRELATED);
    (1.0 + phi) / (1.0 - phi)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boundary_is_the_published_one() {
        // R package drconfseq of the paper's first author: std_conjmix_margin(t, 0.1, 0.05)
        // times √t, by its formula.
        let design = Design { alpha: 0.05, rho2: 0.1, first_look: 1 };
        for t in [10.0_f64, 50.0, 1_000.0] {
            let margin =
                (2.0 * (t * 0.1 + 1.0) * ((t * 0.1 + 1.0).sqrt() / 0.05).ln() / (t * t * 0.1)).sqrt();
            assert!((reach(t, &design) - margin * t.sqrt()).abs() < 1e-12, "{t}");
            assert!((level(reach(t, &design), t, &design) - 0.05).abs() < 1e-12, "{t}");
        }
    }

    #[test]
    fn rho_makes_the_boundary_tightest_where_it_was_asked_for() {
        let width = |rho2| reach(30.0, &Design { alpha: 0.05, rho2, first_look: 1 });
        let best = rho2(0.05, 30.0);
        let searched = (1..2_000).map(|i| width(f64::from(i) * 1e-3)).fold(f64::INFINITY, f64::min);
        assert!(width(best) < searched * 1.001, "{} and {searched}", width(best));
    }

    #[test]
    fn a_student_deviate_and_a_normal_one_of_the_same_tail_convert_both_ways() {
        for normal in [1.0, 3.0, 6.0] {
            assert!((narrow(widen(normal, 19.0), 19.0) - normal).abs() < 1e-6);
            assert!(widen(normal, 19.0) > normal);
        }
        assert!(narrow(1e9, 19.0) > 10.0);
    }
}
