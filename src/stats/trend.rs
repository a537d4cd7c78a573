//! A straight trend through a series in time, with an interval that respects that
//! neighbouring values resemble each other.
//!
//! Memory is read once a second and wanders: taken as independent, an hour of readings would
//! find a trend in anything. The series is therefore cut into batches, the correlation
//! between neighbouring batches is estimated, and the line is fitted to what is left without
//! it. Where that correlation is near 1 the series is taken as a random walk, whose
//! differences are averaged instead: a walk has a slope in every run and a trend in none
//! (Perron & Yabu, "Estimating deterministic trends with an integrated or stationary noise
//! component", Journal of Econometrics 151, 2009).

use super::gaussian::t_two_sided;
use super::{Estimate, Insufficient, Method, check_confidence};

/// One reading: seconds, and the value then.
pub type Reading = (f64, f64);

/// Fewer readings than this show nothing of how they hang together.
pub const MIN_READINGS: usize = 30;
/// More batches than this gain little and are more correlated.
const MAX_BATCHES: usize = 60;
/// Within this many 1/√n below 1 a correlation is taken as 1. Perron & Yabu need any
/// constant; with 3 the interval covered 93 % and more in this room's simulations, with 1
/// down to 75 %.
const NEAR_ONE: f64 = 3.0;
/// Confidence at which two halves of a series are said to differ.
const BENT: f64 = 0.99;

/// A fitted line.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Fit {
    slope: f64,
    /// Standard error of the slope.
    error: f64,
    /// Batches that it was fitted to.
    batches: usize,
}

impl Fit {
    fn half(self, confidence: f64) -> f64 {
        // The correlation is estimated from the same batches, so that they count for less:
        // a third of them as degrees of freedom kept the coverage in simulations.
        t_two_sided(confidence, (self.batches / 3) as u64) * self.error
    }
}

/// By how much the value grows a second, with its interval.
///
/// # Errors
/// [`Insufficient`] for fewer than [`MIN_READINGS`], for times that do not rise, or for values
/// that are not finite.
pub fn slope(series: &[Reading], confidence: f64) -> Result<Estimate, Insufficient> {
    check_confidence(confidence)?;
    let fit = fit(series)?;
    // What is read in steps is known no better than to a step.
    let half = fit.half(confidence).max(grain(series) / length(series));
    Ok(Estimate {
        value: fit.slope,
        lo: fit.slope - half,
        hi: fit.slope + half,
        n: series.len() as u64,
        method: Method::Trend,
    })
}

/// The slopes of the first and of the second half, where they differ by more than chance
/// would have it: then no one line describes the series. `None` where they do not, or where
/// the halves are too short to tell.
#[must_use]
pub fn bend(series: &[Reading]) -> Option<(f64, f64)> {
    let (first, second) = series.split_at(series.len() / 2);
    let (a, b) = (fit(first).ok()?, fit(second).ok()?);
    let either = grain(series) / length(first).min(length(second));
    let half = a.half(BENT).hypot(b.half(BENT)).max(either);
    ((a.slope - b.slope).abs() > half).then_some((a.slope, b.slope))
}

fn length(series: &[Reading]) -> f64 {
    match (series.first(), series.last()) {
        (Some(first), Some(last)) => last.0 - first.0,
        (None, _) | (_, None) => 0.0,
    }
}

/// The smallest step that the values made; 1 where they made none.
fn grain(series: &[Reading]) -> f64 {
    let steps = series.windows(2).map(|two| (two[1].1 - two[0].1).abs()).filter(|step| *step > 0.0);
    steps.reduce(f64::min).unwrap_or(1.0)
}

fn fit(series: &[Reading]) -> Result<Fit, Insufficient> {
    if series.is_empty() {
        return Err(Insufficient::NoSamples);
    }
    if series.len() < MIN_READINGS {
        return Err(Insufficient::TooFewSamples { have: series.len() as u64, need: MIN_READINGS as u64 });
    }
    let sound = |reading: &Reading| reading.0.is_finite() && reading.1.is_finite();
    if !series.iter().all(sound) || series.windows(2).any(|two| two[1].0 <= two[0].0) {
        return Err(Insufficient::Degenerate { why: "times must rise and values be finite" });
    }
    let batches = batches(series);
    let correlation = correlation(&batches);
    Ok(if correlation >= 1.0 {
        walk(&batches, series.len() as f64 / batches.len() as f64)
    } else {
        line(&batches, correlation)
    })
}

