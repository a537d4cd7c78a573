//! Which invalidations are unusual: a burst, a wide reach, or all at once.
//!
//! Pure in what it has been told and the moment. The patterns are crude on purpose: they are for an alert
//! that makes somebody look at the event stream, not for a decision.

use std::collections::VecDeque;
use std::time::Duration;

/// A pattern worth a look. A label of the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unusual {
    /// More than [`BURST_LEAST`] in a minute, and more than [`BURST_FACTOR`] times the mean of the ten
    /// minutes before.
    Burst,
    /// One event that concerns more than [`REACH`] persons and types.
    Reach,
    /// Everything at once.
    Everything,
}

impl Unusual {
    /// Every pattern.
    pub const ALL: [Self; 3] = [Self::Burst, Self::Reach, Self::Everything];

    /// The label value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Burst => "burst",
            Self::Reach => "reach",
            Self::Everything => "everything",
        }
    }
}

/// Fewer invalidations in a minute are no burst.
pub const BURST_LEAST: u64 = 100;
/// How many times the usual rate is a burst.
pub const BURST_FACTOR: u64 = 10;
/// Persons and types above which one event reaches wide. A class with families and teachers has some 150.
pub const REACH: usize = 1_000;

/// Minutes that tell what is usual.
const HISTORY: usize = 10;
const MINUTE: Duration = Duration::from_secs(60);

/// How wide an event reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    Scopes(usize),
    Report,
    Everything,
}

/// What went before.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    /// The minute under way, counted from the clock's start.
    minute: u64,
    count: u64,
    told: bool,
    /// The minutes before it, oldest first.
    before: VecDeque<u64>,
}

impl Watch {
    /// Notes one event at `now` (time since a fixed moment); what is unusual about it. A burst is told
    /// once a minute.
    pub(crate) fn note(&mut self, now: Duration, reach: Reach) -> Option<Unusual> {
        self.turn_to(now.as_secs() / MINUTE.as_secs());
        self.count += 1;
        match reach {
            Reach::Everything => return Some(Unusual::Everything),
            Reach::Scopes(scopes) if scopes > REACH => return Some(Unusual::Reach),
            Reach::Scopes(_) | Reach::Report => {}
        }
        let minutes = u64::try_from(self.before.len()).expect("a handful");
        let usual: u64 = self.before.iter().sum();
        // Without a whole minute to compare with, nothing is unusual.
        let burst = minutes > 0 && self.count >= BURST_LEAST && self.count * minutes > usual * BURST_FACTOR;
        if burst && !self.told {
            self.told = true;
            return Some(Unusual::Burst);
        }
        None
    }

    fn turn_to(&mut self, minute: u64) {
        let passed = minute.saturating_sub(self.minute);
        if passed == 0 {
            return;
        }
        self.before.push_back(self.count);
        for _ in 1..passed.min(HISTORY as u64 + 1) {
            self.before.push_back(0);
        }
        while self.before.len() > HISTORY {
            self.before.pop_front();
        }
        (self.minute, self.count, self.told) = (minute, 0, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[test]
    fn ten_times_the_usual_rate_is_a_burst_and_told_once_a_minute() {
        let mut watch = Watch::default();
        let grade = Reach::Scopes(60);
        for minute in 0..5 {
            for _ in 0..20 {
                assert_eq!(watch.note(at(minute * 60), grade), None);
            }
        }
        let told: Vec<_> = (0..500).filter(|_| watch.note(at(300), grade).is_some()).collect();
        assert_eq!(told, [200], "the 201st is more than ten times 20");
        assert_eq!(watch.note(at(360), grade), None);
    }

    #[test]
    fn a_service_that_has_just_started_knows_no_usual_rate() {
        let mut watch = Watch::default();
        assert!((0..1_000).all(|_| watch.note(at(10), Reach::Scopes(1)).is_none()));
        // After an idle hour, the first hundred of a minute are none yet.
        let told = (0..1_000).position(|_| watch.note(at(3_700), Reach::Report).is_some());
        assert_eq!(told, Some(99));
    }

    #[test]
    fn all_at_once_and_a_thousand_at_once_are_told_each_time() {
        let mut watch = Watch::default();
        assert_eq!(watch.note(at(0), Reach::Everything), Some(Unusual::Everything));
        assert_eq!(watch.note(at(0), Reach::Scopes(1_001)), Some(Unusual::Reach));
        assert_eq!(watch.note(at(0), Reach::Scopes(1_000)), None);
    }
}
