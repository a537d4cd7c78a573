//! Dates as HTTP and JSON write them, always in UTC.

use std::cell::RefCell;

use http::HeaderValue;

const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

struct Civil {
    days: u64,
    year: u64,
    month: u64,
    day: u64,
    hour: u64,
    minute: u64,
    second: u64,
}

/// Days since 1970 to a date of the Gregorian calendar: Howard Hinnant, "chrono-compatible low-level date
/// algorithms", `civil_from_days`, for dates from 1970 on.
fn civil(unix_ms: u64) -> Civil {
    let secs = unix_ms / 1000;
    let (days, rest) = (secs / 86_400, secs % 86_400);
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    Civil { days, year, month, day, hour: rest / 3_600, minute: rest / 60 % 60, second: rest % 60 }
}

/// `IMF-fixdate`, RFC 9110 §5.6.7: `Sun, 06 Nov 1994 08:49:37 GMT`.
pub(crate) fn imf_fixdate(unix_ms: u64) -> String {
    let at = civil(unix_ms);
    let weekday = DAYS[usize::try_from(at.days % 7).expect("below 7")];
    let month = MONTHS[usize::try_from(at.month - 1).expect("below 12")];
    format!(
        "{weekday}, {:02} {month} {:04} {:02}:{:02}:{:02} GMT",
        at.day, at.year, at.hour, at.minute, at.second
    )
}

/// The value of `Date`. Written once a second and thread, since every answer carries it.
pub(crate) fn header_value(unix_ms: u64) -> HeaderValue {
    thread_local! {
        static LAST: RefCell<Option<(u64, HeaderValue)>> = const { RefCell::new(None) };
    }
    let second = unix_ms / 1_000;
    LAST.with_borrow_mut(|last| match last {
        Some((written, value)) if *written == second => value.clone(),
        _ => {
            let value = HeaderValue::try_from(imf_fixdate(unix_ms)).expect("visible ASCII");
            last.insert((second, value)).1.clone()
        }
    })
}

/// RFC 3339 with milliseconds: `1994-11-06T08:49:37.000Z`.
pub(crate) fn rfc3339(unix_ms: u64) -> String {
    let at = civil(unix_ms);
    let (year, month, day) = (at.year, at.month, at.day);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
        at.hour,
        at.minute,
        at.second,
        unix_ms % 1000
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_the_rfcs_write_them() {
        let table = [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT", "1970-01-01T00:00:00.000Z"),
            (784_111_777_000, "Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37.000Z"),
            (951_782_400_123, "Tue, 29 Feb 2000 00:00:00 GMT", "2000-02-29T00:00:00.123Z"),
            (1_709_251_199_999, "Thu, 29 Feb 2024 23:59:59 GMT", "2024-02-29T23:59:59.999Z"),
            (1_735_689_600_000, "Wed, 01 Jan 2025 00:00:00 GMT", "2025-01-01T00:00:00.000Z"),
            (4_107_542_400_000, "Mon, 01 Mar 2100 00:00:00 GMT", "2100-03-01T00:00:00.000Z"),
        ];
        for (unix_ms, http, json) in table {
            assert_eq!((imf_fixdate(unix_ms).as_str(), rfc3339(unix_ms).as_str()), (http, json));
            assert_eq!(
                (header_value(unix_ms), header_value(unix_ms + 999 - unix_ms % 1_000)),
                (HeaderValue::from_static(http), HeaderValue::from_static(http))
            );
        }
    }
}
