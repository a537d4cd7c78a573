//! Latency by percentile, one curve per source.

use super::axis::{log_range, log_ticks, nines};
use super::canvas::{Align, Canvas, Chart, DrawingBackend, Point, Text, picture};
use super::frame::{Frame, Tick};
use super::palette::{Look, MOST_SERIES, series};
use super::{Picture, PlotError};
use crate::units::{self, Unit};

/// The latencies of one source (hit, miss, …).
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Which source.
    pub label: String,
    /// Responses it rests on.
    pub n: u64,
    /// (share of responses that were no slower, from 0 to 1; microseconds),
    /// in any order.
    pub points: Vec<(f64, f64)>,
}

/// Latency against percentile, both axes logarithmic: every nine of the
/// percentile is as wide as the one before (HdrHistogram's axis), and hits and
/// misses that are orders of magnitude apart are both legible.
///
/// # Errors
/// [`PlotError`] if the drawing library fails; never for the data.
pub fn latency(curves: &[Curve]) -> Result<Picture, PlotError> {
    let (drawn, left_out) = curves.split_at(curves.len().min(MOST_SERIES));
    let curves = drawn.iter().map(Line::of).collect();
    picture(&LatencyChart { curves, left_out: left_out.len() })
}

/// A curve with its points on the chart's axes.
struct Line {
    label: String,
    n: u64,
    /// (nines, log10 of microseconds), sorted, thinned.
    points: Vec<(f64, f64)>,
}

/// More points than this on a curve are closer together than pixels.
const MOST_POINTS: usize = 300;

impl Line {
    fn of(curve: &Curve) -> Self {
        let mut points: Vec<(f64, f64)> = curve
            .points
            .iter()
            .filter(|(q, us)| (0.0..=1.0).contains(q) && us.is_finite() && *us > 0.0)
            .map(|&(q, us)| (nines(q, curve.n), us.log10()))
            .collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        Self { label: curve.label.clone(), n: curve.n, points: thin(points) }
    }
}

/// At most [`MOST_POINTS`], evenly spread along the axis, ends kept.
fn thin(points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return points };
    if points.len() <= MOST_POINTS {
        return points;
    }
    let (start, end) = (first.0, last.0);
    let step = (end - start) / (MOST_POINTS - 2) as f64;
    let mut kept: Vec<(f64, f64)> = Vec::with_capacity(MOST_POINTS);
    for point in points {
        if kept.last().is_none_or(|kept| point.0 - kept.0 >= step) || point.0 >= end {
            kept.push(point);
        }
    }
    kept
}

struct LatencyChart {
    curves: Vec<Line>,
    left_out: usize,
}

impl Chart for LatencyChart {
    fn title(&self) -> String {
        "Response time by percentile".to_owned()
    }

    fn draw<DB: DrawingBackend>(&self, canvas: &Canvas<DB>) -> Result<(), PlotError> {
        if self.curves.is_empty() {
            return canvas.no_data();
        }
        let (lo, hi) = log_range(self.points().map(|p| 10f64.powf(p.1)), (1000.0, 1000.0));
        let frame = Frame {
            left: 92.0,
            right: canvas.width() - 210.0,
            top: 76.0,
            bottom: canvas.height() - 56.0,
            x: (0.0, self.points().map(|p| p.0).fold(2.0, f64::max)),
            y: (lo.log10(), hi.max(lo * 10.0).log10()),
        };
        let micros = |us: f64| (us.log10(), Unit::Microseconds.show_target(us));
        let y_ticks: Vec<Tick> = log_ticks(lo, hi.max(lo * 10.0)).into_iter().map(micros).collect();
        frame.y_axis(canvas, &y_ticks, "response time to the last byte (log scale)")?;
        let x_ticks: Vec<Tick> = PERCENTILES
            .into_iter()
            .map(|(q, label)| (nines(q, u64::MAX), label.to_owned()))
            .filter(|tick| tick.0 <= frame.x.1 + 1e-9)
            .collect();
        frame.x_axis(canvas, &x_ticks, "percentile (each further nine is equally wide)")?;
        for (index, curve) in self.curves.iter().enumerate() {
            draw_curve(canvas, &frame, curve, series(index))?;
            self.legend(canvas, &frame, index)?;
        }
        if self.points().next().is_none() {
            let middle = frame.at(frame.x.1 / 2.0, f64::midpoint(frame.y.0, frame.y.1));
            canvas.text("no data", middle, Text::new(22.0).grey().align(Align::Centre))?;
        }
        if self.left_out > 0 {
            let y = frame.top + 10.0 + 44.0 * self.curves.len() as f64;
            canvas.text(
                &format!("and {} more, not drawn", self.left_out),
                (frame.right + 24.0, y),
                small(),
            )?;
        }
        Ok(())
    }
}

