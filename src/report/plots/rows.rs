//! One horizontal row per label: a point, its interval and its target. Shared
//! by the charts of hit rate and of speedup.

use super::PlotError;
use super::canvas::{Align, Canvas, Chart, DrawingBackend, HEIGHT, Text, WIDTH};
use super::frame::{Frame, Tick};
use super::palette::{AXIS, BLUE, Marker, RULE, VERMILION};
use crate::units;

/// One row, already on the axis' own (perhaps logarithmic) scale.
pub(super) struct Row {
    pub(super) label: String,
    /// `None` where nothing was measured.
    pub(super) point: Option<Measured>,
    /// Where the target stands, and as text.
    pub(super) target: Option<Tick>,
    pub(super) n: u64,
}

/// A value on the axis, its interval where there is one, and both as text.
pub(super) struct Measured {
    pub(super) at: f64,
    pub(super) interval: Option<(f64, f64)>,
    pub(super) text: String,
}

/// A chart of rows.
pub(super) struct RowChart {
    pub(super) title: &'static str,
    pub(super) rows: Vec<Row>,
    pub(super) x: (f64, f64),
    pub(super) ticks: Vec<Tick>,
    pub(super) axis_name: &'static str,
    /// Vertical lines worth a glance, labelled above the plot.
    pub(super) references: Vec<Tick>,
}

/// Least and greatest height of a row.
const ROW: (f64, f64) = (38.0, 66.0);
const TOP: f64 = 92.0;
const BOTTOM: f64 = 56.0;
const MARGIN: f64 = 20.0;
/// Between a text column and the plot.
const GAP: f64 = 14.0;

impl Chart for RowChart {
    fn size(&self) -> (u32, u32) {
        if self.rows.is_empty() {
            return (WIDTH, HEIGHT);
        }
        let rows = self.rows.len() as f64;
        let usual = (f64::from(HEIGHT) - TOP - BOTTOM) / rows;
        (WIDTH, (TOP + BOTTOM + rows * usual.clamp(ROW.0, ROW.1)).round() as u32)
    }

    fn title(&self) -> String {
        self.title.to_owned()
    }

    fn draw<DB: DrawingBackend>(&self, canvas: &Canvas<DB>) -> Result<(), PlotError> {
        if self.rows.is_empty() {
            return canvas.no_data();
        }
        let frame = self.frame(canvas)?;
        legend(canvas, self.rows.iter().any(|row| row.target.is_some()))?;
        frame.x_axis(canvas, &self.ticks, self.axis_name)?;
        self.draw_references(canvas, &frame)?;
        let step = (frame.bottom - frame.top) / self.rows.len() as f64;
        for (index, row) in self.rows.iter().enumerate() {
            let top = frame.top + index as f64 * step;
            canvas.line(&[(MARGIN, top), (canvas.width() - MARGIN, top)], RULE, 1)?;
            draw_row(canvas, &frame, top + step / 2.0, row)?;
        }
        Ok(())
    }
}

impl RowChart {
    /// Leaves room for the widest label on the left and the numbers on the right.
    fn frame<DB: DrawingBackend>(&self, canvas: &Canvas<DB>) -> Result<Frame, PlotError> {
        let (mut left, mut right) = (60.0_f64, 60.0_f64);
        for row in &self.rows {
            left = left.max(canvas.text_width(&row.label, label_text())?);
            right = right.max(canvas.text_width(&value_text(row), value_style())?);
            right = right.max(canvas.text_width(&size_text(row), size_style())?);
        }
        Ok(Frame {
            left: MARGIN + GAP + left.min(230.0),
            right: canvas.width() - MARGIN - GAP - right.min(260.0),
            top: TOP,
            bottom: canvas.height() - BOTTOM,
            x: self.x,
            y: (0.0, 1.0),
        })
    }

    /// Labels stand above their lines, or away from a neighbour too near for both.
    fn draw_references<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<DB>,
        frame: &Frame,
    ) -> Result<(), PlotError> {
        let near = |a: &Tick, b: &Tick| (frame.x_at(a.0) - frame.x_at(b.0)).abs() < 40.0;
        for (index, reference) in self.references.iter().enumerate() {
            let x = frame.x_at(reference.0);
            canvas.dashed(&[(x, frame.top), (x, frame.bottom)], AXIS, 1, (4, 4))?;
            let after = index > 0 && near(&self.references[index - 1], reference);
            let before = self.references.get(index + 1).is_some_and(|next| near(reference, next));
            let (align, shift) = match (before, after) {
                (true, false) => (Align::Right, 3.0),
                (false, true) => (Align::Left, -3.0),
                (true, true) | (false, false) => (Align::Centre, 0.0),
            };
            canvas.text(&reference.1, (x + shift, frame.top - 11.0), Text::new(13.0).grey().align(align))?;
        }
        Ok(())
    }
}

fn draw_row<DB: DrawingBackend>(
    canvas: &Canvas<DB>,
    frame: &Frame,
    y: f64,
    row: &Row,
) -> Result<(), PlotError> {
    let label = canvas.fit(&row.label, label_text(), frame.left - GAP - MARGIN)?;
    canvas.text(&label, (frame.left - GAP, y), label_text().align(Align::Right))?;
    canvas.text(&value_text(row), (frame.right + GAP, y - 8.0), value_style())?;
    canvas.text(&size_text(row), (frame.right + GAP, y + 9.0), size_style())?;
    if let Some((at, _)) = &row.target {
        let x = frame.x_at(*at);
        canvas.line(&[(x, y - 13.0), (x, y + 13.0)], VERMILION, 3)?;
    }
    let Some(measured) = &row.point else {
        return Ok(());
    };
    if let Some((lo, hi)) = measured.interval {
        whisker(canvas, frame.x_at(lo), frame.x_at(hi), y)?;
    }
    canvas.marker((frame.x_at(measured.at), y), Marker::Disc, BLUE)
}

fn whisker<DB: DrawingBackend>(canvas: &Canvas<DB>, from: f64, to: f64, y: f64) -> Result<(), PlotError> {
    canvas.line(&[(from, y), (to, y)], BLUE, 2)?;
    canvas.line(&[(from, y - 6.0), (from, y + 6.0)], BLUE, 2)?;
    canvas.line(&[(to, y - 6.0), (to, y + 6.0)], BLUE, 2)
}

/// What the marks mean, in a line below the title.
fn legend<DB: DrawingBackend>(canvas: &Canvas<DB>, targets: bool) -> Result<(), PlotError> {
    let y = 54.0;
    canvas.marker((26.0, y), Marker::Disc, BLUE)?;
    canvas.text("measured", (38.0, y), size_style())?;
    whisker(canvas, 124.0, 150.0, y)?;
    canvas.text("interval", (160.0, y), size_style())?;
    if targets {
        canvas.line(&[(236.0, y - 9.0), (236.0, y + 9.0)], VERMILION, 3)?;
        canvas.text("target", (246.0, y), size_style())?;
    }
    Ok(())
}

fn value_text(row: &Row) -> String {
    row.point.as_ref().map_or_else(|| "no data".to_owned(), |measured| measured.text.clone())
}

fn size_text(row: &Row) -> String {
    let n = units::count(row.n);
    match &row.target {
        Some((_, target)) => format!("n = {n} · target {target}"),
        None => format!("n = {n}"),
    }
}

fn label_text() -> Text {
    Text::new(14.0)
}

fn value_style() -> Text {
    Text::new(13.0)
}

fn size_style() -> Text {
    Text::new(12.0).grey()
}
