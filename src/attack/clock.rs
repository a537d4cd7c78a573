//! One clock for the whole run: microseconds since it began.

use crate::units::to_micros;
use std::time::Instant;

/// Microseconds since the run began.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    epoch: Instant,
}

impl Clock {
    /// Begins now.
    pub fn start() -> Self {
        Self { epoch: Instant::now() }
    }

    /// Microseconds from the beginning to this moment.
    pub fn at(&self, moment: Instant) -> u64 {
        to_micros(moment.saturating_duration_since(self.epoch))
    }

    /// Microseconds from the beginning to now.
    pub fn now(&self) -> u64 {
        self.at(Instant::now())
    }
}
