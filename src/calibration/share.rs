//! So many of so many runs, with what chance leaves open.

use crate::stats::binomial;
use std::fmt;

/// A count of runs of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// How many.
    pub count: u64,
    /// Of how many.
    pub of: u64,
}

impl Share {
    /// The share, 0 to 1; `None` of no runs.
    #[must_use]
    pub fn value(self) -> Option<f64> {
        (self.of > 0).then(|| self.count as f64 / self.of as f64)
    }

    /// Its exact 95 % interval (Clopper-Pearson): runs of different seeds are independent.
    #[must_use]
    pub fn interval(self) -> Option<(f64, f64)> {
        binomial::clopper_pearson(self.count, self.of, super::CONFIDENCE)
    }

    /// Whether chance alone explains that it is not below `limit`: the interval reaches below.
    #[must_use]
    pub fn may_be_at_most(self, limit: f64) -> bool {
        self.interval().is_none_or(|(lo, _)| lo <= limit)
    }

    /// Whether chance alone explains that it is not above `limit`.
    #[must_use]
    pub fn may_be_at_least(self, limit: f64) -> bool {
        self.interval().is_none_or(|(_, hi)| hi >= limit)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.value() {
            Some(value) => write!(f, "{:.1} %", 100.0 * value),
            None => f.write_str("–"),
        }
    }
}
