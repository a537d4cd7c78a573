//! How scores are spread.

use serde::Serialize;

use super::rounded;

/// Mean, deviation and quartiles of scores.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Spread {
    pub(crate) answers: usize,
    pub(crate) mean: f64,
    /// Of the population: these are all the answers, not a sample.
    pub(crate) std_dev: f64,
    pub(crate) min: i64,
    pub(crate) q1: f64,
    pub(crate) median: f64,
    pub(crate) q3: f64,
    pub(crate) max: i64,
}

impl Spread {
    /// `None` without scores.
    pub(super) fn of(mut scores: Vec<i64>) -> Option<Self> {
        scores.sort_unstable();
        let (&min, &max) = (scores.first()?, scores.last()?);
        let n = scores.len() as f64;
        let mean = scores.iter().sum::<i64>() as f64 / n;
        let variance = scores.iter().map(|&score| (score as f64 - mean).powi(2)).sum::<f64>() / n;
        Some(Self {
            answers: scores.len(),
            mean: rounded(mean),
            std_dev: rounded(variance.sqrt()),
            min,
            q1: rounded(quantile(&scores, 0.25)),
            median: rounded(quantile(&scores, 0.5)),
            q3: rounded(quantile(&scores, 0.75)),
            max,
        })
    }
}

/// Linear between the neighbours: definition 7 of Hyndman and Fan, "Sample Quantiles in Statistical
/// Packages", The American Statistician 50 (1996). `sorted` is not empty.
fn quantile(sorted: &[i64], q: f64) -> f64 {
    let place = (sorted.len() - 1) as f64 * q;
    let (below, above) = (place.floor() as usize, place.ceil() as usize);
    let (low, high) = (sorted[below] as f64, sorted[above] as f64);
    low + (high - low) * (place - below as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_lie_between_neighbours() {
        let spread = Spread::of(vec![40, 10, 30, 20]).unwrap();
        assert_eq!((spread.q1, spread.median, spread.q3), (17.5, 25.0, 32.5));
        assert_eq!((spread.min, spread.max, spread.mean, spread.std_dev), (10, 40, 25.0, 11.18));
    }

    #[test]
    fn no_scores_have_no_spread() {
        assert_eq!(Spread::of(Vec::new()), None);
    }
}
