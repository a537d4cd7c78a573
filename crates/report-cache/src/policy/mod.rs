//! What is cached, for how long, and who is answered from where: pure rules over facts and a moment.
//!
//! In: the facts of a request, what the store found, a clock's reading, what dice fell. Out: a decision.
//! Nothing here touches the store, the network or chance itself.

use std::time::Duration;

use http::HeaderValue;

use crate::key::ReportType;

mod decide;
mod lifetime;
mod refresh;

pub use self::decide::{Approach, Decision};
pub use self::lifetime::{Ttls, remaining};

/// How long a browser may use its copy without asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BrowserPolicy {
    /// `max-age=0`: each read revalidates, so nothing is stale after a write.
    #[default]
    Exact,
    /// `max-age` as in [`Policy::relaxed_secs`]: fewer requests, but a copy outlives an invalidation by
    /// up to that long.
    Relaxed,
}

/// The rules of one cache. Durations are scenario time.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// What browsers may keep.
    pub browser: BrowserPolicy,
    /// Roles whose `no-cache` and `no-store` are read as a plain request, since a bypass costs the
    /// database.
    pub bypass_refused_to: Vec<&'static str>,
    /// How many bypasses a node grants in a minute of wall time, to all together; further ones are read
    /// as plain requests. `None`: any number.
    pub bypass_per_minute: Option<u32>,
    /// Answers above this are served but not stored, in bytes.
    pub max_entry_bytes: usize,
    /// Answers above this are stored compressed, in bytes. `usize::MAX`: none is.
    pub compress_above: usize,
    /// How long entries live.
    pub ttls: Ttls,
    /// By which share of it a lifetime may fall short, so that what was stored at once does not expire at
    /// once. Never longer than promised.
    pub jitter: f64,
    /// Whether hot entries are computed anew shortly before they expire, and how eagerly: the factor
    /// beta of [`Policy::refreshes`], 1 being the optimum of its authors. `None`: never.
    pub early_refresh: Option<f64>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            browser: BrowserPolicy::default(),
            bypass_refused_to: Vec::new(),
            bypass_per_minute: None,
            max_entry_bytes: 8 * 1024 * 1024,
            compress_above: 4 * 1024,
            ttls: Ttls::default(),
            jitter: 0.1,
            early_refresh: None,
        }
    }
}

impl Policy {
    /// The published rules with another browser policy.
    #[must_use]
    pub fn with_browser(browser: BrowserPolicy) -> Self {
        Self { browser, ..Self::default() }
    }

    /// `max-age` for browsers, in scenario seconds.
    #[must_use]
    pub fn browser_secs(&self, report_type: ReportType) -> u64 {
        match self.browser {
            BrowserPolicy::Exact => 0,
            BrowserPolicy::Relaxed => Self::relaxed_secs(report_type),
        }
    }

    /// `max-age` under [`BrowserPolicy::Relaxed`], in scenario seconds.
    #[must_use]
    pub const fn relaxed_secs(report_type: ReportType) -> u64 {
        match report_type {
            ReportType::StudentProgress => 300,
            ReportType::Default => 600,
            ReportType::GradeDistribution => 900,
            ReportType::Analytics => 1_800,
            ReportType::Custom => 3_600,
        }
    }

    /// `Cache-Control` of an answer that browsers may keep. `private`: otherwise `must-revalidate`
    /// permits a shared cache to keep the answer to a request with `Authorization` (RFC 9111 §3.5).
    pub(crate) fn cache_control(&self, report_type: ReportType) -> HeaderValue {
        match self.browser_secs(report_type) {
            0 => HeaderValue::from_static("private, max-age=0, must-revalidate"),
            secs => HeaderValue::try_from(format!("private, max-age={secs}, must-revalidate"))
                .expect("visible ASCII"),
        }
    }

    /// How long an entry of this type may be served at most.
    #[must_use]
    pub fn ttl(&self, report_type: ReportType) -> Duration {
        self.ttls.of(report_type)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_revalidate_each_read_unless_the_policy_is_relaxed() {
        let relaxed = Policy::with_browser(BrowserPolicy::Relaxed);
        for report_type in ReportType::ALL {
            assert_eq!(Policy::default().browser_secs(report_type), 0);
            assert!((300..=3_600).contains(&relaxed.browser_secs(report_type)));
        }
    }
}
