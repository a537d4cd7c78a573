//! Who served a response.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The layer that served a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A fresh copy in the person's browser: no request was made.
    Browser,
    /// The cache.
    Hit,
    /// The cache, after waiting for another request's computation.
    Coalesced,
    /// Materialised aggregates (L2).
    Aggregate,
    /// The cache, knowingly past its lifetime.
    Stale,
    /// The origin, through the cache.
    Miss,
    /// The origin, around the cache.
    Bypass,
    /// No usable answer: a fault, or an unexpected status.
    Error,
    /// A good answer that does not say where it came from.
    Unknown,
    /// Not a read: it has no cache source.
    Write,
}

impl Source {
    /// Every source, in the order of reports.
    pub const ALL: [Self; 10] = [
        Self::Browser,
        Self::Hit,
        Self::Coalesced,
        Self::Aggregate,
        Self::Stale,
        Self::Miss,
        Self::Bypass,
        Self::Error,
        Self::Unknown,
        Self::Write,
    ];

    /// The name in labels and files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Hit => "hit",
            Self::Coalesced => "coalesced",
            Self::Aggregate => "aggregate",
            Self::Stale => "stale",
            Self::Miss => "miss",
            Self::Bypass => "bypass",
            Self::Error => "error",
            Self::Unknown => "unknown",
            Self::Write => "write",
        }
    }

    /// Whether it counts as a hit of the hit rate.
    pub fn is_hit(self) -> bool {
        match self {
            Self::Hit | Self::Coalesced => true,
            Self::Browser
            | Self::Aggregate
            | Self::Stale
            | Self::Miss
            | Self::Bypass
            | Self::Error
            | Self::Unknown
            | Self::Write => false,
        }
    }

    /// Whether it is a read that the server answered: what a latency over reads is of where no
    /// source is named. A copy that the browser showed took no request, a write is no read, and
    /// errors have a rate of their own.
    pub fn is_answered_read(self) -> bool {
        match self {
            Self::Hit
            | Self::Coalesced
            | Self::Aggregate
            | Self::Stale
            | Self::Miss
            | Self::Bypass
            | Self::Unknown => true,
            Self::Browser | Self::Error | Self::Write => false,
        }
    }

    /// Whether it is one of the cacheable reads that the hit rate is over.
    pub fn in_hit_rate(self) -> bool {
        match self {
            Self::Hit | Self::Coalesced | Self::Aggregate | Self::Stale | Self::Miss => true,
            Self::Browser | Self::Bypass | Self::Error | Self::Unknown | Self::Write => false,
        }
    }
}

impl std::str::FromStr for Source {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|source| source.as_str() == text).ok_or(())
    }
}
