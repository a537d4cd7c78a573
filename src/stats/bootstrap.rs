//! What the bootstraps of this room share: the draw, and the reading of the
//! percentiles.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::gaussian::{normal_cdf, t_two_sided};

/// Resamples of a 95 % interval. Hesterberg (2015) asks for at least 1,000 for a
/// rough and 15,000 for an accurate percentile; at 2,000 the ends of a 95 %
/// interval rest on 50 draws each.
const RESAMPLES: usize = 2_000;
/// No interval takes more: judging must stay a matter of moments.
const MOST_RESAMPLES: usize = 10_000;

/// Resamples for an interval of this confidence: as many draws lie beyond its ends as beyond those
/// of a 95 % one, up to 99 %.
pub(super) fn resamples(confidence: f64) -> usize {
    let times = (0.05 / (1.0 - confidence)).max(1.0);
    ((RESAMPLES as f64 * times).round() as usize).min(MOST_RESAMPLES)
}

/// A generator that gives the same draws for the same seed on every machine.
pub(super) fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// Reads the interval off the resampled statistics, widened for `groups`
/// independent groups.
///
/// The plain percentile interval is too narrow for few groups: it uses normal
/// instead of t quantiles and a variance divided by n instead of n − 1. The
/// expanded percentile interval reads at Φ(−√(n/(n−1))·t) instead of α/2
/// (Hesterberg, "What Teachers Should Know About the Bootstrap", The American
/// Statistician 69, 2015, §5.3). It stays invariant under monotone
/// transformations, which suits ratios. `None` if nothing was drawn.
pub(super) fn expanded_percentiles(
    mut draws: Vec<f64>,
    confidence: f64,
    groups: usize,
) -> Option<(f64, f64)> {
    if draws.is_empty() || groups < 2 {
        return None;
    }
    draws.sort_by(f64::total_cmp);
    let n = groups as f64;
    let reach = t_two_sided(confidence, groups as u64 - 1) * (n / (n - 1.0)).sqrt();
    let tail = normal_cdf(-reach);
    Some((at(&draws, tail), at(&draws, 1.0 - tail)))
}

/// The same reading of sorted draws by itself; `None` if nothing was drawn.
pub(super) fn percentile(sorted: &[f64], p: f64) -> Option<f64> {
    (!sorted.is_empty()).then(|| at(sorted, p))
}

/// Linear interpolation between sorted draws, at rank p·(R + 1) so that both
/// tails are treated alike.
fn at(sorted: &[f64], p: f64) -> f64 {
    let last = sorted.len() - 1;
    let rank = (p * (sorted.len() + 1) as f64 - 1.0).clamp(0.0, last as f64);
    let below = rank.floor() as usize;
    let above = (below + 1).min(last);
    sorted[below] + (sorted[above] - sorted[below]) * (rank - below as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_groups_read_at_the_plain_percentiles() {
        let draws: Vec<f64> = (1..=999).map(f64::from).collect();
        let (lo, hi) = expanded_percentiles(draws, 0.95, 1_000_000).unwrap();
        assert!((lo - 25.0).abs() < 0.1 && (hi - 975.0).abs() < 0.1, "{lo} {hi}");
    }

    #[test]
    fn few_groups_read_further_out() {
        let draws: Vec<f64> = (1..=999).map(f64::from).collect();
        let (lo, hi) = expanded_percentiles(draws, 0.95, 10).unwrap();
        // Φ(−2.262·√(10/9)) = 0.00855
        assert!((lo - 8.55).abs() < 0.1 && (hi - 991.45).abs() < 0.1, "{lo} {hi}");
    }
}
