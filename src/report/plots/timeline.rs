//! Hit rate and latency over the run, one above the other.

use super::axis::{clock, log_range, log_ticks, time_ticks};
use super::canvas::{Align, Canvas, Chart, DrawingBackend, Point, Text, picture};
use super::frame::{Frame, Tick};
use super::palette::{AXIS, BLACK, HIT, Look, MISS, Marker, SHADE};
use super::{Picture, PlotError};
use crate::units::{self, Unit};

/// One stretch of time of the run.
#[derive(Debug, Clone, PartialEq)]
pub struct TimelinePoint {
    /// Seconds since the start.
    pub t_secs: f64,
    /// Hit rate from 0 to 1, where there were reads.
    pub hit_rate: Option<f64>,
    /// Median time of the hits, microseconds, where there were any.
    pub hit_p50_us: Option<f64>,
    /// Median time of the misses, microseconds, where there were any.
    pub miss_p50_us: Option<f64>,
    /// Requests in this stretch.
    pub requests: u64,
}

/// A phase of the scenario.
#[derive(Debug, Clone, PartialEq)]
pub struct PhaseSpan {
    /// Its name.
    pub label: String,
    /// Seconds since the start.
    pub from_secs: f64,
    /// Seconds since the start.
    pub to_secs: f64,
    /// Whether what was seen in it counts; shaded where it does not.
    pub measured: bool,
}

/// Hit rate above, median latency of hits and misses below, phases behind both.
///
/// # Errors
/// [`PlotError`] if the drawing library fails; never for the data.
pub fn timeline(points: &[TimelinePoint], phases: &[PhaseSpan]) -> Result<Picture, PlotError> {
    let mut points: Vec<TimelinePoint> = points.iter().filter(|p| p.t_secs.is_finite()).map(clean).collect();
    points.sort_by(|a, b| a.t_secs.total_cmp(&b.t_secs));
    let phases = phases
        .iter()
        .filter(|p| p.from_secs.is_finite() && p.to_secs.is_finite() && p.to_secs > p.from_secs)
        .cloned()
        .collect();
    picture(&Timeline { points: thin(points), phases })
}

/// What is not a number becomes absent.
fn clean(point: &TimelinePoint) -> TimelinePoint {
    let positive = |us: &f64| us.is_finite() && *us > 0.0;
    TimelinePoint {
        t_secs: point.t_secs,
        hit_rate: point.hit_rate.filter(|rate| rate.is_finite()),
        hit_p50_us: point.hit_p50_us.filter(positive),
        miss_p50_us: point.miss_p50_us.filter(positive),
        requests: point.requests,
    }
}

/// More points than this would share pixels.
const MOST_POINTS: usize = 360;

/// Joins neighbours until at most [`MOST_POINTS`] are left: rates weighted by
/// requests, medians by their middle one.
fn thin(points: Vec<TimelinePoint>) -> Vec<TimelinePoint> {
    if points.len() <= MOST_POINTS {
        return points;
    }
    points.chunks(points.len().div_ceil(MOST_POINTS)).map(join).collect()
}

fn join(chunk: &[TimelinePoint]) -> TimelinePoint {
    let rated = || chunk.iter().filter_map(|p| p.hit_rate.map(|rate| (rate, p.requests.max(1) as f64)));
    let weight: f64 = rated().map(|(_, requests)| requests).sum();
    TimelinePoint {
        t_secs: chunk[chunk.len() / 2].t_secs,
        hit_rate: (weight > 0.0)
            .then(|| rated().map(|(rate, requests)| rate * requests).sum::<f64>() / weight),
        hit_p50_us: middle(chunk.iter().filter_map(|p| p.hit_p50_us)),
        miss_p50_us: middle(chunk.iter().filter_map(|p| p.miss_p50_us)),
        requests: chunk.iter().map(|p| p.requests).sum(),
    }
}

