//! The door to plotters: backends, fonts and the few strokes charts are made of.
//!
//! All coordinates are logical pixels. The PNG is drawn at twice the size and
//! averaged down, since plotters' bitmap backend does not smooth wide lines.

use std::sync::OnceLock;

pub(super) use plotters::backend::DrawingBackend;
use plotters::backend::{BitMapBackend, SVGBackend};
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea};
use plotters::element::{Circle, DashedPathElement, PathElement, Polygon, Rectangle, Text as TextElement};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontStyle, IntoFont, RGBAColor, ShapeStyle, TextStyle, register_font};

use super::palette::{BLACK, GREY, Ink, Look, Marker, PAPER};
use super::{Picture, PlotError, png};

/// Width of every chart in pixels.
pub(super) const WIDTH: u32 = 900;
/// Usual height of a chart in pixels.
pub(super) const HEIGHT: u32 = 480;
/// The PNG is drawn this many times larger and averaged down.
const SUPERSAMPLING: u32 = 2;
/// Registered under the list an SVG viewer should try: DejaVu's widths are
/// those the layout was made with, Verdana's are the nearest.
const FONT: &str = "DejaVu Sans, Verdana, sans-serif";

/// plotters centres a rasterised line on its full height, with room for accents,
/// which leaves the letters this share of the size too high; SVG centres on the
/// letters.
const RASTER_DROP: f64 = 0.15;

/// Something that can be drawn on any backend.
pub(super) trait Chart {
    /// Width and height in logical pixels.
    fn size(&self) -> (u32, u32) {
        (WIDTH, HEIGHT)
    }

    /// What the chart shows, in one line; the SVG's accessible title as well.
    fn title(&self) -> String;

    /// Draws everything below the title.
    fn draw<DB: DrawingBackend>(&self, canvas: &Canvas<DB>) -> Result<(), PlotError>;
}

/// Draws a chart in both forms.
pub(super) fn picture(chart: &impl Chart) -> Result<Picture, PlotError> {
    fonts()?;
    let (width, height) = chart.size();
    let mut svg = String::new();
    paint(chart, SVGBackend::with_string(&mut svg, (width, height)), 1, 0.0)?;
    let large = (width * SUPERSAMPLING, height * SUPERSAMPLING);
    let mut pixels = vec![0; large.0 as usize * large.1 as usize * 3];
    paint(chart, BitMapBackend::with_buffer(&mut pixels, large), SUPERSAMPLING, RASTER_DROP)?;
    let pixels = png::average(&pixels, large.0 as usize, SUPERSAMPLING as usize);
    Ok(Picture { svg: with_title(&svg, &chart.title()), png: png::encode(&pixels, width, height)? })
}

fn paint<DB: DrawingBackend>(
    chart: &impl Chart,
    backend: DB,
    scale: u32,
    drop: f64,
) -> Result<(), PlotError> {
    let area = backend.into_drawing_area();
    area.fill(&rgba(PAPER))?;
    let canvas = Canvas { area, scale: f64::from(scale), drop, size: chart.size() };
    canvas.text(&chart.title(), (20.0, 24.0), Text::new(18.0).bold())?;
    chart.draw(&canvas)?;
    canvas.area.present()?;
    Ok(())
}

/// Screen readers and browser tooltips take the first `<title>` child.
fn with_title(svg: &str, title: &str) -> String {
    let title = title.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    svg.replacen(">\n", &format!(" role=\"img\">\n<title>{title}</title>\n"), 1)
}

fn fonts() -> Result<(), PlotError> {
    static DONE: OnceLock<bool> = OnceLock::new();
    let done = *DONE.get_or_init(|| {
        register_font(FONT, FontStyle::Normal, dejavu::sans::regular()).is_ok()
            && register_font(FONT, FontStyle::Bold, dejavu::sans::bold()).is_ok()
    });
    if done { Ok(()) } else { Err(PlotError::Font("DejaVu Sans")) }
}

fn rgba(Ink(red, green, blue, opacity): Ink) -> RGBAColor {
    plotters::style::RGBColor(red, green, blue).mix(opacity)
}

impl<E: std::error::Error + Send + Sync> From<DrawingAreaErrorKind<E>> for PlotError {
    fn from(error: DrawingAreaErrorKind<E>) -> Self {
        PlotError::Drawing(error.to_string())
    }
}

/// Where the anchor of a text lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Centre,
    Right,
}

/// How a text is set; vertically it is always centred on its anchor.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text {
    size: f64,
    bold: bool,
    ink: Ink,
    align: Align,
}

impl Text {
    pub(super) fn new(size: f64) -> Self {
        Self { size, bold: false, ink: BLACK, align: Align::Left }
    }

    pub(super) fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    pub(super) fn grey(self) -> Self {
        Self { ink: GREY, ..self }
    }

    pub(super) fn align(self, align: Align) -> Self {
        Self { align, ..self }
    }
}

/// A point in logical pixels.
pub(super) type Point = (f64, f64);

/// What charts draw on.
pub(super) struct Canvas<DB: DrawingBackend> {
    area: DrawingArea<DB, Shift>,
    scale: f64,
    /// How far texts move down, as a share of their size.
    drop: f64,
    size: (u32, u32),
}

impl<DB: DrawingBackend> Canvas<DB> {
    pub(super) fn width(&self) -> f64 {
        f64::from(self.size.0)
    }

