//! The rectangle data is drawn in: a linear map from data to pixels, with its
//! rules, tick labels and axis names. Logarithms are taken before.

use super::PlotError;
use super::canvas::{Align, Canvas, DrawingBackend, Point, Text};
use super::palette::{AXIS, RULE};

/// A plot area in logical pixels and the data range it shows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
    /// Data at the left and right edge.
    pub(super) x: (f64, f64),
    /// Data at the bottom and top edge.
    pub(super) y: (f64, f64),
}

/// A tick: where on the (already transformed) axis, and what it says.
pub(super) type Tick = (f64, String);

impl Frame {
    /// Data to pixels; what lies outside is drawn at the edge.
    pub(super) fn at(&self, x: f64, y: f64) -> Point {
        (self.x_at(x), self.y_at(y))
    }

    /// The horizontal half of [`Frame::at`].
    pub(super) fn x_at(&self, x: f64) -> f64 {
        self.left + share(x, self.x) * (self.right - self.left)
    }

    /// The vertical half of [`Frame::at`].
    pub(super) fn y_at(&self, y: f64) -> f64 {
        self.bottom - share(y, self.y) * (self.bottom - self.top)
    }

    /// Rules, labels and the name of the horizontal axis.
    pub(super) fn x_axis<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<DB>,
        ticks: &[Tick],
        name: &str,
    ) -> Result<(), PlotError> {
        for (value, label) in ticks {
            let x = self.x_at(*value);
            canvas.line(&[(x, self.top), (x, self.bottom)], RULE, 1)?;
            canvas.line(&[(x, self.bottom), (x, self.bottom + 5.0)], AXIS, 1)?;
            canvas.text(label, (x, self.bottom + 15.0), Text::new(13.0).align(Align::Centre))?;
        }
        canvas.line(&[(self.left, self.bottom), (self.right, self.bottom)], AXIS, 1)?;
        let middle = f64::midpoint(self.left, self.right);
        canvas.text(name, (middle, self.bottom + 37.0), Text::new(13.0).grey().align(Align::Centre))
    }

    /// Rules, labels and (above the axis, lying) the name of the vertical axis.
    pub(super) fn y_axis<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<DB>,
        ticks: &[Tick],
        name: &str,
    ) -> Result<(), PlotError> {
        for (value, label) in ticks {
            let y = self.y_at(*value);
            canvas.line(&[(self.left, y), (self.right, y)], RULE, 1)?;
            canvas.line(&[(self.left - 5.0, y), (self.left, y)], AXIS, 1)?;
            canvas.text(label, (self.left - 9.0, y), Text::new(13.0).align(Align::Right))?;
        }
        canvas.line(&[(self.left, self.top), (self.left, self.bottom)], AXIS, 1)?;
        canvas.text(name, (20.0, self.top - 16.0), Text::new(13.0).grey())
    }
}

fn share(value: f64, (from, to): (f64, f64)) -> f64 {
    if to > from { ((value - from) / (to - from)).clamp(0.0, 1.0) } else { 0.5 }
}
