//! Exact binomial tails, and the two intervals made of them.
//!
//! Tails are summed term by term from the edge inwards, which stays accurate
//! for any n (a continued fraction of the incomplete beta function does not
//! converge in a fixed number of steps for n in the millions) and costs a few
//! multiples of the standard deviation.

use statrs::function::gamma::ln_gamma;

/// P(X <= k) for X ~ Binomial(n, p).
#[must_use]
pub fn cdf(n: u64, p: f64, k: u64) -> f64 {
    if k >= n || p <= 0.0 {
        return 1.0;
    }
    if p >= 1.0 {
        return 0.0;
    }
    if k as f64 <= n as f64 * p {
        lower_tail(n, p, k)
    } else {
        // P(X >= k+1) is P(n − X <= n−k−1) with n − X ~ Binomial(n, 1−p).
        1.0 - lower_tail(n, 1.0 - p, n - k - 1)
    }
}

/// P(X <= k) for k at or below the mean, where the terms fall going down.
fn lower_tail(n: u64, p: f64, k: u64) -> f64 {
    let odds_down = (1.0 - p) / p;
    let mut term = ln_pmf(n, p, k).exp();
    let mut sum = term;
    let mut i = k;
    while i > 0 && term > sum * 1e-17 {
        term *= i as f64 / (n - i + 1) as f64 * odds_down;
        sum += term;
        i -= 1;
    }
    sum.min(1.0)
}

fn ln_pmf(n: u64, p: f64, k: u64) -> f64 {
    let (n, k) = (n as f64, k as f64);
    ln_gamma(n + 1.0) - ln_gamma(k + 1.0) - ln_gamma(n - k + 1.0) + k * p.ln() + (n - k) * (-p).ln_1p()
}

/// The Clopper-Pearson interval for `successes` of `n` (Biometrika 26, 1934).
///
/// Exact in the sense that it never covers less than it claims for independent
/// events. It is finite-width at 0 of n and n of n, where it equals
/// 1 − (α/2)^(1/n). `None` without trials.
#[must_use]
pub fn clopper_pearson(successes: u64, n: u64, confidence: f64) -> Option<(f64, f64)> {
    if n == 0 || successes > n || super::check_confidence(confidence).is_err() {
        return None;
    }
    let half_alpha = (1.0 - confidence) / 2.0;
    let lo = if successes == 0 {
        0.0
    } else {
        // P(X >= x | p) rises with p: the p at which it reaches α/2.
        bisect(|p| 1.0 - cdf(n, p, successes - 1) < half_alpha)
    };
    let hi = if successes == n {
        1.0
    } else {
        // P(X <= x | p) falls with p.
        bisect(|p| cdf(n, p, successes) > half_alpha)
    };
    Some((lo, hi))
}

/// The point in [0, 1] at which `below` turns from true to false.
fn bisect(below: impl Fn(f64) -> bool) -> f64 {
    let (mut lo, mut hi) = (0.0_f64, 1.0_f64);
    for _ in 0..60 {
        let mid = f64::midpoint(lo, hi);
        if below(mid) {
            lo = mid;
        } else {
            hi = mid;
        }
    }
    f64::midpoint(lo, hi)
}

/// The ranks (1-based) of the two sorted samples that enclose the q-quantile
/// of any continuous distribution with the given confidence, each tail holding
/// at most half of the rest. `None` if `n` samples do not reach that far.
///
/// David & Nagaraja, "Order Statistics", 3rd ed., §7.1; Hahn & Meeker,
/// "Statistical Intervals", §5.2.
#[must_use]
pub fn quantile_ranks(n: u64, q: f64, confidence: f64) -> Option<(u64, u64)> {
    if n == 0 || !(q > 0.0 && q < 1.0) || super::check_confidence(confidence).is_err() {
        return None;
    }
    let half_alpha = (1.0 - confidence) / 2.0;
    // Largest l with P(X <= l−1) <= α/2, smallest u with P(X <= u−1) >= 1−α/2.
    let lower = first(n, |k| cdf(n, q, k) > half_alpha)?;
    let upper = first(n, |k| cdf(n, q, k) >= 1.0 - half_alpha)? + 1;
    (lower >= 1).then_some((lower, upper))
}

