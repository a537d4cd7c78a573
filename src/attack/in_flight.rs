//! How many requests are under way, and the most there were in a phase.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Requests under way. Both numbers change together, so that the largest is exact.
#[derive(Debug, Default)]
pub(super) struct InFlight(Mutex<Level>);

#[derive(Clone, Copy, Debug, Default)]
struct Level {
    now: u32,
    most: u32,
}

/// One of them, until it is let go of: also when it is given up half way.
#[derive(Debug)]
pub(super) struct UnderWay<'a>(&'a InFlight);

impl InFlight {
    fn level(&self) -> MutexGuard<'_, Level> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request is sent.
    pub(super) fn enter(&self) -> UnderWay<'_> {
        let mut level = self.level();
        level.now += 1;
        level.most = level.most.max(level.now);
        UnderWay(self)
    }

    /// A phase begins: with those that are still under way.
    pub(super) fn begin(&self) {
        let mut level = self.level();
        level.most = level.now;
    }

    /// The most at one moment since the phase began.
    pub(super) fn peak(&self) -> u32 {
        self.level().most
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.level().now -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_of_the_phase_and_counts_what_was_under_way_when_it_began() {
        let flight = InFlight::default();
        let (first, second) = (flight.enter(), flight.enter());
        drop(flight.enter());
        assert_eq!(flight.peak(), 3);
        drop(second);
        flight.begin();
        assert_eq!(flight.peak(), 1, "one goes on into the next phase");
        drop(first);
        assert_eq!(flight.peak(), 1);
        drop(flight.enter());
        assert_eq!(flight.peak(), 1);
    }

    #[test]
    fn as_many_as_are_held_at_once_are_counted_whoever_comes() {
        let flight = InFlight::default();
        let gate = std::sync::Barrier::new(8);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let _under_way = flight.enter();
                    gate.wait();
                });
            }
        });
        assert_eq!(flight.peak(), 8);
        flight.begin();
        assert_eq!(flight.peak(), 0);
    }
}
