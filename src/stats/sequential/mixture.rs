//! The exact confidence sequence of a share: a beta mixture of likelihood ratios.
//!
//! For independent events with chance p, M_n(p) = B(a + s, b + n − s) ÷ B(a, b) ÷
//! (p^s (1 − p)^(n−s)) is a martingale that begins at 1, whatever a and b: by Ville's
//! inequality it ever reaches 1/α with a chance of at most α, so that all p with
//! M_n(p) < 1/α are a confidence sequence (Robbins 1970; Howard, Ramdas, McAuliffe &
//! Sekhon, "Time-uniform, nonparametric, nonasymptotic confidence sequences", Annals of
//! Statistics 49, 2021, section 3.1). It needs no spread: without an event in n it still
//! excludes no p that n could not have told.
//!
//! The mixture's mean is the target and its weight one event on the rarer side: then it is
//! tight for shares of the target's own size. Counts may be fractions: events that come
//! together are worth fewer.

use statrs::function::beta::ln_beta;

/// a and b for a target.
fn prior(target: f64) -> (f64, f64) {
    let rate = target.clamp(1e-6, 1.0 - 1e-6);
    if rate <= 0.5 { (1.0, (1.0 - rate) / rate) } else { (rate / (1.0 - rate), 1.0) }
}

/// ln M_n(p).
fn evidence(events: f64, of: f64, target: f64, p: f64) -> f64 {
    let (a, b) = prior(target);
    let rest = (of - events).max(0.0);
    let times = |count: f64, log: f64| if count > 0.0 { count * log } else { 0.0 };
    ln_beta(a + events, b + rest) - ln_beta(a, b) - times(events, p.ln()) - times(rest, (-p).ln_1p())
}

/// The shares that are not excluded.
pub(super) fn interval(events: f64, of: f64, target: f64, alpha: f64) -> (f64, f64) {
    let value = (events / of).clamp(0.0, 1.0);
    let limit = -alpha.ln();
    // M falls towards the measured share and rises away from it.
    let end = |outer: f64| {
        let (mut inside, mut outside) = (value, outer);
        for _ in 0..60 {
            let mid = f64::midpoint(inside, outside);
            if evidence(events, of, target, mid) < limit { inside = mid } else { outside = mid }
        }
        f64::midpoint(inside, outside)
    };
    (if events <= 0.0 { 0.0 } else { end(0.0) }, if events >= of { 1.0 } else { end(1.0) })
}

/// The smallest level at which a share is excluded.
pub(super) fn p_value(events: f64, of: f64, target: f64, p: f64) -> f64 {
    (-evidence(events, of, target, p)).exp().min(1.0)
}

/// So many events without an exception put the share above q.
pub(super) fn samples_needed(q: f64, alpha: f64) -> u64 {
    let enough = |n: f64| evidence(n, n, q, q) >= -alpha.ln();
    let (mut lo, mut hi) = (1.0, 2.0);
    while !enough(hi) && hi < 1e12 {
        (lo, hi) = (hi, hi * 2.0);
    }
    for _ in 0..60 {
        let mid = f64::midpoint(lo, hi);
        if enough(mid) { hi = mid } else { lo = mid }
    }
    hi.ceil() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mixture_is_the_ratio_of_beta_integrals() {
        // Uniform mixture, one event of two: B(2, 2) ÷ (p(1 − p)) = 1 ÷ (6 · 0.21).
        assert!((evidence(1.0, 2.0, 0.5, 0.3) - (1.0_f64 / 6.0 / 0.21).ln()).abs() < 1e-12);
        assert_eq!(p_value(0.0, 0.0, 0.3, 0.3), 1.0, "nothing seen, nothing said");
    }

    #[test]
    fn no_event_in_few_trials_excludes_no_rare_event() {
        let (lo, hi) = interval(0.0, 1_000.0, 0.001, 0.05);
        assert!(lo == 0.0 && hi > 0.003, "{hi}");
        let needed = samples_needed(0.999, 0.05);
        assert!((4_500..5_000).contains(&needed), "{needed}");
        let (_, hi) = interval(0.0, needed as f64 + 1.0, 0.001, 0.05);
        assert!(hi < 0.001, "{hi}");
    }

    #[test]
    fn the_interval_ends_where_the_p_value_is_the_level() {
        for (events, of, target) in [(3.0, 400.0, 0.01), (280.0, 400.0, 0.6), (395.5, 400.0, 0.95)] {
            let (lo, hi) = interval(events, of, target, 0.05);
            for end in [lo, hi] {
                assert!((p_value(events, of, target, end) - 0.05).abs() < 1e-6, "{events} of {of}");
            }
            assert!(lo < events / of && events / of < hi);
        }
    }
}
