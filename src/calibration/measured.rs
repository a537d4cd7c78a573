//! What is asked of a run, as an SLO line.

use crate::verdict::{Op, Slo};

/// A metric that is put to the test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Measured {
    /// `hit_rate`
    HitRate,
    /// `mean(latency{source="hit"})`
    MeanOfHits,
    /// `p99(latency{source="hit"})`, or another quantile.
    QuantileOfHits(f64),
    /// `speedup`
    Speedup,
}

impl Measured {
    /// The metric as it is written in a scenario.
    #[must_use]
    pub fn text(self) -> String {
        match self {
            Self::HitRate => "hit_rate".into(),
            Self::MeanOfHits => r#"mean(latency{source="hit"})"#.into(),
            Self::QuantileOfHits(q) => format!(r#"p{}(latency{{source="hit"}})"#, 100.0 * q),
            Self::Speedup => "speedup".into(),
        }
    }

    /// A value for people.
    #[must_use]
    pub fn show(self, value: f64) -> String {
        match self {
            Self::HitRate => format!("{:.2} %", 100.0 * value),
            Self::MeanOfHits | Self::QuantileOfHits(_) => format!("{:.3} ms", value / 1e3),
            Self::Speedup => format!("{value:.2}x"),
        }
    }

    /// A width for people: of a share in points.
    #[must_use]
    pub fn show_width(self, width: f64) -> String {
        match self {
            Self::HitRate => format!("{:.2} pt", 100.0 * width),
            Self::MeanOfHits | Self::QuantileOfHits(_) | Self::Speedup => self.show(width),
        }
    }

    /// A line `metric >= target`, the target in the unit's base and not rounded to what can
    /// be written.
    #[must_use]
    pub fn at_least(self, target: f64) -> Slo {
        let unit = match self {
            Self::HitRate => "0%",
            Self::MeanOfHits | Self::QuantileOfHits(_) => "0ms",
            Self::Speedup => "0x",
        };
        let text = format!("{} {} {unit}", self.text(), Op::AtLeast.as_str());
        let mut slo: Slo = text.parse().expect("every metric here can be written as a line");
        slo.target = target;
        slo
    }
}
