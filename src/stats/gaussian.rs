//! Quantiles and tails of the normal and Student t distributions.
//!
//! The one file of this room that names statrs, apart from [`super::binomial`],
//! which borrows its log-gamma.

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// The point a two-sided interval of the given confidence reaches to, in
/// standard errors, for Student's t with `df` degrees of freedom.
pub(super) fn t_two_sided(confidence: f64, df: u64) -> f64 {
    t_reach(confidence, df as f64)
}

/// The same for an effective, fractional number of degrees of freedom; fewer than one count
/// as one.
pub(super) fn t_reach(confidence: f64, df: f64) -> f64 {
    let t = StudentsT::new(0.0, 1.0, df.max(1.0)).expect("scale 1 and at least one degree of freedom");
    t.inverse_cdf(0.5 + confidence / 2.0)
}

/// P(Z <= z) for a standard normal Z.
pub(super) fn normal_cdf(z: f64) -> f64 {
    Normal::standard().cdf(z)
}

/// The point below which a standard normal falls with probability `p`.
pub(super) fn normal_quantile(p: f64) -> f64 {
    Normal::standard().inverse_cdf(p)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t_quantiles_agree_with_the_published_table() {
        // NIST/SEMATECH e-Handbook of Statistical Methods, table 1.3.6.7.2.
        for (confidence, df, expected) in [
            (0.95, 1, 12.706),
            (0.95, 9, 2.262),
            (0.95, 19, 2.093),
            (0.95, 29, 2.045),
            (0.95, 100, 1.984),
            (0.90, 9, 1.833),
            (0.90, 29, 1.699),
            (0.99, 9, 3.250),
            (0.99, 29, 2.756),
        ] {
            let t = t_two_sided(confidence, df);
            assert!((t - expected).abs() < 6e-4, "t({confidence}, {df}) = {t}, table says {expected}");
        }
    }

    #[test]
    fn the_normal_tail_agrees_with_the_published_table() {
        for (z, expected) in [(0.0, 0.5), (1.0, 0.841_345), (1.959_964, 0.975), (-2.575_829, 0.005)] {
            assert!((normal_cdf(z) - expected).abs() < 1e-6, "{z}");
        }
    }
}
