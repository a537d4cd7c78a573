//! Time: wall milliseconds, and the scenario seconds that headers speak of.
//!
//! Scenario time is wall time × scale. TTLs end sooner on the wall; `Age` and `max-age` stay in scenario
//! seconds, so that hours of a school day pass in minutes and still look like hours to a browser.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A clock whose hands may run faster than the wall's.
#[derive(Debug, Clone)]
pub struct Clock {
    scale: f64,
    source: Source,
}

#[derive(Debug, Clone)]
enum Source {
    System {
        started: Instant,
    },
    /// Milliseconds since [`MANUAL_EPOCH_MS`], moved by a [`ClockHand`].
    Manual(Arc<AtomicU64>),
}

/// Where a manual clock starts: 2026-09-01T06:00:00Z.
const MANUAL_EPOCH_MS: u64 = 1_788_242_400_000;

impl Default for Clock {
    fn default() -> Self {
        Self::scaled(1.0)
    }
}

impl Clock {
    /// The system's clock, `scale` scenario seconds to the second.
    ///
    /// # Panics
    /// When `scale` is not a finite number above 0.
    #[must_use]
    pub fn scaled(scale: f64) -> Self {
        assert!(scale.is_finite() && scale > 0.0, "a time scale is a number above 0, not {scale}");
        Self { scale, source: Source::System { started: Instant::now() } }
    }

    /// A clock that stands still until its hand is moved: time for tests.
    ///
    /// # Panics
    /// When `scale` is not a finite number above 0.
    #[must_use]
    pub fn manual(scale: f64) -> (Self, ClockHand) {
        let elapsed = Arc::new(AtomicU64::new(0));
        let clock = Self { source: Source::Manual(Arc::clone(&elapsed)), ..Self::scaled(scale) };
        (clock, ClockHand(elapsed))
    }

    /// Scenario seconds per wall second.
    #[must_use]
    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// Wall milliseconds since 1970 (UTC). May step when the system's clock is set.
    #[must_use]
    pub fn unix_ms(&self) -> u64 {
        match &self.source {
            Source::System { .. } => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
            }
            Source::Manual(elapsed) => MANUAL_EPOCH_MS + elapsed.load(Ordering::SeqCst),
        }
    }

    /// Wall time since this clock was made. Never steps back.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        match &self.source {
            Source::System { started } => started.elapsed(),
            Source::Manual(elapsed) => Duration::from_millis(elapsed.load(Ordering::SeqCst)),
        }
    }

    /// How long `scenario` lasts on the wall.
    #[must_use]
    pub fn wall(&self, scenario: Duration) -> Duration {
        scenario.div_f64(self.scale)
    }

    /// Whole scenario seconds from one wall moment to another; 0 if the second is the earlier one, as
    /// the clocks of two nodes may say.
    #[must_use]
    pub fn scenario_secs(&self, from_unix_ms: u64, to_unix_ms: u64) -> u64 {
        self.scenario(from_unix_ms, to_unix_ms).as_secs()
    }

    /// Scenario time from one wall moment to another; zero if the second is the earlier one.
    #[must_use]
    pub fn scenario(&self, from_unix_ms: u64, to_unix_ms: u64) -> Duration {
        Duration::from_millis(to_unix_ms.saturating_sub(from_unix_ms)).mul_f64(self.scale)
    }
}

/// Moves a manual [`Clock`] and all its clones.
#[derive(Debug)]
pub struct ClockHand(Arc<AtomicU64>);

impl ClockHand {
    /// Moves the clock on by `wall`.
    pub fn advance(&self, wall: Duration) {
        self.0.fetch_add(u64::try_from(wall.as_millis()).unwrap_or(u64::MAX), Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scaled_clock_ends_ttls_sooner_and_ages_faster() {
        let (clock, hand) = Clock::manual(60.0);
        assert_eq!(clock.wall(Duration::from_secs(300)), Duration::from_secs(5));
        let stored = clock.unix_ms();
        hand.advance(Duration::from_millis(1_500));
        assert_eq!(clock.scenario_secs(stored, clock.unix_ms()), 90);
        assert_eq!(clock.elapsed(), Duration::from_millis(1_500));
    }

    #[test]
    fn an_entry_from_a_node_that_is_ahead_has_age_0() {
        assert_eq!(Clock::default().scenario_secs(2_000, 1_000), 0);
    }

    #[test]
    #[should_panic(expected = "a time scale is a number above 0")]
    fn a_clock_that_stands_or_runs_back_is_refused() {
        let _ = Clock::scaled(0.0);
    }
}
