//! The term: ten weeks, each named by its Monday.

/// The Mondays, as reports and filters write them.
pub(crate) const WEEK_STARTS: [&str; 10] = [
    "2026-09-07",
    "2026-09-14",
    "2026-09-21",
    "2026-09-28",
    "2026-10-05",
    "2026-10-12",
    "2026-10-19",
    "2026-10-26",
    "2026-11-02",
    "2026-11-09",
];

/// Midnight of the first Monday, UTC, in seconds since 1970.
const TERM_START: i64 = 1_788_739_200;
pub(crate) const DAY_SECS: i64 = 86_400;

/// Midnight of a week's Monday, in seconds since 1970.
pub(crate) fn week_begins(week: i64) -> i64 {
    TERM_START + week * 7 * DAY_SECS
}

/// The Monday of a week; `None` outside the term.
pub(crate) fn week_start(week: i64) -> Option<&'static str> {
    WEEK_STARTS.get(usize::try_from(week).ok()?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_week_begins_seven_days_after_the_one_before() {
        assert_eq!(week_begins(0), 1_788_739_200);
        assert_eq!(week_begins(9) - week_begins(8), 7 * DAY_SECS);
        assert_eq!(week_start(9), Some("2026-11-09"));
        assert_eq!(week_start(10), None);
        assert_eq!(week_start(-1), None);
    }
}
