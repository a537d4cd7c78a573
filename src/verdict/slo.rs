//! One SLO line as types.

use crate::evidence::Selection;
use crate::units::Unit;
use std::fmt;
use std::time::Duration;

/// One SLO line.
#[derive(Clone, Debug, PartialEq)]
pub struct Slo {
    /// The line as it was written.
    pub text: String,
    /// What is measured.
    pub metric: Metric,
    /// On which part of the evidence.
    pub selection: Selection,
    /// How it is compared.
    pub op: Op,
    /// With what, in the unit's base.
    pub target: f64,
    /// At every moment, over so long before it; over all of the phases where there is none.
    pub window: Option<Duration>,
}

/// What an SLO measures.
#[derive(Clone, Debug, PartialEq)]
pub enum Metric {
    /// Share of cacheable reads that the cache served.
    HitRate,
    /// The same with reads that the browser served on both sides.
    EffectiveHitRate,
    /// Mean uncached over mean cached latency, over pairs.
    Speedup,
    /// A quantile of latency.
    Latency {
        /// 0 to 1.
        quantile: f64,
    },
    /// Mean latency.
    MeanLatency,
    /// Share of database queries that the cache saved.
    DbQueryReduction,
    /// Largest memory that the cache reported.
    MaxMemory {
        /// Of one user, or of all.
        scope: MemoryScope,
    },
    /// Mean time of a store operation, from the target's own histogram.
    MeanStoreOperation {
        /// The operation's name.
        op: String,
    },
    /// Share of requests without a usable answer.
    ErrorRate,
    /// Confirmed violations of an oracle.
    Violations {
        /// The oracle; all of them where none is named.
        oracle: Option<String>,
    },
}

/// Whose memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemoryScope {
    /// The user with the most.
    User,
    /// All entries.
    Total,
}

impl Metric {
    /// The unit of its values.
    pub fn unit(&self) -> Unit {
        match self {
            Self::HitRate | Self::EffectiveHitRate | Self::DbQueryReduction | Self::ErrorRate => Unit::Ratio,
            Self::Speedup => Unit::Times,
            Self::Latency { .. } | Self::MeanLatency | Self::MeanStoreOperation { .. } => Unit::Microseconds,
            Self::MaxMemory { .. } => Unit::Bytes,
            Self::Violations { .. } => Unit::Count,
        }
    }
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `>`
    Above,
    /// `>=`
    AtLeast,
    /// `==`
    Equal,
}

impl Op {
    /// Whether a value meets the target.
    pub fn holds(self, value: f64, target: f64) -> bool {
        match self {
            Self::Below => value < target,
            Self::AtMost => value <= target,
            Self::Above => value > target,
            Self::AtLeast => value >= target,
            Self::Equal => value == target,
        }
    }

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Below => "<",
            Self::AtMost => "<=",
            Self::Above => ">",
            Self::AtLeast => ">=",
            Self::Equal => "==",
        }
    }
}

impl Slo {
    /// The target with its comparison, as a person writes it: `> 90 %`.
    pub fn show_target(&self) -> String {
        format!("{} {}", self.op.as_str(), self.metric.unit().show_target(self.target))
    }
}

impl fmt::Display for Slo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::str::FromStr for Slo {
    type Err = super::SloError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        super::parse::parse(text)
    }
}