/// The smallest k in 0..n for which a condition holds that, once true, stays true.
fn first(n: u64, holds: impl Fn(u64) -> bool) -> Option<u64> {
    let (mut lo, mut hi) = (0, n);
    while lo < hi {
        let mid = lo + (hi - lo) / 2;
        if holds(mid) {
            hi = mid;
        } else {
            lo = mid + 1;
        }
    }
    (lo < n).then_some(lo)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64, tolerance: f64) -> bool {
        (a - b).abs() <= tolerance
    }

    #[test]
    fn tails_agree_with_the_direct_sum() {
        for (n, p) in [(1_u64, 0.3), (10, 0.5), (25, 0.9), (60, 0.01)] {
            let mut sum = 0.0;
            let mut choose = 1.0_f64;
            for k in 0..=n {
                sum += choose * p_pow(p, k) * p_pow(1.0 - p, n - k);
                assert!(close(cdf(n, p, k), sum, 1e-12), "n {n} p {p} k {k}");
                choose *= (n - k) as f64 / (k + 1) as f64;
            }
        }
    }

    fn p_pow(p: f64, k: u64) -> f64 {
        p.powi(i32::try_from(k).unwrap())
    }

    #[test]
    fn tails_of_a_billion_trials_meet_the_normal_limit() {
        let (n, p) = (1_000_000_000_u64, 0.99);
        let sd = (n as f64 * p * (1.0 - p)).sqrt();
        let k = (n as f64 * p + 1.959_964 * sd) as u64;
        assert!(close(cdf(n, p, k), 0.975, 1e-4), "{}", cdf(n, p, k));
    }

    #[test]
    fn clopper_pearson_agrees_with_published_intervals() {
        // 0/n and n/n are closed forms; the rest are R's binom.test(x, n).
        for (x, n, lo, hi) in [
            (0, 10, 0.0, 0.308_497),
            (10, 10, 0.691_503, 1.0),
            (5, 10, 0.187_086, 0.812_914),
            (1, 10, 0.002_529, 0.445_016),
            (8, 10, 0.443_904, 0.974_789),
            (15, 20, 0.508_954, 0.913_429),
            (90, 100, 0.823_777, 0.950_995),
        ] {
            let (a, b) = clopper_pearson(x, n, 0.95).unwrap();
            assert!(close(a, lo, 2e-6) && close(b, hi, 2e-6), "{x}/{n}: {a} {b}, expected {lo} {hi}");
        }
        assert_eq!(clopper_pearson(0, 0, 0.95), None);
    }

    #[test]
    fn clopper_pearson_meets_its_own_definition_at_a_million() {
        let (lo, hi) = clopper_pearson(999_000, 1_000_000, 0.95).unwrap();
        assert!(close(cdf(1_000_000, hi, 999_000), 0.025, 1e-6));
        assert!(close(1.0 - cdf(1_000_000, lo, 998_999), 0.025, 1e-6));
    }

    #[test]
    fn ranks_agree_with_published_tables() {
        // Median ranks, 95 %: Conover, "Practical Nonparametric Statistics";
        // n = 100 is the textbook 40th and 61st.
        for (n, l, u) in [(6, 1, 6), (10, 2, 9), (15, 4, 12), (20, 6, 15), (25, 8, 18), (100, 40, 61)] {
            assert_eq!(quantile_ranks(n, 0.5, 0.95), Some((l, u)), "n = {n}");
        }
    }

    #[test]
    fn ranks_cover_what_they_claim_and_no_closer_pair_does() {
        for (n, q) in [(368, 0.99), (1000, 0.95), (5000, 0.999), (200, 0.5)] {
            let (l, u) = quantile_ranks(n, q, 0.95).unwrap();
            assert!(l >= 1 && u <= n);
            assert!(cdf(n, q, l - 1) <= 0.025 && cdf(n, q, l) > 0.025);
            assert!(cdf(n, q, u - 1) >= 0.975 && cdf(n, q, u - 2) < 0.975);
        }
    }
}