    pub(super) fn height(&self) -> f64 {
        f64::from(self.size.1)
    }

    /// One line of text.
    pub(super) fn text(&self, text: &str, at: Point, how: Text) -> Result<(), PlotError> {
        let at = self.at((at.0, at.1 + self.drop * how.size));
        Ok(self.area.draw(&TextElement::new(printable(text), at, self.style(how)))?)
    }

    /// How wide a text will be, in logical pixels.
    pub(super) fn text_width(&self, text: &str, how: Text) -> Result<f64, PlotError> {
        let (width, _) = self.area.estimate_text_size(&printable(text), &self.style(how))?;
        Ok(f64::from(width) / self.scale)
    }

    /// The text itself, or its beginning and an ellipsis where it is too wide.
    pub(super) fn fit(&self, text: &str, how: Text, width: f64) -> Result<String, PlotError> {
        let mut fitted = printable(text);
        if self.text_width(&fitted, how)? <= width {
            return Ok(fitted);
        }
        while fitted.pop().is_some() {
            let shorter = format!("{}…", fitted.trim_end());
            if self.text_width(&shorter, how)? <= width {
                return Ok(shorter);
            }
        }
        Ok(String::new())
    }

    /// A line through points.
    pub(super) fn line(&self, points: &[Point], ink: Ink, width: u32) -> Result<(), PlotError> {
        let points: Vec<_> = points.iter().map(|&p| self.at(p)).collect();
        Ok(self.area.draw(&PathElement::new(points, self.stroke(ink, width)))?)
    }

    /// A dashed line through points.
    pub(super) fn dashed(
        &self,
        points: &[Point],
        ink: Ink,
        width: u32,
        dash: (u32, u32),
    ) -> Result<(), PlotError> {
        let points: Vec<_> = points.iter().map(|&p| self.at(p)).collect();
        let (on, off) = (self.pixels(dash.0), self.pixels(dash.1));
        Ok(self.area.draw(&DashedPathElement::new(points, on, off, self.stroke(ink, width)))?)
    }

    /// A line through points in the look of a series; one point has no line.
    pub(super) fn curve(&self, points: &[Point], look: Look) -> Result<(), PlotError> {
        match (points.len() > 1, look.dash) {
            (false, _) => Ok(()),
            (true, None) => self.line(points, look.ink, 2),
            (true, Some(dash)) => self.dashed(points, look.ink, 2, dash),
        }
    }

    /// A filled rectangle between two corners.
    pub(super) fn rectangle(&self, from: Point, to: Point, ink: Ink) -> Result<(), PlotError> {
        Ok(self.area.draw(&Rectangle::new([self.at(from), self.at(to)], rgba(ink).filled()))?)
    }

    /// The marker of a series at a point.
    pub(super) fn marker(&self, (x, y): Point, marker: Marker, ink: Ink) -> Result<(), PlotError> {
        let fill = rgba(ink).filled();
        let polygon = |corners: &[Point]| {
            let corners: Vec<_> = corners.iter().map(|&(dx, dy)| self.at((x + dx, y + dy))).collect();
            self.area.draw(&Polygon::new(corners, fill))
        };
        match marker {
            Marker::Disc => self.area.draw(&Circle::new(self.at((x, y)), self.pixels(5), fill))?,
            Marker::Ring => {
                self.area.draw(&Circle::new(self.at((x, y)), self.pixels(5), fill))?;
                self.area.draw(&Circle::new(self.at((x, y)), self.pixels(3), rgba(PAPER).filled()))?;
            }
            Marker::Square => polygon(&[(-4.0, -4.0), (4.0, -4.0), (4.0, 4.0), (-4.0, 4.0)])?,
            Marker::Triangle => polygon(&[(0.0, -6.0), (5.0, 4.0), (-5.0, 4.0)])?,
            Marker::Diamond => polygon(&[(0.0, -6.0), (6.0, 0.0), (0.0, 6.0), (-6.0, 0.0)])?,
        }
        Ok(())
    }

    /// Says in the middle of the chart that there is nothing to draw.
    pub(super) fn no_data(&self) -> Result<(), PlotError> {
        let middle = (self.width() / 2.0, self.height() / 2.0);
        self.text("no data", middle, Text::new(22.0).grey().align(Align::Centre))
    }

    fn at(&self, (x, y): Point) -> (i32, i32) {
        ((x * self.scale).round() as i32, (y * self.scale).round() as i32)
    }

    fn pixels(&self, length: u32) -> i32 {
        (f64::from(length) * self.scale).round() as i32
    }

    fn stroke(&self, ink: Ink, width: u32) -> ShapeStyle {
        rgba(ink).stroke_width(self.pixels(width).unsigned_abs())
    }

    fn style(&self, how: Text) -> TextStyle<'static> {
        let style = if how.bold { FontStyle::Bold } else { FontStyle::Normal };
        let horizontal = match how.align {
            Align::Left => HPos::Left,
            Align::Centre => HPos::Center,
            Align::Right => HPos::Right,
        };
        (FONT, how.size * self.scale, style)
            .into_font()
            .color(&rgba(how.ink))
            .pos(Pos::new(horizontal, VPos::Center))
    }
}

/// Labels come from scenarios: control characters are not allowed in XML and
/// would break the line here.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
