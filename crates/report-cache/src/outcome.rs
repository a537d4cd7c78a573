//! How a request was answered, as headers and counters tell it.

use http::HeaderValue;

/// The answer's origin, one of these for each authorised GET or HEAD of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Served from the store.
    Hit {
        /// Scenario seconds since it was computed.
        age_secs: u64,
        /// Scenario seconds it has left.
        ttl_secs: u64,
    },
    /// Another request was computing it: its answer was shared.
    Coalesced,
    /// Computed for this request.
    Miss {
        /// Whether the next one finds it in the store.
        stored: bool,
    },
    /// Computed without the cache because the request forbids a stored copy to be made (`no-store`).
    Refetched,
    /// Computed around the cache because the request asked for that (`no-cache`).
    Bypassed,
    /// Computed around the cache because the store is away.
    StoreDown {
        /// Whether the computation was another request's.
        collapsed: bool,
    },
    /// Not computed: `only-if-cached` and nothing is stored.
    Refused,
}

/// The three words of `X-Cache` and of the counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Answered without computing.
    Hit,
    /// Looked for in vain.
    Miss,
    /// Not looked for, or the store was away.
    Bypass,
}

impl Verdict {
    /// The value of `X-Cache`.
    #[must_use]
    pub const fn x_cache(self) -> &'static str {
        match self {
            Self::Hit => "HIT",
            Self::Miss => "MISS",
            Self::Bypass => "BYPASS",
        }
    }

    /// The label value of the counters.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
            Self::Bypass => "bypass",
        }
    }
}

impl Outcome {
    /// Every [`Outcome::label`].
    pub const LABELS: [&'static str; 7] =
        ["hit", "coalesced", "miss", "refetched", "bypassed", "store_down", "refused"];

    /// The label value where outcomes are told apart more finely than by [`Outcome::verdict`]: durations
    /// and spans.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Hit { .. } => "hit",
            Self::Coalesced => "coalesced",
            Self::Miss { .. } => "miss",
            Self::Refetched => "refetched",
            Self::Bypassed => "bypassed",
            Self::StoreDown { .. } => "store_down",
            Self::Refused => "refused",
        }
    }

    /// What it counts as.
    #[must_use]
    pub const fn verdict(self) -> Verdict {
        match self {
            Self::Hit { .. } | Self::Coalesced => Verdict::Hit,
            Self::Miss { .. } | Self::Refetched | Self::Refused => Verdict::Miss,
            Self::Bypassed | Self::StoreDown { .. } => Verdict::Bypass,
        }
    }

    /// `Age` in scenario seconds, on hits only.
    #[must_use]
    pub const fn age_secs(self) -> Option<u64> {
        match self {
            Self::Hit { age_secs, .. } => Some(age_secs),
            Self::Coalesced => Some(0),
            Self::Miss { .. } | Self::Refetched | Self::Refused | Self::Bypassed | Self::StoreDown { .. } => {
                None
            }
        }
    }

    /// Our member of `Cache-Status` (RFC 9211 §2).
    #[must_use]
    pub fn cache_status(self) -> HeaderValue {
        let fixed = match self {
            Self::Hit { ttl_secs, .. } => {
                let member = format!("report-cache; hit; ttl={ttl_secs}");
                return HeaderValue::try_from(member).expect("a number is visible ASCII");
            }
            Self::Coalesced => "report-cache; hit; detail=COALESCED",
            Self::Miss { stored: true } => "report-cache; fwd=uri-miss; stored",
            Self::Miss { stored: false } => "report-cache; fwd=uri-miss",
            Self::Refetched | Self::Bypassed => "report-cache; fwd=request",
            Self::StoreDown { collapsed: false } => "report-cache; fwd=bypass; detail=STORE_DOWN",
            Self::StoreDown { collapsed: true } => "report-cache; fwd=bypass; collapsed; detail=STORE_DOWN",
            Self::Refused => "report-cache; detail=ONLY_IF_CACHED",
        };
        HeaderValue::from_static(fixed)
    }
}
