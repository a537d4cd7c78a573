//! Each SLO line over the runs of a folder, one below the other.

use super::axis::log_ticks;
use super::canvas::{Align, Canvas, Chart, DrawingBackend, Text, WIDTH, picture};
use super::frame::{Frame, Tick};
use super::palette::{AXIS, BLACK, BLUE, Marker, PAPER, SHADE, VERMILION};
use super::{Picture, PlotError};
use crate::compare::{Track, Trend, TrendPoint};
use crate::units::Unit;

/// Height of one line's panel, and what the title and the axis of runs take.
const PANEL: f64 = 150.0;
const TOP: f64 = 64.0;
const BOTTOM: f64 = 96.0;
/// Between a panel's title and its plot.
const HEAD: f64 = 30.0;
/// Runs are named below the plot as long as so many have room.
const NAMED: usize = 12;

/// One panel a line: values with intervals, the target, and where the values become others.
///
/// # Errors
/// [`PlotError`] if the drawing library fails; never for the data.
pub fn trend(trend: &Trend) -> Result<Picture, PlotError> {
    picture(&TrendChart { trend })
}

struct TrendChart<'t> {
    trend: &'t Trend,
}

impl Chart for TrendChart<'_> {
    fn size(&self) -> (u32, u32) {
        let panels = self.trend.tracks.len().max(1) as f64;
        (WIDTH, (TOP + BOTTOM + panels * PANEL).round() as u32)
    }

    fn title(&self) -> String {
        format!("{} over {} runs", self.trend.scenario, self.trend.runs.len())
    }

    fn draw<DB: DrawingBackend>(&self, canvas: &Canvas<DB>) -> Result<(), PlotError> {
        if self.trend.tracks.is_empty() {
            return canvas.no_data();
        }
        legend(canvas)?;
        let runs = self.trend.runs.len();
        for (index, track) in self.trend.tracks.iter().enumerate() {
            let top = TOP + index as f64 * PANEL + HEAD;
            let range = Range::of(track);
            let frame = Frame {
                left: 92.0,
                right: canvas.width() - 24.0,
                top,
                bottom: top + PANEL - HEAD - 16.0,
                x: (-0.6, runs as f64 - 0.4),
                y: (range.place(range.lo), range.place(range.hi)),
            };
            panel(canvas, &frame, track, &range)?;
            if index + 1 == self.trend.tracks.len() {
                self.runs(canvas, &frame)?;
            }
        }
        Ok(())
    }
}

impl TrendChart<'_> {
    /// The days of the runs below the last panel; of many runs, some.
    fn runs<DB: DrawingBackend>(&self, canvas: &Canvas<DB>, frame: &Frame) -> Result<(), PlotError> {
        let runs = &self.trend.started_at;
        let every = runs.len().div_ceil(NAMED).max(1);
        let style = Text::new(12.0).align(Align::Centre);
        for (index, began) in runs.iter().enumerate().step_by(every) {
            let x = frame.x_at(index as f64);
            let (day, time) = (began.get(5..10).unwrap_or(began), began.get(11..16).unwrap_or(""));
            canvas.line(&[(x, frame.bottom), (x, frame.bottom + 5.0)], AXIS, 1)?;
            canvas.text(day, (x, frame.bottom + 16.0), style)?;
            canvas.text(time, (x, frame.bottom + 31.0), style.grey())?;
        }
        let year = runs.last().and_then(|began| began.get(..4)).unwrap_or("");
        let name = format!("run by the day and time (UTC) it began, the last in {year}");
        let middle = f64::midpoint(frame.left, frame.right);
        canvas.text(&name, (middle, frame.bottom + 56.0), Text::new(13.0).grey().align(Align::Centre))
    }
}

/// The values that a panel shows; times and the like on logarithms.
struct Range {
    lo: f64,
    hi: f64,
    logs: bool,
}

impl Range {
    /// Around all values, their intervals and the target, with some air. An interval far wider
    /// than all values must not flatten the rest: it is cut at the edge.
    fn of(track: &Track) -> Self {
        let values: Vec<f64> = track.points.iter().map(|point| point.value).chain([track.target]).collect();
        let logs = match track.unit {
            Unit::Times | Unit::Microseconds | Unit::Bytes => values.iter().all(|value| *value > 0.0),
            Unit::Ratio | Unit::Count | Unit::BytesPerHour => false,
        };
        let range = Self { lo: 0.0, hi: 0.0, logs };
        let ends = |values: &[f64]| {
            let placed = || values.iter().map(|value| range.place(*value)).filter(|at| at.is_finite());
            (placed().fold(f64::INFINITY, f64::min), placed().fold(f64::NEG_INFINITY, f64::max))
        };
        let (least, most) = ends(&values);
        let span = (most - least).max(most.abs() * 0.02).max(1e-6);
        let intervals: Vec<f64> = track.points.iter().filter_map(|point| point.interval).flatten().collect();
        let (lo, hi) = ends(&intervals);
        let (lo, hi) =
            (lo.clamp(least - span, least) - span * 0.08, hi.clamp(most, most + span) + span * 0.08);
        let back = |at: f64| if logs { at.exp() } else { at };
        let (mut lo, mut hi) = (back(lo), back(hi));
        if track.unit == Unit::Ratio {
            (lo, hi) = (lo.max(0.0), hi.min(1.0));
        }
        Self { lo, hi, logs }
    }

    fn place(&self, value: f64) -> f64 {
        if self.logs { value.max(f64::MIN_POSITIVE).ln() } else { value }
    }

