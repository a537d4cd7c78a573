//! Units and the one place where numbers become text.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The unit of a measured value and of its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A fraction between 0 and 1, shown as per cent.
    Ratio,
    /// A factor, shown as `12.3x`.
    Times,
    /// Microseconds.
    Microseconds,
    /// Bytes.
    Bytes,
    /// Bytes per hour of the wall: negative where it shrinks.
    BytesPerHour,
    /// A plain count.
    Count,
}

impl Unit {
    /// The value with its unit, short enough for a table.
    pub fn show(self, value: f64) -> String {
        match self {
            Self::Ratio => percent(value),
            Self::Times => times(value),
            Self::Microseconds => micros(value),
            Self::Bytes => bytes(value),
            Self::BytesPerHour => bytes_per_hour(value),
            Self::Count => count(value.round() as u64),
        }
    }

    /// A target as a person would write it: no trailing zeros (`90 %`, `50 ms`).
    pub fn show_target(self, value: f64) -> String {
        let shown = self.show(value);
        let Some(split) = shown.find(|c: char| !(c.is_ascii_digit() || c == '.')) else { return shown };
        let (number, unit) = shown.split_at(split);
        let number =
            if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number };
        format!("{number}{unit}")
    }
}

/// A fraction as per cent with one decimal; two where the first would round a
/// value to 0 or 100 that is neither.
pub fn percent(ratio: f64) -> String {
    let value = ratio * 100.0;
    let one = format!("{value:.1}");
    let rounded_away = (one == "0.0" && value != 0.0) || (one == "100.0" && value != 100.0);
    if rounded_away { format!("{value:.3} %") } else { format!("{one} %") }
}

/// A factor, with fewer decimals the larger it is.
pub fn times(factor: f64) -> String {
    if factor < 10.0 {
        format!("{factor:.2}x")
    } else if factor < 100.0 {
        format!("{factor:.1}x")
    } else {
        format!("{factor:.0}x")
    }
}

/// Microseconds in the unit that reads best, three digits.
pub fn micros(us: f64) -> String {
    let (value, unit) = if us < 1_000.0 {
        (us, "µs")
    } else if us < 1_000_000.0 {
        (us / 1_000.0, "ms")
    } else {
        (us / 1_000_000.0, "s")
    };
    let text = if value >= 100.0 {
        format!("{value:.0}")
    } else if value >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    };
    format!("{text} {unit}")
}

/// Bytes in decimal steps that SPEC-style limits use (1 MB = 1024 x 1024 here,
/// as the service's own limit of 52,428,800 is called 50 MB).
pub fn bytes(value: f64) -> String {
    const KIB: f64 = 1024.0;
    if value < KIB {
        format!("{value:.0} B")
    } else if value < KIB * KIB {
        format!("{:.1} KB", value / KIB)
    } else if value < KIB * KIB * KIB {
        format!("{:.1} MB", value / (KIB * KIB))
    } else {
        format!("{:.1} GB", value / (KIB * KIB * KIB))
    }
}

/// Bytes per hour, with the sign of what shrinks.
pub fn bytes_per_hour(value: f64) -> String {
    let sign = if value < 0.0 { "-" } else { "" };
    format!("{sign}{}/h", bytes(value.abs()))
}

/// A moment of a phase as a clock shows it: `1:20`, `2:05:00`.
pub fn clock(value: Duration) -> String {
    let seconds = value.as_secs_f64().round() as u64;
    let (hours, minutes, seconds) = (seconds / 3600, seconds % 3600 / 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// A count with thousands separators.
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A duration as a person says it: `850 ms`, `20 s`, `2 min 05 s`.
pub fn duration(value: Duration) -> String {
    let seconds = value.as_secs();
    if value < Duration::from_secs(1) {
        format!("{} ms", value.as_millis())
    } else if seconds < 60 {
        if value.subsec_millis() == 0 || seconds >= 10 {
            format!("{seconds} s")
        } else {
            format!("{:.1} s", value.as_secs_f64())
        }
    } else if seconds < 3600 {
        match seconds % 60 {
            0 => format!("{} min", seconds / 60),
            rest => format!("{} min {rest:02} s", seconds / 60),
        }
    } else {
        format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60)
    }
}

/// A duration as whole microseconds.
pub fn to_micros(value: Duration) -> u64 {
    u64::try_from(value.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        let cases = [
            (Unit::Ratio, 0.931, "93.1 %"),
            (Unit::Ratio, 0.99999, "99.999 %"),
            (Unit::Ratio, 1.0, "100.0 %"),
            (Unit::Ratio, 0.0, "0.0 %"),
            (Unit::Times, 9.456, "9.46x"),
            (Unit::Times, 24.04, "24.0x"),
            (Unit::Times, 240.4, "240x"),
            (Unit::Microseconds, 87.0, "87.0 µs"),
            (Unit::Microseconds, 1234.0, "1.23 ms"),
            (Unit::Microseconds, 2_500_000.0, "2.50 s"),
            (Unit::Bytes, 52_428_800.0, "50.0 MB"),
            (Unit::BytesPerHour, 1_048_576.0, "1.0 MB/h"),
            (Unit::BytesPerHour, -2_048.0, "-2.0 KB/h"),
            (Unit::Count, 1_234_567.0, "1,234,567"),
        ];
        for (unit, value, expected) in cases {
            assert_eq!(unit.show(value), expected);
        }
    }

    #[test]
    fn moments_read_as_a_clock_shows_them() {
        for (seconds, expected) in [(0, "0:00"), (80, "1:20"), (3_599, "59:59"), (7_500, "2:05:00")] {
            assert_eq!(clock(Duration::from_secs(seconds)), expected);
        }
    }

    #[test]
    fn targets_lose_their_trailing_zeros() {
        assert_eq!(Unit::Ratio.show_target(0.9), "90 %");
        assert_eq!(Unit::Ratio.show_target(0.001), "0.1 %");
        assert_eq!(Unit::Microseconds.show_target(50_000.0), "50 ms");
        assert_eq!(Unit::Times.show_target(20.0), "20x");
        assert_eq!(Unit::Count.show_target(0.0), "0");
        assert_eq!(Unit::BytesPerHour.show_target(1_048_576.0), "1 MB/h");
    }
}
