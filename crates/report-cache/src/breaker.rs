//! When a store that fails is left alone.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Opens after several failures in a row; while it rests, nobody pays the store's timeout. After the
/// rest one call tries, and the others keep passing by until it has succeeded.
#[derive(Debug)]
pub(crate) struct Breaker {
    failures_to_open: u32,
    rest: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    open_until: Option<Duration>,
}

impl Breaker {
    pub(crate) fn new(failures_to_open: u32, rest: Duration) -> Self {
        Self { failures_to_open, rest, state: Mutex::default() }
    }

    /// Whether a call may be made at `now` (time since some fixed moment).
    pub(crate) fn admits(&self, now: Duration) -> bool {
        let mut state = self.state();
        match state.open_until {
            None => true,
            Some(until) if now < until => false,
            Some(_) => {
                // This caller tries; the next one is a rest away, should it never report back.
                state.open_until = Some(now + self.rest);
                true
            }
        }
    }

    pub(crate) fn succeeded(&self) {
        *self.state() = State::default();
    }

    pub(crate) fn failed(&self, now: Duration) {
        let mut state = self.state();
        state.failures = state.failures.saturating_add(1);
        if state.failures >= self.failures_to_open {
            state.open_until = Some(now + self.rest);
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.state().open_until.is_some()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn it_opens_after_three_failures_in_a_row_and_lets_one_try_after_the_rest() {
        let breaker = Breaker::new(3, SECOND);
        let at = Duration::from_millis;
        breaker.failed(at(0));
        breaker.failed(at(0));
        breaker.succeeded();
        breaker.failed(at(1));
        breaker.failed(at(2));
        assert!(breaker.admits(at(2)) && !breaker.is_open());
        breaker.failed(at(3));
        assert!(breaker.is_open());
        assert!(!breaker.admits(at(1_002)));
        assert!(breaker.admits(at(1_003)));
        assert!(!breaker.admits(at(1_004)), "one call tries, not all");
        breaker.failed(at(1_005));
        assert!(!breaker.admits(at(2_004)));
        assert!(breaker.admits(at(2_005)));
        breaker.succeeded();
        assert!(breaker.admits(at(2_006)) && breaker.admits(at(2_006)) && !breaker.is_open());
    }
}
