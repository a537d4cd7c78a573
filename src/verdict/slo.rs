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
    /// Over windows of so long; over all of the phases where there is none.
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
    /// A quantile of the time from the intended start, where requests arrive by the clock.
    ResponseTime {
        /// 0 to 1.
        quantile: f64,
    },
    /// Mean time from the intended start.
    MeanResponseTime,
    /// How many times too fast an error budget is spent, over the worst window.
    BurnRate {
        /// What is spent.
        of: Burn,
        /// The share that may be bad in the long run, 0 to 1.
        budget: f64,
    },
    /// Largest memory that was told.
    MaxMemory {
        /// Whose.
        scope: MemoryScope,
    },
    /// By how much memory grows.
    MemorySlope {
        /// Whose.
        scope: MemoryScope,
    },
    /// The most at one time.
    PeakConcurrency {
        /// Of what.
        of: Concurrent,
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
    /// The target's process: what it has of the machine (resident memory).
    Process,
}

impl MemoryScope {
    /// Every scope.
    pub const ALL: [Self; 3] = [Self::User, Self::Total, Self::Process];

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Total => "total",
            Self::Process => "process",
        }
    }
}

/// What spends an error budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Burn {
    /// Requests without a usable answer.
    Error,
    /// Cacheable reads that the cache did not serve.
    Miss,
}

impl Burn {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Error, Self::Miss];

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Miss => "miss",
        }
    }
}

/// What there is the most of at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Concurrent {
    /// Requests under way at one moment.
    Requests,
    /// People who asked something within a minute of the wall.
    People,
}

impl Concurrent {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Requests, Self::People];

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::People => "people",
        }
    }
}

impl Metric {
    /// The unit of its values.
    pub fn unit(&self) -> Unit {
        match self {
            Self::HitRate | Self::EffectiveHitRate | Self::DbQueryReduction | Self::ErrorRate => Unit::Ratio,
            Self::Speedup | Self::BurnRate { .. } => Unit::Times,
            Self::Latency { .. }
            | Self::MeanLatency
            | Self::ResponseTime { .. }
            | Self::MeanResponseTime
            | Self::MeanStoreOperation { .. } => Unit::Microseconds,
            Self::MaxMemory { .. } => Unit::Bytes,
            Self::MemorySlope { .. } => Unit::BytesPerHour,
            Self::PeakConcurrency { .. } | Self::Violations { .. } => Unit::Count,
        }
    }

    /// Whether a line on it may end in `over` and a window.
    pub fn has_windows(&self) -> bool {
        match self {
            Self::HitRate
            | Self::EffectiveHitRate
            | Self::ErrorRate
            | Self::Latency { .. }
            | Self::MeanLatency
            | Self::ResponseTime { .. }
            | Self::MeanResponseTime
            | Self::BurnRate { .. } => true,
            Self::Speedup
            | Self::DbQueryReduction
            | Self::MaxMemory { .. }
            | Self::MemorySlope { .. }
            | Self::PeakConcurrency { .. }
            | Self::MeanStoreOperation { .. }
            | Self::Violations { .. } => false,
        }
    }

    /// Whether single responses tell it as they come, without an interval: what `abort_on`
    /// and the limits of a breakpoint need.
    pub fn is_told_by_responses(&self) -> bool {
        match self {
            Self::HitRate
            | Self::EffectiveHitRate
            | Self::ErrorRate
            | Self::Latency { .. }
            | Self::MeanLatency
            | Self::ResponseTime { .. }
            | Self::MeanResponseTime => true,
            Self::Speedup
            | Self::BurnRate { .. }
            | Self::DbQueryReduction
            | Self::MaxMemory { .. }
            | Self::MemorySlope { .. }
            | Self::PeakConcurrency { .. }
            | Self::MeanStoreOperation { .. }
            | Self::Violations { .. } => false,
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
