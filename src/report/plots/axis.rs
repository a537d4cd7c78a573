//! Where the ticks go. Pure.

/// Ticks of a logarithmic axis from `lo` to `hi`, both above zero: 1, 2, 5 per
/// decade over a short range, every decade over a longer one, every few over a
/// very long one.
pub(super) fn log_ticks(lo: f64, hi: f64) -> Vec<f64> {
    let (first, last) = (lo.log10().floor() as i32, hi.log10().ceil() as i32);
    let decades = hi.log10() - lo.log10();
    let steps: &[f64] = if decades <= 3.5 { &[1.0, 2.0, 5.0] } else { &[1.0] };
    let every = if decades > 9.0 { (decades / 9.0).ceil() as usize } else { 1 };
    (first..=last)
        .step_by(every)
        .flat_map(|decade| steps.iter().map(move |step| step * 10f64.powi(decade)))
        .filter(|&tick| tick >= lo * 0.999_999 && tick <= hi * 1.000_001)
        .collect()
}

/// A logarithmic range around positive values that reaches to the next 1, 2 or
/// 5 on both sides and holds `at_least`.
pub(super) fn log_range(values: impl Iterator<Item = f64>, at_least: (f64, f64)) -> (f64, f64) {
    let (mut lo, mut hi) = at_least;
    for value in values.filter(|v| v.is_finite() && *v > 0.0) {
        lo = lo.min(value);
        hi = hi.max(value);
    }
    (step_below(lo), 1.0 / step_below(1.0 / hi))
}

/// The largest of 1, 2, 5 times a power of ten that does not exceed `value`.
fn step_below(value: f64) -> f64 {
    let value = value.clamp(1e-12, 1e15);
    let decade = 10f64.powf(value.log10().floor());
    let step = [5.0, 2.0, 1.0].into_iter().find(|step| step * decade <= value * 1.000_001);
    step.unwrap_or(1.0) * decade
}

/// About `count` round ticks of a linear axis of seconds from `lo` to `hi`.
pub(super) fn time_ticks(lo: f64, hi: f64, count: usize) -> Vec<f64> {
    const STEPS: [f64; 18] = [
        0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0,
        7200.0, 14_400.0,
    ];
    let wanted = (hi - lo) / count.max(1) as f64;
    let step = STEPS
        .into_iter()
        .find(|&step| step >= wanted)
        .unwrap_or_else(|| (wanted / 14_400.0).ceil() * 14_400.0);
    let (first, last) = ((lo / step).ceil() as i64, (hi / step).floor() as i64);
    (first..=last).map(|i| i as f64 * step).collect()
}

/// A tick of an axis of seconds: `45 s`, `2:30`, `1:05:00`.
pub(super) fn clock(seconds: f64, longest: f64) -> String {
    let tenths = (seconds * 10.0).round() as i64;
    let whole = tenths / 10;
    let (h, m, s) = (whole / 3600, whole % 3600 / 60, whole % 60);
    if longest >= 3600.0 {
        format!("{h}:{m:02}:{s:02}")
    } else if longest >= 120.0 {
        format!("{m}:{s:02}")
    } else if tenths % 10 == 0 {
        format!("{whole} s")
    } else {
        format!("{}.{} s", whole, tenths % 10)
    }
}

/// A share q of samples below, on HdrHistogram's axis: equal distance for each
/// nine, log10(1/(1 − q)). The largest of n samples stands at q = 1 − 1/n.
pub(super) fn nines(q: f64, n: u64) -> f64 {
    let rest = (1.0 - q).max(1.0 / (n.max(2) as f64)).clamp(1e-9, 1.0);
    -rest.log10()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_log_axes_show_steps_and_long_ones_decades() {
        assert_eq!(log_ticks(1.0, 50.0), vec![1.0, 2.0, 5.0, 10.0, 20.0, 50.0]);
        assert_eq!(log_ticks(1.0, 1e5).len(), 6);
        assert!(log_ticks(1e-12, 1e15).len() <= 12);
    }

    #[test]
    fn ranges_reach_to_the_next_round_step() {
        let (lo, hi) = log_range([3.0, 170.0].into_iter(), (10.0, 100.0));
        assert!((lo - 2.0).abs() < 1e-9 && (hi - 200.0).abs() < 1e-6, "{lo} {hi}");
        let (lo, hi) = log_range([f64::NAN, -1.0, 0.0, f64::INFINITY].into_iter(), (1.0, 10.0));
        assert!((lo - 1.0).abs() < 1e-9 && (hi - 10.0).abs() < 1e-9, "{lo} {hi}");
    }

    #[test]
    fn times_are_written_as_clocks() {
        assert_eq!(clock(45.0, 100.0), "45 s");
        assert_eq!(clock(0.5, 2.0), "0.5 s");
        assert_eq!(clock(150.0, 600.0), "2:30");
        assert_eq!(clock(3900.0, 7200.0), "1:05:00");
        assert_eq!(time_ticks(0.0, 120.0, 8), vec![0.0, 15.0, 30.0, 45.0, 60.0, 75.0, 90.0, 105.0, 120.0]);
        assert!(time_ticks(0.0, 1e7, 8).len() <= 9);
    }

    #[test]
    fn each_nine_is_equally_far() {
        for (q, at) in [(0.0, 0.0), (0.9, 1.0), (0.99, 2.0), (0.999, 3.0)] {
            assert!((nines(q, 1_000_000) - at).abs() < 1e-9);
        }
        assert!((nines(1.0, 1000) - 3.0).abs() < 1e-9);
        assert!(nines(2.0, 0).is_finite() && nines(-1.0, 5) >= 0.0);
    }
}
