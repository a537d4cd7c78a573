//! Where a series becomes steady, if it does.
//!
//! MSER-5: the series is taken in batches of five slices, and cut where the standard error of the
//! mean of what is kept is smallest (White, "An effective truncation heuristic for bias reduction
//! in simulation output", Simulation 69, 1997; White, Cobb & Spratt, "A comparison of five
//! steady-state truncation heuristics for simulation", Winter Simulation Conference 2000). A
//! smallest error in the second half means that no steady state was found.
//!
//! By itself the rule also cuts series that are steady: it prefers whatever end happens to be
//! quiet, which leaves intervals that are too narrow. What it finds is therefore taken only where
//! what is cut really differs from what is kept, by a t test that knows of correlation (the
//! standard error of batch means), at `CONFIDENCE`. In this room's simulations that leaves
//! false alarms of at most 2 % on steady series, also correlated ones.

use super::batch_means::{Batches, Slice};
use super::gaussian::t_reach;

/// Slices in a batch: the 5 of MSER-5.
const BATCH: usize = 5;
/// Batches that must be kept: the rule's quotient says nothing at the very end.
const KEPT: usize = 5;
/// Batches without which nothing is looked for: in 60 correlated slices (AR(1), φ = 0.8) what was
/// cut cost the interval four points of coverage, in 120 one.
const NEEDED: usize = 20;
/// Of the test that guards the rule. It is asked after a search for the most different end, and of
/// few correlated batches: at 99 % it raised false alarms in 4 % of correlated series.
const CONFIDENCE: f64 = 0.999;
/// Of the test for a drift, which is asked only where the rule's minimum lies in the second half.
const CONFIDENCE_OF_DRIFT: f64 = 0.99;
/// Neighbouring batches are never taken as more alike than this.
const MOST_CORRELATION: f64 = 0.9;

/// What is found of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SteadyState {
    /// Steady from the beginning, as far as can be seen.
    FromTheStart,
    /// Steady after so many slices, which were warm-up.
    After(usize),
    /// It changed until its end.
    Never,
}

/// Looks for the beginning of the steady state of a ratio over equal, consecutive slices.
///
/// The series is the ratio of each batch; its events are its weight. Where there are too few
/// batches or events to test anything, nothing is cut.
#[must_use]
pub fn steady_state(slices: &[Slice]) -> SteadyState {
    let batches: Vec<Slice> = slices.chunks(BATCH).map(total).collect();
    let Some(cut) = smallest_error(&batches) else { return SteadyState::FromTheStart };
    let half = batches.len() / 2;
    let (head, tail) = slices.split_at(cut * BATCH);
    if cut > half {
        let first = &slices[..half * BATCH];
        if drifts(&batches, CONFIDENCE_OF_DRIFT) || differs(&total(tail), first) {
            return SteadyState::Never;
        }
    }
    let warm_up = cut > 0 && cut <= half && differs(&total(head), tail);
    let kept = if warm_up { &batches[cut..] } else { &batches[..] };
    if drifts(kept, CONFIDENCE) {
        SteadyState::Never
    } else if warm_up {
        SteadyState::After(cut * BATCH)
    } else {
        SteadyState::FromTheStart
    }
}

/// The number of batches whose removal leaves the smallest standard error:
/// Σ(nᵢ − r·dᵢ)² / (Σdᵢ)² over what is kept, r being its ratio, which for equal weights is
/// White's Σ(Yᵢ − Ȳ)² / (n − d)². `None` where fewer batches than [`NEEDED`] have events.
fn smallest_error(batches: &[Slice]) -> Option<usize> {
    if batches.iter().filter(|b| b.denominator > 0.0).count() < NEEDED {
        return None;
    }
    let error = |kept: &[Slice]| {
        let all = total(kept);
        let ratio = all.numerator / all.denominator;
        let squares: f64 = kept.iter().map(|b| (b.numerator - ratio * b.denominator).powi(2)).sum();
        squares / all.denominator.powi(2)
    };
    (0..=batches.len() - KEPT)
        .filter(|&cut| total(&batches[cut..]).denominator > 0.0)
        .map(|cut| (cut, error(&batches[cut..])))
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .map(|(cut, _)| cut)
}

/// Whether one end differs from the rest, or from the first half, by more than its spread explains.
fn differs(end: &Slice, rest: &[Slice]) -> bool {
    let Ok(kept) = Batches::of(rest) else { return false };
    if end.denominator <= 0.0 {
        return false;
    }
    let distance = (end.numerator / end.denominator - kept.value).abs();
    let more = 1.0 + total(rest).denominator / end.denominator;
    let t = t_reach(CONFIDENCE, kept.degrees_of_freedom());
    distance > t * kept.standard_error() * more.sqrt()
}

