//! The intervals of a textbook that takes every response as independent of all others: what
//! the judge's are compared with.

use super::{CONFIDENCE, Measured};
use crate::evidence::{Evidence, PairRecord, Selection};
use crate::observe::Source;
use crate::stats::{binomial, quantile};

/// 97.5 % point of the standard normal distribution.
const Z: f64 = 1.959_964;

/// The plain 95 % interval; `None` where there are too few samples for any.
#[must_use]
pub fn interval(measured: Measured, evidence: &Evidence) -> Option<[f64; 2]> {
    match measured {
        Measured::HitRate => hit_rate(evidence),
        Measured::MeanOfHits => mean(evidence),
        Measured::QuantileOfHits(q) => order_statistics(evidence, q),
        Measured::Speedup => ratio_of_independent_means(&evidence.pairs),
    }
}

/// Clopper-Pearson on all reads.
fn hit_rate(evidence: &Evidence) -> Option<[f64; 2]> {
    let count = |of: fn(Source) -> bool| -> u64 {
        evidence.cells.iter().filter(|cell| of(cell.source)).map(|cell| cell.n).sum()
    };
    let (lo, hi) = binomial::clopper_pearson(count(Source::is_hit), count(Source::in_hit_rate), CONFIDENCE)?;
    Some([lo, hi])
}

fn hits(evidence: &Evidence) -> quantile::Counts {
    quantile::merge(&Selection::of_sources(&[Source::Hit]).latencies(evidence))
}

/// Mean ± z·s/√n.
fn mean(evidence: &Evidence) -> Option<[f64; 2]> {
    let counts = hits(evidence);
    let n: u64 = counts.iter().map(|(_, count)| count).sum();
    if n < 2 {
        return None;
    }
    let sum = |of: &dyn Fn(f64) -> f64| -> f64 {
        counts.iter().map(|&(value, count)| of(value as f64) * count as f64).sum()
    };
    let mean = sum(&|value| value) / n as f64;
    let variance = sum(&|value| (value - mean).powi(2)) / (n - 1) as f64;
    let half = Z * (variance / n as f64).sqrt();
    Some([mean - half, mean + half])
}

/// The two ranks that enclose the quantile of independent samples.
fn order_statistics(evidence: &Evidence, q: f64) -> Option<[f64; 2]> {
    let counts = hits(evidence);
    let n = counts.iter().map(|(_, count)| count).sum();
    let (lower, upper) = binomial::quantile_ranks(n, q, CONFIDENCE)?;
    let at = |rank: u64| {
        let mut seen = 0;
        let reaches = |count: u64, seen: &mut u64| {
            *seen += count;
            *seen >= rank
        };
        counts.iter().find(|(_, count)| reaches(*count, &mut seen)).map(|(value, _)| *value as f64)
    };
    Some([at(lower)?, at(upper)?])
}

/// Mean by mean with the delta method, as if the arms of a pair and the pairs of a person had
/// nothing in common.
fn ratio_of_independent_means(pairs: &[PairRecord]) -> Option<[f64; 2]> {
    if pairs.len() < 2 {
        return None;
    }
    let n = pairs.len() as f64;
    let arm = |of: fn(&PairRecord) -> u64| {
        let mean = pairs.iter().map(|pair| of(pair) as f64).sum::<f64>() / n;
        let squares: f64 = pairs.iter().map(|pair| (of(pair) as f64 - mean).powi(2)).sum();
        (mean, squares / (n - 1.0) / n)
    };
    let ((uncached, of_uncached), (cached, of_cached)) =
        (arm(|pair| pair.uncached_us), arm(|pair| pair.cached_us));
    let ratio = uncached / cached;
    let half = Z * ratio * (of_uncached / uncached.powi(2) + of_cached / cached.powi(2)).sqrt();
    Some([ratio - half, ratio + half])
}
