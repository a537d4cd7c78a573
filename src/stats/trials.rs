//! What "nothing happened" is worth.

/// The largest rate of violations that is still compatible with none seen in
/// `trials` independent trials: 1 − (1 − c)^(1/n).
///
/// `None` without trials (nothing was at risk, so nothing is bounded) or with
/// a confidence outside (0, 1). This is the exact one-sided Clopper-Pearson
/// bound at zero; about 3/n at 95 % (Hanley & Lippman-Hand, "If nothing goes
/// wrong, is everything all right?", JAMA 249, 1983).
#[must_use]
pub fn rate_bound(trials: u64, confidence: f64) -> Option<f64> {
    if trials == 0 || super::check_confidence(confidence).is_err() {
        return None;
    }
    // 1 − e^x through exp_m1: for many trials the plain form loses its digits.
    Some(-((-confidence).ln_1p() / trials as f64).exp_m1())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_trials_bound_nothing() {
        assert_eq!(rate_bound(0, 0.95), None);
        assert_eq!(rate_bound(10, 1.0), None);
    }

    #[test]
    fn the_bound_is_the_exact_one_and_near_three_over_n() {
        for (n, expected) in
            [(1, 0.95), (10, 0.258_866), (59, 0.049_508), (300, 0.009_936), (3000, 0.000_998)]
        {
            let bound = rate_bound(n, 0.95).unwrap();
            assert!((bound - expected).abs() < 1e-5, "{n}: {bound}");
        }
        let many = rate_bound(1_000_000_000_000, 0.95).unwrap();
        assert!((many * 1e12 - 2.995_732).abs() < 1e-5, "{many}");
    }

    #[test]
    fn more_trials_bound_more_tightly() {
        let bounds: Vec<f64> = (1..200).map(|n| rate_bound(n, 0.95).unwrap()).collect();
        assert!(bounds.windows(2).all(|pair| pair[1] < pair[0]));
    }
}