fn middle(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

struct Timeline {
    points: Vec<TimelinePoint>,
    phases: Vec<PhaseSpan>,
}

const RATE: Look = Look { ink: BLACK, marker: Marker::Diamond, dash: None };
const SOLID_MISS: Look = Look { dash: None, ..MISS };

impl Chart for Timeline {
    fn size(&self) -> (u32, u32) {
        (super::canvas::WIDTH, super::canvas::HEIGHT + 60)
    }

    fn title(&self) -> String {
        let requests = self.points.iter().map(|p| p.requests).sum();
        format!("Hit rate and response time over the run ({} requests)", units::count(requests))
    }

    fn draw<DB: DrawingBackend>(&self, canvas: &Canvas<DB>) -> Result<(), PlotError> {
        if self.points.is_empty() {
            return canvas.no_data();
        }
        let above = Frame {
            left: 92.0,
            right: canvas.width() - 30.0,
            top: 80.0,
            bottom: 244.0,
            x: self.span(),
            y: (0.0, 1.0),
        };
        let medians = || self.points.iter().flat_map(|p| [p.hit_p50_us, p.miss_p50_us]).flatten();
        let anchor = medians().next().unwrap_or(1000.0);
        let (lo, hi) = log_range(medians(), (anchor, anchor));
        let hi = hi.max(lo * 10.0);
        let below =
            Frame { top: 300.0, bottom: canvas.height() - 56.0, y: (lo.log10(), hi.log10()), ..above };

        self.draw_phases(canvas, &above, &below)?;
        let percent = [0.0, 0.25, 0.5, 0.75, 1.0].map(|rate| (rate, Unit::Ratio.show_target(rate)));
        above.y_axis(canvas, &percent, "hit rate")?;
        let micros: Vec<Tick> = log_ticks(lo, hi)
            .into_iter()
            .map(|us| (us.log10(), Unit::Microseconds.show_target(us)))
            .collect();
        below.y_axis(canvas, &micros, "median response time (log scale)")?;
        let longest = above.x.1;
        let times: Vec<Tick> =
            time_ticks(above.x.0, longest, 9).into_iter().map(|t| (t, clock(t, longest))).collect();
        above.x_axis(canvas, &times, "")?;
        below.x_axis(canvas, &times, "time since the start of the run")?;

        self.draw_series(canvas, &above, RATE, |p| p.hit_rate)?;
        self.draw_series(canvas, &below, HIT, |p| p.hit_p50_us.map(f64::log10))?;
        self.draw_series(canvas, &below, SOLID_MISS, |p| p.miss_p50_us.map(f64::log10))?;
        legend(canvas, below.right - 150.0, below.top - 16.0, HIT, "hits")?;
        legend(canvas, below.right - 66.0, below.top - 16.0, SOLID_MISS, "misses")
    }
}

impl Timeline {
    /// From the first to the last moment of points and phases.
    fn span(&self) -> (f64, f64) {
        let ends = self
            .points
            .iter()
            .map(|p| p.t_secs)
            .chain(self.phases.iter().flat_map(|p| [p.from_secs, p.to_secs]));
        let (from, to) = ends.fold((0.0_f64, 0.0_f64), |(from, to), t| (from.min(t), to.max(t)));
        (from, if to > from { to } else { from + 1.0 })
    }

    fn draw_phases<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<DB>,
        above: &Frame,
        below: &Frame,
    ) -> Result<(), PlotError> {
        for phase in &self.phases {
            let (from, to) = (above.x_at(phase.from_secs), above.x_at(phase.to_secs));
            for frame in [above, below] {
                if !phase.measured {
                    canvas.rectangle((from, frame.top), (to, frame.bottom), SHADE)?;
                }
                canvas.line(&[(from, frame.top), (from, frame.bottom)], AXIS, 1)?;
            }
            let label =
                if phase.measured { phase.label.clone() } else { format!("{} (not measured)", phase.label) };
            let style = Text::new(12.0).grey().align(Align::Centre);
            let mut fitted = canvas.fit(&label, style, to - from - 4.0)?;
            if !phase.measured && fitted.ends_with('…') {
                fitted = canvas.fit(&phase.label, style, to - from - 4.0)?;
            }
            // A lone ellipsis says nothing.
            if fitted.chars().count() > 2 {
                canvas.text(&fitted, (f64::midpoint(from, to), above.top - 14.0), style)?;
            }
        }
        Ok(())
    }

    /// A line over neighbouring points; a gap where a point has no value.
    fn draw_series<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<DB>,
        frame: &Frame,
        look: Look,
        value: impl Fn(&TimelinePoint) -> Option<f64>,
    ) -> Result<(), PlotError> {
        let mut run: Vec<Point> = Vec::new();
        for point in self.points.iter().map(Some).chain([None]) {
            match point.and_then(|p| value(p).map(|v| frame.at(p.t_secs, v))) {
                Some(pixel) => run.push(pixel),
                None => {
                    draw_run(canvas, &run, look)?;
                    run.clear();
                }
            }
        }
        Ok(())
    }
}

/// Markers stand this far apart along a line, in pixels.
const MARKER_EVERY: f64 = 48.0;

/// One unbroken line. Noisy lines are hard to tell apart by dashes, so the
/// timeline's are solid and carry their marker now and then.
fn draw_run<DB: DrawingBackend>(canvas: &Canvas<DB>, run: &[Point], look: Look) -> Result<(), PlotError> {
    canvas.curve(run, look)?;
    let mut next = f64::NEG_INFINITY;
    for &point in run {
        if point.0 >= next {
            canvas.marker(point, look.marker, look.ink)?;
            next = point.0 + MARKER_EVERY;
        }
    }
    Ok(())
}

fn legend<DB: DrawingBackend>(
    canvas: &Canvas<DB>,
    x: f64,
    y: f64,
    look: Look,
    label: &str,
) -> Result<(), PlotError> {
    canvas.curve(&[(x - 34.0, y), (x - 6.0, y)], look)?;
    canvas.marker((x - 20.0, y), look.marker, look.ink)?;
    canvas.text(label, (x + 2.0, y), Text::new(13.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(t: u32, rate: Option<f64>, requests: u64) -> TimelinePoint {
        TimelinePoint {
            t_secs: f64::from(t),
            hit_rate: rate,
            hit_p50_us: Some(100.0),
            miss_p50_us: None,
            requests,
        }
    }

    #[test]
    fn joined_points_weigh_by_requests_and_keep_what_is_absent() {
        let joined = join(&[point(0, Some(1.0), 30), point(1, Some(0.0), 10), point(2, None, 5)]);
        assert_eq!(joined.hit_rate, Some(0.75));
        assert_eq!((joined.hit_p50_us, joined.miss_p50_us, joined.requests), (Some(100.0), None, 45));
        assert_eq!(join(&[point(0, None, 0)]).hit_rate, None);
    }

    #[test]
    fn a_long_run_is_thinned() {
        let many: Vec<_> = (0..7200).map(|t| point(t, Some(0.5), 1)).collect();
        let thinned = thin(many);
        assert!(thinned.len() <= MOST_POINTS);
        assert_eq!(thinned.iter().map(|p| p.requests).sum::<u64>(), 7200);
    }
}