const PERCENTILES: [(f64, &str); 8] = [
    (0.0, "0"),
    (0.5, "50"),
    (0.75, "75"),
    (0.9, "90"),
    (0.99, "99"),
    (0.999, "99.9"),
    (0.9999, "99.99"),
    (0.99999, "99.999"),
];

impl LatencyChart {
    fn points(&self) -> impl Iterator<Item = (f64, f64)> {
        self.curves.iter().flat_map(|curve| curve.points.iter().copied())
    }

    fn legend<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<DB>,
        frame: &Frame,
        index: usize,
    ) -> Result<(), PlotError> {
        let (curve, look) = (&self.curves[index], series(index));
        let (x, y) = (frame.right + 24.0, frame.top + 10.0 + 44.0 * index as f64);
        canvas.curve(&[(x, y), (x + 34.0, y)], look)?;
        canvas.marker((x + 17.0, y), look.marker, look.ink)?;
        let label = canvas.fit(&curve.label, Text::new(14.0), canvas.width() - x - 44.0 - 10.0)?;
        canvas.text(&label, (x + 44.0, y), Text::new(14.0))?;
        let n = format!("n = {}", units::count(curve.n));
        let n = if curve.points.is_empty() { format!("{n}, no data") } else { n };
        canvas.text(&n, (x + 44.0, y + 17.0), small())
    }
}

fn small() -> Text {
    Text::new(12.0).grey()
}

/// The line, and a marker at each labelled percentile that it reaches.
fn draw_curve<DB: DrawingBackend>(
    canvas: &Canvas<DB>,
    frame: &Frame,
    curve: &Line,
    look: Look,
) -> Result<(), PlotError> {
    let pixels: Vec<Point> = curve.points.iter().map(|&(x, y)| frame.at(x, y)).collect();
    canvas.curve(&pixels, look)?;
    if let [only] = pixels[..] {
        return canvas.marker(only, look.marker, look.ink);
    }
    for (q, _) in PERCENTILES {
        let x = nines(q, u64::MAX);
        if let Some(y) = interpolate(&curve.points, x) {
            canvas.marker(frame.at(x, y), look.marker, look.ink)?;
        }
    }
    Ok(())
}

/// The curve's height at x, `None` where it does not reach.
fn interpolate(points: &[(f64, f64)], x: f64) -> Option<f64> {
    points.windows(2).find(|pair| pair[0].0 <= x && x <= pair[1].0 + 1e-9).map(|pair| {
        let [(x0, y0), (x1, y1)] = [pair[0], pair[1]];
        if x1 > x0 { y0 + (y1 - y0) * ((x - x0) / (x1 - x0)).min(1.0) } else { y1 }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinning_keeps_the_ends_and_the_order() {
        let many: Vec<(f64, f64)> = (0..50_000).map(|i| (f64::from(i) / 1e4, f64::from(i))).collect();
        let kept = thin(many.clone());
        assert!(kept.len() <= MOST_POINTS + 1 && kept.len() > 200, "{}", kept.len());
        assert_eq!((kept.first(), kept.last()), (many.first(), many.last()));
        assert!(kept.windows(2).all(|w| w[0].0 < w[1].0));
    }

    #[test]
    fn a_curve_is_read_only_where_it_reaches() {
        let points = [(0.0, 1.0), (1.0, 2.0), (2.0, 4.0)];
        assert_eq!(interpolate(&points, 0.5), Some(1.5));
        assert_eq!(interpolate(&points, 2.0), Some(4.0));
        assert_eq!(interpolate(&points, 2.5), None);
        assert_eq!(interpolate(&[], 1.0), None);
    }
}