    /// Round values with room between their labels.
    fn ticks(&self, unit: Unit) -> Vec<Tick> {
        let values = if self.logs { log_ticks(self.lo, self.hi) } else { round_ticks(self.lo, self.hi) };
        let every = values.len().div_ceil(MOST_TICKS).max(1);
        let shown = values.into_iter().step_by(every);
        shown.map(|value| (self.place(value), unit.show_target(value))).collect()
    }
}

/// Labels of a panel's axis at most.
const MOST_TICKS: usize = 4;

/// Two to six values 1, 2 or 5 times a power of ten apart.
fn round_ticks(lo: f64, hi: f64) -> Vec<f64> {
    let wanted = (hi - lo) / MOST_TICKS as f64;
    if !(wanted > 0.0 && wanted.is_finite()) {
        return vec![lo];
    }
    let decade = 10f64.powf(wanted.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|step| step * decade).find(|step| *step >= wanted);
    let step = step.unwrap_or(10.0 * decade);
    let (first, last) = ((lo / step).ceil() as i64, (hi / step).floor() as i64);
    (first..=last).map(|at| at as f64 * step).collect()
}

fn panel<DB: DrawingBackend>(
    canvas: &Canvas<DB>,
    frame: &Frame,
    track: &Track,
    range: &Range,
) -> Result<(), PlotError> {
    let right = frame.right;
    shade(canvas, frame, track)?;
    frame.y_axis(canvas, &range.ticks(track.unit), "")?;
    canvas.line(&[(frame.left, frame.bottom), (right, frame.bottom)], AXIS, 1)?;
    let target = frame.y_at(range.place(track.target));
    canvas.dashed(&[(frame.left, target), (right, target)], VERMILION, 2, (6, 4))?;
    let title = canvas.fit(&track.line, Text::new(14.0).bold(), right - frame.left - 10.0)?;
    canvas.text(&title, (frame.left, frame.top - 14.0), Text::new(14.0).bold())?;
    for point in &track.points {
        draw(canvas, frame, point, range)?;
    }
    for shift in &track.shifts {
        let x = frame.x_at(shift.run as f64 - 0.5);
        canvas.line(&[(x, frame.top - 4.0), (x, frame.bottom)], BLACK, 2)?;
        let text = format!("{} → {}", track.unit.show(shift.before), track.unit.show(shift.after));
        let style = Text::new(12.0);
        let width = canvas.text_width(&text, style)?;
        let (at, align) =
            if x + width + 8.0 > right { (x - 6.0, Align::Right) } else { (x + 6.0, Align::Left) };
        // Away from the values: below where they are high, above where they are low.
        let high = frame.y_at(range.place(shift.after)) < f64::midpoint(frame.top, frame.bottom);
        let y = if high { frame.bottom - 10.0 } else { frame.top + 8.0 };
        // A ground of its own, where it lies on the target's line.
        let from = if align == Align::Right { at - width } else { at };
        let ground = if align == Align::Right { PAPER } else { SHADE };
        canvas.rectangle((from - 2.0, y - 8.0), (from + width + 2.0, y + 8.0), ground)?;
        canvas.text(&text, (at, y), style.align(align))?;
    }
    Ok(())
}

/// Every other stretch between changes has a ground of its own.
fn shade<DB: DrawingBackend>(canvas: &Canvas<DB>, frame: &Frame, track: &Track) -> Result<(), PlotError> {
    let cuts: Vec<f64> = track.shifts.iter().map(|shift| frame.x_at(shift.run as f64 - 0.5)).collect();
    let ends: Vec<f64> = cuts.into_iter().chain([frame.right]).collect();
    for stretch in ends.windows(2).step_by(2) {
        canvas.rectangle((stretch[0], frame.top), (stretch[1], frame.bottom), SHADE)?;
    }
    Ok(())
}

fn draw<DB: DrawingBackend>(
    canvas: &Canvas<DB>,
    frame: &Frame,
    point: &TrendPoint,
    range: &Range,
) -> Result<(), PlotError> {
    let x = frame.x_at(point.run as f64);
    if let Some([lo, hi]) = point.interval {
        let (from, to) = (frame.y_at(range.place(lo)), frame.y_at(range.place(hi)));
        canvas.line(&[(x, from), (x, to)], BLUE, 2)?;
        for (end, cut) in [(from, lo < range.lo), (to, hi > range.hi)] {
            // An end that lies outside has no cap.
            if !cut {
                canvas.line(&[(x - 4.0, end), (x + 4.0, end)], BLUE, 2)?;
            }
        }
    }
    let marker = match point.judgement {
        crate::verdict::Judgement::Pass => Marker::Disc,
        crate::verdict::Judgement::Fail => Marker::Square,
        crate::verdict::Judgement::Inconclusive => Marker::Ring,
    };
    let ink = if marker == Marker::Square { VERMILION } else { BLUE };
    canvas.marker((x, frame.y_at(range.place(point.value))), marker, ink)
}

fn legend<DB: DrawingBackend>(canvas: &Canvas<DB>) -> Result<(), PlotError> {
    let y = 52.0;
    let text = Text::new(12.0).grey();
    for (x, marker, ink, label) in [
        (26.0, Marker::Disc, BLUE, "passed"),
        (106.0, Marker::Square, VERMILION, "failed"),
        (180.0, Marker::Ring, BLUE, "open, with its interval"),
    ] {
        canvas.marker((x, y), marker, ink)?;
        canvas.text(label, (x + 11.0, y), text)?;
    }
    canvas.dashed(&[(348.0, y), (378.0, y)], VERMILION, 2, (6, 4))?;
    canvas.text("target", (386.0, y), text)?;
    canvas.line(&[(446.0, y - 8.0), (446.0, y + 8.0)], BLACK, 2)?;
    canvas.text("from here on it is otherwise", (454.0, y), text)
}
