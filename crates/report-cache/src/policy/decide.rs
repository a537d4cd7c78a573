//! Which way a request takes, and what comes of what the store found.

use http::{HeaderMap, StatusCode, header};

use super::{Policy, remaining};
use crate::clock::Clock;
use crate::entry::Entry;
use crate::headers::{self, RequestFacts};
use crate::store::Lookup;

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
    /// Whether readers in `role` may go around the cache, as far as that depends on who they are.
    #[must_use]
    pub fn lets_around(&self, role: &str) -> bool {
        !self.bypass_refused_to.contains(&role)
    }

    /// Which way a request takes; `granted` is whether it may go around the cache if it asks to. One that
    /// may not is an ordinary lookup: so neither directive loads the database at will.
    #[must_use]
    pub fn approach(&self, request: &RequestFacts, granted: bool) -> Approach {
        match (granted && request.asks_around(), request.only_if_cached) {
            (true, true) => Approach::Refuse,
            (true, false) if request.no_cache => Approach::Bypass,
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;

    use super::*;
    use crate::entry::Made;
    use crate::filters::Filters;
    use crate::key::{ReportFacts, ReportKey, ReportType};
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
    fn request_directives_choose_the_way() {
        // Granted, and refused: then the directives count for nothing.
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
            let policy = Policy::default();
            assert_eq!(policy.approach(&asked(directives), true), expected, "{directives}");
            assert_eq!(policy.approach(&asked(directives), false), Approach::LookUp, "{directives}");
        }
    }

    #[test]
    fn a_role_may_be_refused_the_bypass() {
        let policy = Policy { bypass_refused_to: vec!["student"], ..Policy::default() };
        assert!(policy.lets_around("teacher") && !policy.lets_around("student"));
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
