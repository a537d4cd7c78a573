//! Where one more run will fall, by the runs there were.

use super::gaussian::t_two_sided;

/// The mean of these values and the two-sided interval that one further value of the same kind
/// falls into with the given confidence: mean ± t·s·√(1 + 1/n), n − 1 degrees of freedom, for values
/// that are about normally distributed (Hahn & Meeker, "Statistical Intervals", ch. 4: prediction
/// interval for a single future observation).
///
/// `None` with fewer than two values, values that are not finite, or a confidence outside (0, 1).
#[must_use]
pub fn next(values: &[f64], confidence: f64) -> Option<(f64, f64, f64)> {
    let usable = values.iter().all(|value| value.is_finite()) && confidence > 0.0 && confidence < 1.0;
    if values.len() < 2 || !usable {
        return None;
    }
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let half = t_two_sided(confidence, values.len() as u64 - 1) * (variance * (1.0 + 1.0 / n)).sqrt();
    Some((mean, mean - half, mean + half))
}

#[cfg(test)]
mod tests {
    use super::next;

    #[test]
    fn the_interval_is_the_text_book_s() {
        // n = 5, mean 3, s² = 2.5, t(0.975; 4) = 2.7764: half = 2.7764 · √(2.5 · 1.2) = 4.8089.
        let (mean, lo, hi) = next(&[1.0, 2.0, 3.0, 4.0, 5.0], 0.95).unwrap();
        assert!((mean - 3.0).abs() < 1e-12 && (hi - 3.0 - 4.8089).abs() < 1e-3, "{mean} {hi}");
        assert!((lo + hi - 6.0).abs() < 1e-9);
    }

    #[test]
    fn equal_runs_leave_no_doubt_and_one_run_leaves_all() {
        assert_eq!(next(&[0.5; 3], 0.95), Some((0.5, 0.5, 0.5)));
        assert_eq!(next(&[0.5], 0.95), None);
        assert_eq!(next(&[0.5, f64::NAN], 0.95), None);
        assert_eq!(next(&[0.5, 0.6], 1.0), None);
    }

    #[test]
    fn one_more_value_falls_into_it_as_often_as_it_says() {
        use rand::SeedableRng as _;
        use rand_distr::{Distribution as _, StandardNormal};
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
        let trials = 4_000;
        let inside = (0..trials).filter(|_| {
            let mut draw = || -> f64 { StandardNormal.sample(&mut rng) };
            let values: Vec<f64> = (0..8).map(|_| draw()).collect();
            let (_, lo, hi) = next(&values, 0.95).unwrap();
            (lo..=hi).contains(&draw())
        });
        let covered = inside.count() as f64 / f64::from(trials);
        assert!((0.94..0.96).contains(&covered), "{covered}");
    }
}
