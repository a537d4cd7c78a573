//! What a person's browser remembers: validators, and for how long a copy is fresh.

use reqwest::header::{CACHE_CONTROL, ETAG, HeaderMap, HeaderValue};
use std::collections::HashMap;
use std::time::Duration;

/// A browser keeps at most so many copies; the oldest go.
const COPIES: usize = 200;

/// One person's browser cache: a validator a URL.
#[derive(Debug, Default)]
pub(super) struct Browser {
    copies: HashMap<u64, Copy>,
    order: std::collections::VecDeque<u64>,
}

#[derive(Debug)]
struct Copy {
    etag: HeaderValue,
    fresh_until: Duration,
}

/// What the browser can do with a URL.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Have {
    /// Nothing: ask.
    Nothing,
    /// A copy that may be shown without asking.
    Fresh,
    /// A copy that must be validated.
    Stale(HeaderValue),
}

impl Browser {
    /// What there is for this URL at this time of the scenario clock.
    pub(super) fn look(&self, url: u64, now: Duration) -> Have {
        match self.copies.get(&url) {
            None => Have::Nothing,
            Some(copy) if now < copy.fresh_until => Have::Fresh,
            Some(copy) => Have::Stale(copy.etag.clone()),
        }
    }

    /// Remembers a 200 or refreshes a copy by a 304.
    pub(super) fn remember(&mut self, url: u64, headers: &HeaderMap, now: Duration) {
        let directives = headers.get(CACHE_CONTROL).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let storable =
            !directives.split(',').any(|directive| directive.trim().eq_ignore_ascii_case("no-store"));
        let etag = headers.get(ETAG).cloned().or_else(|| self.copies.get(&url).map(|copy| copy.etag.clone()));
        let Some(etag) = etag.filter(|_| storable) else {
            self.copies.remove(&url);
            return;
        };
        let max_age = directives
            .split(',')
            .find_map(|directive| directive.trim().strip_prefix("max-age=")?.parse::<u64>().ok())
            .unwrap_or(0);
        // Age is what the copy had lived when it came (RFC 9111, section 4.2.3).
        let age = headers.get("age").and_then(|value| value.to_str().ok()?.parse::<u64>().ok()).unwrap_or(0);
        let fresh_until = now + Duration::from_secs(max_age.saturating_sub(age));
        if self.copies.insert(url, Copy { etag, fresh_until }).is_none() {
            self.order.push_back(url);
        }
        while self.order.len() > COPIES {
            if let Some(oldest) = self.order.pop_front() {
                self.copies.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (reqwest::header::HeaderName::from_static(name), HeaderValue::from_static(value))
            })
            .collect()
    }

    #[test]
    fn a_copy_is_fresh_for_max_age_less_its_age_and_then_validated() {
        let mut browser = Browser::default();
        let now = Duration::from_secs(100);
        browser.remember(
            1,
            &headers(&[("etag", "\"a\""), ("cache-control", "private, max-age=30"), ("age", "10")]),
            now,
        );
        assert_eq!(browser.look(1, now + Duration::from_secs(19)), Have::Fresh);
        assert_eq!(
            browser.look(1, now + Duration::from_secs(20)),
            Have::Stale(HeaderValue::from_static("\"a\""))
        );
        assert_eq!(browser.look(2, now), Have::Nothing);
    }

    #[test]
    fn no_store_is_not_remembered_and_a_browser_forgets_the_oldest() {
        let mut browser = Browser::default();
        browser.remember(1, &headers(&[("etag", "\"a\""), ("cache-control", "no-store")]), Duration::ZERO);
        assert_eq!(browser.look(1, Duration::ZERO), Have::Nothing);
        for url in 0..=COPIES as u64 {
            browser.remember(url, &headers(&[("etag", "\"a\"")]), Duration::ZERO);
        }
        assert_eq!(browser.look(0, Duration::ZERO), Have::Nothing);
        assert_ne!(browser.look(1, Duration::ZERO), Have::Nothing);
    }
}
