//! Colours, markers and dashes.
//!
//! The colours are Okabe & Ito's ("Color Universal Design", 2008), told apart
//! by readers with any of the common colour deficiencies. No series relies on
//! colour alone: in print and in grey the marker and the dash still tell.

/// Red, green, blue, opacity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ink(pub(super) u8, pub(super) u8, pub(super) u8, pub(super) f64);

pub(super) const PAPER: Ink = Ink(255, 255, 255, 1.0);
pub(super) const BLACK: Ink = Ink(30, 30, 30, 1.0);
pub(super) const GREY: Ink = Ink(100, 100, 100, 1.0);
pub(super) const RULE: Ink = Ink(222, 222, 222, 1.0);
pub(super) const AXIS: Ink = Ink(130, 130, 130, 1.0);
pub(super) const SHADE: Ink = Ink(236, 236, 236, 1.0);
pub(super) const BLUE: Ink = Ink(0, 114, 178, 1.0);
pub(super) const VERMILION: Ink = Ink(213, 94, 0, 1.0);
const GREEN: Ink = Ink(0, 158, 115, 1.0);
const PURPLE: Ink = Ink(204, 121, 167, 1.0);
const ORANGE: Ink = Ink(230, 159, 0, 1.0);
const SKY: Ink = Ink(86, 180, 233, 1.0);

/// The shape at a data point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marker {
    Disc,
    Square,
    Triangle,
    Diamond,
    Ring,
}

/// How one series looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Look {
    pub(super) ink: Ink,
    pub(super) marker: Marker,
    /// Length of dash and gap in pixels; `None` is a solid line.
    pub(super) dash: Option<(u32, u32)>,
}

pub(super) const HIT: Look = Look { ink: BLUE, marker: Marker::Disc, dash: None };
pub(super) const MISS: Look = Look { ink: VERMILION, marker: Marker::Square, dash: Some((8, 4)) };

const SERIES: [Look; 7] = [
    HIT,
    MISS,
    Look { ink: GREEN, marker: Marker::Triangle, dash: Some((2, 3)) },
    Look { ink: PURPLE, marker: Marker::Diamond, dash: Some((14, 4)) },
    Look { ink: BLACK, marker: Marker::Ring, dash: None },
    Look { ink: ORANGE, marker: Marker::Square, dash: Some((5, 3)) },
    Look { ink: SKY, marker: Marker::Triangle, dash: None },
];

/// How many series are told apart; more than these are not drawn together.
pub(super) const MOST_SERIES: usize = SERIES.len();

/// The look of the i-th series.
pub(super) fn series(index: usize) -> Look {
    SERIES[index % SERIES.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_series_look_alike_in_grey() {
        for (i, a) in SERIES.iter().enumerate() {
            for b in &SERIES[i + 1..] {
                assert!((a.marker, a.dash) != (b.marker, b.dash), "{a:?} {b:?}");
            }
        }
    }
}