/// Means of consecutive readings, about equally many each.
fn batches(series: &[Reading]) -> Vec<Reading> {
    let count = series.len().min(MAX_BATCHES);
    let mean = |part: &[Reading]| {
        let sum = part.iter().fold((0.0, 0.0), |sum, reading| (sum.0 + reading.0, sum.1 + reading.1));
        (sum.0 / part.len() as f64, sum.1 / part.len() as f64)
    };
    let at = |batch: usize| batch * series.len() / count;
    (0..count).map(|batch| mean(&series[at(batch)..at(batch + 1)])).collect()
}

/// Correlation of neighbours around a straight line, 0 to 1: what detrending takes off it,
/// (2 + 4ρ)/n, is given back (Kendall, Biometrika 41, 1954; Marriott & Pope, ibid.).
fn correlation(batches: &[Reading]) -> f64 {
    let n = batches.len() as f64;
    let middle = batches.iter().fold((0.0, 0.0), |sum, at| (sum.0 + at.0 / n, sum.1 + at.1 / n));
    let (mut across, mut along) = (0.0, 0.0);
    for (t, y) in batches {
        across += (t - middle.0) * (y - middle.1);
        along += (t - middle.0).powi(2);
    }
    let residuals: Vec<f64> =
        batches.iter().map(|(t, y)| y - middle.1 - across / along * (t - middle.0)).collect();
    let power: f64 = residuals[..residuals.len() - 1].iter().map(|e| e * e).sum();
    let scale: f64 = batches.iter().map(|(_, y)| y.abs()).fold(0.0, f64::max);
    if power <= n * (scale * 1e-12).powi(2) {
        // On a line but for rounding.
        return 0.0;
    }
    let raw = residuals.windows(2).map(|two| two[0] * two[1]).sum::<f64>() / power;
    let unbiased = ((n * raw + 2.0) / (n - 4.0)).max(0.0);
    if unbiased > 1.0 - NEAR_ONE / n.sqrt() { 1.0 } else { unbiased }
}

/// Generalised least squares with that correlation between neighbours (Prais & Winsten,
/// Cowles Commission Discussion Paper 383, 1954).
fn line(batches: &[Reading], correlation: f64) -> Fit {
    let first = (1.0 - correlation * correlation).sqrt();
    // Each row: what the constant, the time and the value are without their neighbour's part.
    let row = |at: usize| {
        let (t, y) = batches[at];
        match at.checked_sub(1).map(|before| batches[before]) {
            None => (first, first * t, first * y),
            Some((t0, y0)) => (1.0 - correlation, t - correlation * t0, y - correlation * y0),
        }
    };
    // Times and values from their beginning: large ones would cancel.
    let rows: Vec<(f64, f64, f64)> = (0..batches.len()).map(row).collect();
    let origin = batches[0];
    let rows: Vec<(f64, f64, f64)> =
        rows.into_iter().map(|(c, t, y)| (c, t - c * origin.0, y - c * origin.1)).collect();
    let sum = |of: fn(&(f64, f64, f64)) -> f64| rows.iter().map(of).sum::<f64>();
    let (cc, ct, tt) = (sum(|r| r.0 * r.0), sum(|r| r.0 * r.1), sum(|r| r.1 * r.1));
    let (cy, ty) = (sum(|r| r.0 * r.2), sum(|r| r.1 * r.2));
    let determinant = cc * tt - ct * ct;
    let constant = (tt * cy - ct * ty) / determinant;
    let slope = (cc * ty - ct * cy) / determinant;
    let squares: f64 = rows.iter().map(|(c, t, y)| (y - constant * c - slope * t).powi(2)).sum();
    let variance = squares / (batches.len() - 2) as f64;
    Fit { slope, error: (variance * cc / determinant).sqrt(), batches: batches.len() }
}

/// The drift of a random walk: its steps by the time that they took, of batches of so many
/// readings.
fn walk(batches: &[Reading], each: f64) -> Fit {
    let steps: Vec<Reading> =
        batches.windows(2).map(|two| (two[1].0 - two[0].0, two[1].1 - two[0].1)).collect();
    let time: f64 = steps.iter().map(|(t, _)| t).sum();
    let slope = steps.iter().map(|(_, y)| y).sum::<f64>() / time;
    // A walk's variance grows with the time.
    let squares: f64 = steps.iter().map(|(t, y)| (y - slope * t).powi(2) / t).sum();
    // Means of a walk take smaller steps than the walk, each like the one before: of many readings
    // two thirds, by (2m² + 1)/3m² (Working, "Note on the correlation of first differences of
    // averages in a random chain", Econometrica 28, 1960).
    let smoothed = (2.0 * each * each + 1.0) / (3.0 * each * each);
    let variance = squares / (steps.len() - 1) as f64 / smoothed;
    Fit { slope, error: (variance / time).sqrt(), batches: batches.len() }
}

#[cfg(test)]
mod tests;
