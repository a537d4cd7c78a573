//! What is cached, for how long, and who is answered from where: pure rules over facts and a moment.
//!
//! In: the facts of a request, what the store found, a clock's reading. Out: a decision. Nothing here
//! touches the store or the network.

use std::time::Duration;

use http::{HeaderMap, StatusCode, header};

use crate::clock::Clock;
use crate::entry::Entry;
use crate::headers::{self, RequestFacts};
use crate::key::ReportType;
use crate::store::Lookup;

/// How long a browser may use its copy without asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BrowserPolicy {
    /// `max-age=0`: each read revalidates, so nothing is stale after a write.
    #[default]
    Exact,
    /// `max-age` as in [`Policy::relaxed_secs`]: fewer requests, but a copy outlives an invalidation by
    /// up to that long.
    Relaxed,
}

/// The rules of one cache. Durations are scenario time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// What browsers may keep.
    pub browser: BrowserPolicy,
    /// Roles whose `no-cache` is read as a plain request, since a bypass costs the database.
    pub bypass_refused_to: Vec<&'static str>,
    /// Answers above this are served but not stored, in bytes.
    pub max_entry_bytes: usize,
    /// How long entries live.
    pub ttls: Ttls,
}

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

impl Default for Policy {
    fn default() -> Self {
        Self {
            browser: BrowserPolicy::default(),
            bypass_refused_to: Vec::new(),
            max_entry_bytes: 8 * 1024 * 1024,
            ttls: Ttls::default(),
        }
    }
}

/// The way a request takes, before the store is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approach {
    /// Ask the store.
    LookUp,
    /// `no-cache`: straight to the origin, nothing read, nothing written.
    Bypass,
    /// `no-store`: straight to the origin, nothing read or written, counted as a miss.
    Refetch,
    /// `only-if-cached` together with a directive that forbids the cached copy.
    Refuse,
}

/// What to do once the store has answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The entry is current: serve it.
    Serve {
        /// Scenario seconds since it was computed.
        age_secs: u64,
        /// Scenario seconds it has left.
        ttl_secs: u64,
    },
    /// Nothing current is stored: compute.
    Compute,
    /// `only-if-cached` and nothing current is stored: 504 (RFC 9111 §5.2.1.7).
    Refuse,
}

impl Policy {
    /// The published rules with another browser policy.
    #[must_use]
    pub fn with_browser(browser: BrowserPolicy) -> Self {
        Self { browser, ..Self::default() }
    }

    /// How long an entry of this type lives, in scenario time.
    #[must_use]
    pub fn ttl(&self, report_type: ReportType) -> Duration {
        match report_type {
            ReportType::StudentProgress => self.ttls.student_progress,
            ReportType::GradeDistribution => self.ttls.grade_distribution,
            ReportType::Analytics => self.ttls.analytics,
            ReportType::Custom => self.ttls.custom,
            ReportType::Default => self.ttls.default,
        }
    }

    /// Seconds a browser may keep its copy, for `max-age`.
    #[must_use]
    pub fn browser_secs(&self, report_type: ReportType) -> u64 {
        match self.browser {
            BrowserPolicy::Exact => 0,
            BrowserPolicy::Relaxed => Self::relaxed_secs(report_type),
        }
    }

    /// `max-age` under [`BrowserPolicy::Relaxed`], in scenario seconds.
    #[must_use]
    pub const fn relaxed_secs(report_type: ReportType) -> u64 {
        match report_type {
            ReportType::StudentProgress => 300,
            ReportType::Default => 600,
            ReportType::GradeDistribution => 900,
            ReportType::Analytics => 1_800,
            ReportType::Custom => 3_600,
        }
    }

    /// Which way a request takes.
    #[must_use]
    pub fn approach(&self, request: &RequestFacts, role: &str) -> Approach {
        let bypass = request.no_cache && !self.bypass_refused_to.contains(&role);
        match (bypass || request.no_store, request.only_if_cached) {
            (true, true) => Approach::Refuse,
            (true, false) if bypass => Approach::Bypass,
            (true, false) => Approach::Refetch,
            (false, _) => Approach::LookUp,
        }
    }

    /// What to do with what the store found. An entry counts only under the current generation and
    /// below its age, whatever the store's own expiry says.
    #[must_use]
    pub fn decide(
        &self,
        lookup: &Lookup,
        request: &RequestFacts,
        clock: &Clock,
        now_unix_ms: u64,
    ) -> Decision {
        let served = lookup.entry.as_ref().and_then(|entry| serve(entry, lookup, clock, now_unix_ms));
        match served {
            Some(decision) => decision,
            None if request.only_if_cached => Decision::Refuse,
            None => Decision::Compute,
        }
    }

    /// Whether an answer of the service may be stored: 200, one representation for every
    /// `Accept-Encoding`, nobody's cookie, and no word of the service against it.
    #[must_use]
    pub fn storable(&self, status: StatusCode, response: &HeaderMap) -> bool {
        status == StatusCode::OK
            && !response.contains_key(header::CONTENT_ENCODING)
            && !response.contains_key(header::SET_COOKIE)
            && !headers::has_directive(response, "no-store")
            && headers::varies_only_as_declared(response)
    }
}

fn serve(entry: &Entry, lookup: &Lookup, clock: &Clock, now_unix_ms: u64) -> Option<Decision> {
    if entry.generation != lookup.generation {
        return None;
    }
    let age_secs = clock.scenario_secs(entry.stored_unix_ms, now_unix_ms);
    let ttl_secs = remaining(entry.ttl, age_secs)?;
    Some(Decision::Serve { age_secs, ttl_secs })
}

