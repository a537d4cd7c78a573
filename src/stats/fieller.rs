//! Where the ratio of two means lies, without the assumption that the one below is far from zero.

/// Two totals (or means) and what is known of their error.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Moments {
    /// Above the line.
    pub(super) above: f64,
    /// Below the line.
    pub(super) below: f64,
    /// Variance of what is above.
    pub(super) var_above: f64,
    /// Variance of what is below.
    pub(super) var_below: f64,
    /// Their covariance.
    pub(super) covariance: f64,
}

impl Moments {
    /// Variance of above − r·below.
    pub(super) fn variance_at(&self, r: f64) -> f64 {
        self.var_above - 2.0 * r * self.covariance + r * r * self.var_below
    }

    /// The set of all r that the data do not contradict: those with
    /// |above − r·below| ≤ t·√Var(above − r·below).
    ///
    /// Fieller, "Some problems in interval estimation", JRSS B 16, 1954. To ask whether r lies
    /// below the lower end is the same as to ask, with the same t, whether the mean of
    /// above − r·below is above zero: the residuals are taken at r itself, not at the estimate,
    /// which matters where the total below the line is not well known.
    ///
    /// `None` where the set has no bounds: what is below the line is not certainly above zero.
    pub(super) fn set(&self, t: f64) -> Option<(f64, f64)> {
        let square = t * t;
        let a = self.below * self.below - square * self.var_below;
        if a <= 0.0 || a.is_nan() {
            return None;
        }
        let b = self.below * self.above - square * self.covariance;
        let c = self.above * self.above - square * self.var_above;
        // Never below zero but by rounding, since the estimate itself lies in the set.
        let root = (b * b - a * c).max(0.0).sqrt();
        Some(((b - root) / a, (b + root) / a))
    }

    /// Sums over independent groups, and their variance by the spread between them: of `G` groups
    /// G/(G − 1) times the sum of squares about their mean.
    pub(super) fn of_groups(groups: &[(f64, f64)]) -> Self {
        let count = groups.len() as f64;
        let (above, below) = groups.iter().fold((0.0, 0.0), |sum, g| (sum.0 + g.0, sum.1 + g.1));
        let mut moments = Self { above, below, ..Self::default() };
        for (a, b) in groups {
            let (a, b) = (a - above / count, b - below / count);
            moments.var_above += a * a;
            moments.var_below += b * b;
            moments.covariance += a * b;
        }
        moments.scaled(if groups.len() > 1 { count / (count - 1.0) } else { 0.0 })
    }

    /// The same totals with (co)variances times a factor.
    pub(super) fn scaled(self, factor: f64) -> Self {
        Self {
            var_above: self.var_above * factor,
            var_below: self.var_below * factor,
            covariance: self.covariance * factor,
            ..self
        }
    }

    /// The same totals with a multiple of another's (co)variances added.
    pub(super) fn plus(self, factor: f64, other: &Self) -> Self {
        Self {
            var_above: self.var_above + factor * other.var_above,
            var_below: self.var_below + factor * other.var_below,
            covariance: self.covariance + factor * other.covariance,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_set_is_the_one_of_the_definition() {
        let groups: Vec<(f64, f64)> =
            (0..12).map(|i| (f64::from(40 + i * 7 % 11), f64::from(10 + i * 5 % 7))).collect();
        let moments = Moments::of_groups(&groups);
        let (lo, hi) = moments.set(2.2).unwrap();
        for end in [lo, hi] {
            let distance = (moments.above - end * moments.below).abs();
            assert!((distance - 2.2 * moments.variance_at(end).sqrt()).abs() < 1e-9, "{end}");
        }
        assert!(lo < moments.above / moments.below && moments.above / moments.below < hi);
    }

    #[test]
    fn a_target_below_the_lower_end_is_one_that_the_t_test_of_the_differences_rejects() {
        let groups: Vec<(f64, f64)> =
            (0..9).map(|i| (f64::from(90 + i * 37 % 41), f64::from(5 + i * 3 % 8))).collect();
        let moments = Moments::of_groups(&groups);
        let t = 2.306;
        let (lo, _) = moments.set(t).unwrap();
        for r in (0..200).map(|i| f64::from(i) * 0.2) {
            let differences: Vec<f64> = groups.iter().map(|(u, c)| u - r * c).collect();
            let mean = differences.iter().sum::<f64>() / 9.0;
            let variance = differences.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / 8.0;
            let rejected = mean > t * (variance / 9.0).sqrt();
            assert_eq!(rejected, r < lo, "{r} against {lo}");
        }
    }

    #[test]
    fn a_total_below_the_line_that_may_be_zero_has_no_bounded_set() {
        let groups = [(5.0, 10.0), (4.0, -9.0), (6.0, 1.0), (5.0, 0.5)];
        assert_eq!(Moments::of_groups(&groups).set(3.182), None);
    }

    #[test]
    fn without_error_below_the_line_it_is_the_plain_t_interval() {
        let groups: Vec<(f64, f64)> = (0..10).map(|i| (f64::from(i % 5), 2.0)).collect();
        let (lo, hi) = Moments::of_groups(&groups).set(2.0).unwrap();
        let sd = (groups.iter().map(|g| (g.0 - 2.0).powi(2)).sum::<f64>() / 9.0).sqrt();
        assert!((lo - (1.0 - sd / 10f64.sqrt())).abs() < 1e-12 && (hi + lo - 2.0).abs() < 1e-12);
    }
}
