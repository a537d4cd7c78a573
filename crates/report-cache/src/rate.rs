//! How many bypasses a node grants: a token bucket, pure in its state and the moment.

use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// What is left of a node's bypasses. Counted in time: it grows as time passes, up to a minute, and at
/// `n` a minute each bypass costs the `n`-th part of one. So `n` may come at once, and `n` in each minute
/// after that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    credit: Duration,
    /// When the credit was that, on the clock the moments are read from.
    at: Duration,
}

impl Default for Allowance {
    /// A full one.
    fn default() -> Self {
        Self { credit: MINUTE, at: Duration::ZERO }
    }
}

impl Allowance {
    /// The allowance after one more bypass at `now` (wall time since some fixed moment), where
    /// `per_minute` are granted; `None` when there is not enough left for it.
    #[must_use]
    pub fn spend(self, per_minute: u32, now: Duration) -> Option<Self> {
        let cost = MINUTE.checked_div(per_minute)?;
        let credit = (self.credit + now.saturating_sub(self.at)).min(MINUTE);
        Some(Self { credit: credit.checked_sub(cost)?, at: now.max(self.at) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(allowance: &mut Allowance, per_minute: u32, now: u64) -> bool {
        let after = allowance.spend(per_minute, Duration::from_secs(now));
        *allowance = after.unwrap_or(*allowance);
        after.is_some()
    }

    #[test]
    fn a_minutes_worth_may_come_at_once_and_the_rest_as_time_passes() {
        let mut left = Allowance::default();
        let at_once = (0..5).filter(|_| granted(&mut left, 3, 0)).count();
        assert_eq!(at_once, 3);
        assert!(!granted(&mut left, 3, 19));
        assert!(granted(&mut left, 3, 20) && !granted(&mut left, 3, 20));
        // A quiet hour saves up no more than a minute's worth.
        assert_eq!((0..5).filter(|_| granted(&mut left, 3, 3_600)).count(), 3);
    }

    #[test]
    fn none_a_minute_grants_none_and_a_clock_read_late_takes_nothing_back() {
        assert_eq!(Allowance::default().spend(0, Duration::from_secs(90)), None);
        let mut left = Allowance::default();
        assert!(granted(&mut left, 2, 100) && granted(&mut left, 2, 99));
        assert!(!granted(&mut left, 2, 98) && granted(&mut left, 2, 130));
    }
}
