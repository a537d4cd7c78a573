//! How long entries live.

use std::time::Duration;

use super::Policy;
use crate::key::ReportType;

/// How long entries live, by report type, in scenario time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ttls {
    /// Of [`ReportType::StudentProgress`].
    pub student_progress: Duration,
    /// Of [`ReportType::GradeDistribution`].
    pub grade_distribution: Duration,
    /// Of [`ReportType::Analytics`].
    pub analytics: Duration,
    /// Of [`ReportType::Custom`].
    pub custom: Duration,
    /// Of [`ReportType::Default`].
    pub default: Duration,
}

impl Default for Ttls {
    fn default() -> Self {
        Self {
            student_progress: Duration::from_secs(300),
            grade_distribution: Duration::from_secs(900),
            analytics: Duration::from_secs(1_800),
            custom: Duration::from_secs(3_600),
            default: Duration::from_secs(600),
        }
    }
}

impl Ttls {
    pub(super) const fn of(&self, report_type: ReportType) -> Duration {
        match report_type {
            ReportType::StudentProgress => self.student_progress,
            ReportType::GradeDistribution => self.grade_distribution,
            ReportType::Analytics => self.analytics,
            ReportType::Custom => self.custom,
            ReportType::Default => self.default,
        }
    }
}

impl Policy {
    /// How long one entry of this type lives: its type's time, shortened by up to [`Policy::jitter`] as
    /// `dice` in `[0, 1)` fall. Entries warmed together do not expire together then.
    #[must_use]
    pub fn lifetime(&self, report_type: ReportType, dice: f64) -> Duration {
        let share = self.jitter * dice;
        // Also false where the share is no number.
        let shortened = if share > 0.0 { share.min(1.0) } else { 0.0 };
        self.ttl(report_type).mul_f64(1.0 - shortened)
    }
}

/// Seconds that an entry of this age has left; `None` once it has none. An entry is served while its
/// lifetime exceeds its age (RFC 9111 §4.2), both in whole seconds (§1.2.2).
#[must_use]
pub fn remaining(ttl: Duration, age_secs: u64) -> Option<u64> {
    ttl.as_secs().checked_sub(age_secs).filter(|left| *left > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ttls_are_the_published_ones() {
        let secs = ReportType::ALL.map(|report_type| Policy::default().ttl(report_type).as_secs());
        assert_eq!(secs, [300, 900, 1_800, 3_600, 600]);
    }

    #[test]
    fn a_lifetime_falls_short_by_up_to_the_jitter_and_is_never_longer_than_promised() {
        let lifetime = |jitter, dice| {
            Policy { jitter, ..Policy::default() }.lifetime(ReportType::Default, dice).as_secs()
        };
        assert_eq!((lifetime(0.1, 0.0), lifetime(0.1, 0.5), lifetime(0.1, 0.999)), (600, 570, 540));
        assert_eq!((lifetime(0.0, 0.9), lifetime(-1.0, 0.9), lifetime(f64::NAN, 0.9)), (600, 600, 600));
        assert_eq!(lifetime(7.0, 0.9), 0);
    }

    #[test]
    fn a_lifetime_ends_with_the_second_that_equals_it() {
        let ttl = Duration::from_millis(2_900);
        assert_eq!([0, 1, 2, 3].map(|age| remaining(ttl, age)), [Some(2), Some(1), None, None]);
        assert_eq!(remaining(Duration::ZERO, 0), None);
    }
}