/// Whether the batches rise or fall by more than correlated noise explains: a weighted straight
/// line, its slope tested with the variance of AR(1) residuals.
///
/// The residuals' correlation ρ at lag 1 is freed of its bias (Marriott & Pope, Biometrika 41,
/// 1954: −(1 + 3ρ)/n for a mean, about twice that for a line), the variance of the slope
/// multiplied by (1 + ρ)/(1 − ρ), the degrees of freedom divided by it (Bayley & Hammersley,
/// JRSS supplement 8, 1946).
fn drifts(batches: &[Slice], confidence: f64) -> bool {
    let filled = batches.iter().enumerate().filter(|(_, b)| b.denominator > 0.0);
    let points: Vec<(f64, f64, f64)> =
        filled.map(|(at, b)| (at as f64, b.numerator / b.denominator, b.denominator)).collect();
    let n = points.len() as f64;
    let weight: f64 = points.iter().map(|p| p.2).sum();
    let mean = |of: fn(&(f64, f64, f64)) -> f64| points.iter().map(|p| p.2 * of(p)).sum::<f64>() / weight;
    let (x, y) = (mean(|p| p.0), mean(|p| p.1));
    let spread: f64 = points.iter().map(|p| p.2 * (p.0 - x).powi(2)).sum();
    let slope = points.iter().map(|p| p.2 * (p.0 - x) * (p.1 - y)).sum::<f64>() / spread;
    let residuals: Vec<f64> = points.iter().map(|p| p.2.sqrt() * (p.1 - y - slope * (p.0 - x))).collect();
    let power: f64 = residuals.iter().map(|e| e * e).sum();
    if power <= 0.0 {
        return slope != 0.0;
    }
    let lag = residuals.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / power;
    let rho = ((lag + 2.0 / n) / (1.0 - 4.0 / n)).clamp(0.0, MOST_CORRELATION);
    let factor = (1.0 + rho) / (1.0 - rho);
    let df = (n / factor - 2.0).max(2.0);
    let error = (factor * power / (n - 2.0) / spread).sqrt();
    slope.abs() > t_reach(confidence, df) * error
}

fn total(slices: &[Slice]) -> Slice {
    slices.iter().fold(Slice { numerator: 0.0, denominator: 0.0 }, |sum, s| Slice {
        numerator: sum.numerator + s.numerator,
        denominator: sum.denominator + s.denominator,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shares of `reads` in each of so many slices, around a level that may change.
    fn made(slices: usize, reads: f64, level: impl Fn(f64) -> f64) -> Vec<Slice> {
        let noise = |slice: usize| ((slice * 7919) % 13) as f64 / 13.0 - 0.46;
        (0..slices)
            .map(|slice| Slice {
                numerator: reads * (level(slice as f64) + 0.05 * noise(slice)),
                denominator: reads,
            })
            .collect()
    }

    #[test]
    fn a_steady_series_is_left_whole() {
        assert_eq!(steady_state(&made(120, 50.0, |_| 0.8)), SteadyState::FromTheStart);
        assert_eq!(
            steady_state(&made(120, 50.0, |t| 0.8 + 0.02 * (t / 9.0).sin())),
            SteadyState::FromTheStart
        );
    }

    #[test]
    fn a_cold_start_is_cut_where_it_has_passed() {
        let filling = made(120, 50.0, |t| 0.8 - 0.6 * (-t / 6.0).exp());
        let SteadyState::After(slices) = steady_state(&filling) else { panic!("nothing was cut") };
        assert!((10..=40).contains(&slices), "{slices}");
    }

    #[test]
    fn a_drift_has_no_steady_state() {
        assert_eq!(steady_state(&made(120, 50.0, |t| 0.9 - 0.003 * t)), SteadyState::Never);
        assert_eq!(steady_state(&made(240, 50.0, |t| 0.2 + 0.002 * t)), SteadyState::Never);
    }

    #[test]
    fn a_change_in_the_second_half_has_no_steady_state() {
        // White's rule cannot tell a late jump from a warm-up that takes most of the run.
        let jump = made(120, 50.0, |t| if t < 75.0 { 0.2 } else { 0.9 });
        assert_eq!(steady_state(&jump), SteadyState::Never);
    }

    #[test]
    fn too_short_a_series_is_left_whole() {
        assert_eq!(
            steady_state(&made(95, 50.0, |t| 0.8 - 0.6 * (-t / 6.0).exp())),
            SteadyState::FromTheStart
        );
        assert_eq!(steady_state(&[]), SteadyState::FromTheStart);
        assert_eq!(steady_state(&made(200, 0.0, |_| 0.8)), SteadyState::FromTheStart);
    }

    #[test]
    fn slices_weigh_what_they_hold() {
        // The first slices are far off and nearly empty: they move nothing.
        let mut series = made(120, 50.0, |_| 0.8);
        for slice in &mut series[..10] {
            *slice = Slice { numerator: 0.0, denominator: 0.01 };
        }
        assert_eq!(steady_state(&series), SteadyState::FromTheStart);
    }

    #[test]
    fn the_error_of_equal_weights_is_white_s() {
        let z = [9.0, 7.0, 5.0, 5.2, 4.9, 5.1, 5.0, 4.8, 5.1, 5.0];
        let series: Vec<Slice> = std::iter::repeat_n(z[0], 3)
            .chain(z)
            .chain((0..12).map(|i| 5.0 + 0.1 * f64::from(i % 3)))
            .map(|numerator| Slice { numerator, denominator: 1.0 })
            .collect();
        let plain = |cut: usize| {
            let kept: Vec<f64> = series[cut..].iter().map(|s| s.numerator).collect();
            let n = kept.len() as f64;
            let mean = kept.iter().sum::<f64>() / n;
            kept.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / (n * n)
        };
        let by_hand = (0..=series.len() - KEPT).min_by(|a, b| plain(*a).total_cmp(&plain(*b)));
        assert_eq!(smallest_error(&series), by_hand);
        assert!(by_hand.is_some_and(|cut| cut >= 3), "{by_hand:?}");
    }
}