/// Seconds that an entry of this age has left; `None` once it has none. An entry is served while its
/// lifetime exceeds its age (RFC 9111 §4.2), both in whole seconds (§1.2.2).
#[must_use]
pub fn remaining(ttl: Duration, age_secs: u64) -> Option<u64> {
    ttl.as_secs().checked_sub(age_secs).filter(|left| *left > 0)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::entry::Made;
    use crate::filters::Filters;
    use crate::key::{ReportFacts, ReportKey};
    use crate::store::Generation;

    fn asked(cache_control: &str) -> RequestFacts {
        let mut headers = HeaderMap::new();
        headers.insert(header::CACHE_CONTROL, cache_control.parse().unwrap());
        RequestFacts::from_headers(&headers)
    }

    fn stored(report_type: ReportType, generation: Generation, at: u64) -> Entry {
        let key = ReportKey::new(1, 2, &Filters::empty());
        let facts = ReportFacts { key, report_type, role: "student" };
        let made = Made { at_unix_ms: at, took: Duration::ZERO, ttl: Policy::default().ttl(report_type) };
        Entry::json(&facts, generation, Bytes::from_static(b"{}"), made)
    }

    #[test]
    fn ttls_are_the_published_ones() {
        let secs = ReportType::ALL.map(|report_type| Policy::default().ttl(report_type).as_secs());
        assert_eq!(secs, [300, 900, 1_800, 3_600, 600]);
    }

    #[test]
    fn browsers_revalidate_each_read_unless_the_policy_is_relaxed() {
        let relaxed = Policy::with_browser(BrowserPolicy::Relaxed);
        for report_type in ReportType::ALL {
            assert_eq!(Policy::default().browser_secs(report_type), 0);
            assert!((300..=3_600).contains(&relaxed.browser_secs(report_type)));
        }
    }

    #[test]
    fn request_directives_choose_the_way() {
        let table = [
            ("", Approach::LookUp),
            ("max-age=0", Approach::LookUp),
            ("only-if-cached", Approach::LookUp),
            ("no-cache", Approach::Bypass),
            ("No-Cache, max-age=0", Approach::Bypass),
            ("no-cache, no-store", Approach::Bypass),
            ("no-store", Approach::Refetch),
            ("no-store, only-if-cached", Approach::Refuse),
            ("no-cache, only-if-cached", Approach::Refuse),
        ];
        for (directives, expected) in table {
            assert_eq!(Policy::default().approach(&asked(directives), "student"), expected, "{directives}");
        }
    }

    #[test]
    fn a_role_without_the_right_to_bypass_reads_the_cache() {
        let policy = Policy { bypass_refused_to: vec!["student"], ..Policy::default() };
        assert_eq!(policy.approach(&asked("no-cache"), "student"), Approach::LookUp);
        assert_eq!(policy.approach(&asked("no-cache"), "teacher"), Approach::Bypass);
    }

    #[test]
    fn an_entry_is_served_until_its_ttl_and_only_under_its_generation() {
        let policy = Policy::default();
        let (clock, _hand) = Clock::manual(60.0);
        let generation = Generation::fresh();
        let entry = stored(ReportType::StudentProgress, generation, 1_000);
        let found = Lookup { entry: Some(entry), generation };
        let at = |now| policy.decide(&found, &asked(""), &clock, now);
        assert_eq!(at(1_000), Decision::Serve { age_secs: 0, ttl_secs: 300 });
        assert_eq!(at(3_000), Decision::Serve { age_secs: 120, ttl_secs: 180 });
        assert_eq!(at(5_999), Decision::Serve { age_secs: 299, ttl_secs: 1 });
        assert_eq!(at(6_000), Decision::Compute);
        let outdated = Lookup { generation: Generation::fresh(), ..found.clone() };
        assert_eq!(policy.decide(&outdated, &asked(""), &clock, 1_000), Decision::Compute);
        assert_eq!(policy.decide(&outdated, &asked("only-if-cached"), &clock, 1_000), Decision::Refuse);
    }

    #[test]
    fn a_lifetime_ends_with_the_second_that_equals_it() {
        let ttl = Duration::from_millis(2_900);
        assert_eq!([0, 1, 2, 3].map(|age| remaining(ttl, age)), [Some(2), Some(1), None, None]);
        assert_eq!(remaining(Duration::ZERO, 0), None);
    }

    #[test]
    fn only_plain_200_answers_are_stored() {
        let policy = Policy::default();
        let with = |name: header::HeaderName, value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            policy.storable(StatusCode::OK, &headers)
        };
        assert!(policy.storable(StatusCode::OK, &HeaderMap::new()));
        assert!(with(header::VARY, "accept-encoding"));
        assert!(with(header::CACHE_CONTROL, "private, max-age=0"));
        assert!(!with(header::CACHE_CONTROL, "private, No-Store"));
        assert!(!with(header::CONTENT_ENCODING, "gzip"));
        assert!(!with(header::SET_COOKIE, "a=b"));
        assert!(!with(header::VARY, "accept-language"));
        assert!(!with(header::VARY, "*"));
        for status in [StatusCode::CREATED, StatusCode::NOT_MODIFIED, StatusCode::NOT_FOUND] {
            assert!(!policy.storable(status, &HeaderMap::new()), "{status}");
        }
    }
}
