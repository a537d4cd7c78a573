//! The header fields the layer reads and writes, with the RFC section beside each rule.

use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::accept::AcceptEncoding;
use crate::date;
use crate::entry::Entry;
use crate::etag::{ETag, IfNoneMatch};
use crate::key::ReportType;
use crate::outcome::Outcome;
use crate::policy::Policy;

/// `X-Cache`, this cache's own claim in one word.
pub const X_CACHE: HeaderName = HeaderName::from_static("x-cache");
/// `Cache-Status`, RFC 9211.
pub const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");

/// What the answer depends on beyond its URI: without `Authorization`, two people at one school PC
/// would share a browser's copy.
const VARY: &str = "Authorization, Accept-Encoding";

/// What a request says about caching (RFC 9111 §5.2.1) and about the copy it holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RequestFacts {
    /// `no-cache`.
    pub no_cache: bool,
    /// `no-store`.
    pub no_store: bool,
    /// `only-if-cached`.
    pub only_if_cached: bool,
    /// The validators the client holds.
    pub if_none_match: Option<IfNoneMatch>,
    /// The codings the client takes.
    pub accept_encoding: AcceptEncoding,
}

impl RequestFacts {
    /// Reads the fields of a request. `max-age` is not among the facts: entries are kept right by
    /// invalidation, so a lookup is the revalidation that `max-age=0` asks for.
    #[must_use]
    pub fn from_headers(headers: &HeaderMap) -> Self {
        Self {
            no_cache: has_directive(headers, "no-cache"),
            no_store: has_directive(headers, "no-store"),
            only_if_cached: has_directive(headers, "only-if-cached"),
            if_none_match: IfNoneMatch::from_headers(headers),
            accept_encoding: AcceptEncoding::from_headers(headers),
        }
    }

    /// Whether the request wants its answer from the origin.
    #[must_use]
    pub fn asks_around(&self) -> bool {
        self.no_cache || self.no_store
    }

    /// Whether a copy the client holds, in either coding, is of the current report.
    #[must_use]
    pub fn holds(&self, current: &ETag) -> bool {
        self.if_none_match.as_ref().is_some_and(|sent| sent.matches(current))
    }
}

/// Whether `Cache-Control` has this directive; names are case-insensitive (RFC 9111 §5.2).
pub(crate) fn has_directive(headers: &HeaderMap, name: &str) -> bool {
    members(headers, &header::CACHE_CONTROL).any(|member| {
        let directive = member.split_once('=').map_or(member, |(directive, _)| directive);
        directive.trim_ascii_end().eq_ignore_ascii_case(name)
    })
}

/// Whether the service selected its answer by nothing that the key and our `Vary` do not cover.
pub(crate) fn varies_only_as_declared(headers: &HeaderMap) -> bool {
    members(headers, &header::VARY).all(|field| {
        field.eq_ignore_ascii_case("authorization") || field.eq_ignore_ascii_case("accept-encoding")
    })
}

/// The members of a comma-separated field over all its lines. A value that is not visible ASCII has none.
pub(crate) fn members<'h>(headers: &'h HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'h str> {
    let lines = headers.get_all(name).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim_ascii).filter(|member| !member.is_empty())
}

/// Takes out what would make the service answer with less than the whole, plain representation: the
/// layer itself evaluates preconditions, and makes both forms of one answer.
pub(crate) fn ask_for_the_whole(headers: &mut HeaderMap) {
    for name in [
        header::IF_NONE_MATCH,
        header::IF_MODIFIED_SINCE,
        header::RANGE,
        header::IF_RANGE,
        header::ACCEPT_ENCODING,
    ] {
        headers.remove(name);
    }
}

/// The fields every 200 and 304 of a report carries (RFC 9110 §15.4.5 names those a 304 repeats).
pub(crate) struct Stamp<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) report_type: ReportType,
    pub(crate) outcome: Outcome,
    pub(crate) now_unix_ms: u64,
}

impl Stamp<'_> {
    /// Writes the fields of a 200 or a 304 whose validator is `etag`.
    pub(crate) fn cacheable(&self, headers: &mut HeaderMap, etag: &ETag) {
        headers.insert(header::ETAG, etag.header_value());
        headers.insert(header::CACHE_CONTROL, self.policy.cache_control(self.report_type));
        headers.remove(header::EXPIRES);
        if varies_only_as_declared(headers) {
            headers.insert(header::VARY, HeaderValue::from_static(VARY));
        } else {
            headers.append(header::VARY, HeaderValue::from_static(VARY));
        }
        self.any(headers);
    }

    /// Writes the fields of any other answer; an error of one person's report is nobody's to keep.
    pub(crate) fn uncacheable(&self, headers: &mut HeaderMap) {
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-store"));
        self.any(headers);
    }

    fn any(&self, headers: &mut HeaderMap) {
        let verdict = self.outcome.verdict();
        headers.insert(X_CACHE, HeaderValue::from_static(verdict.x_cache()));
        // Members stand in the order an answer passed the caches (RFC 9211 §2): those within come first.
        headers.append(CACHE_STATUS, self.outcome.cache_status());
        headers.remove(header::AGE);
        if let Some(age_secs) = self.outcome.age_secs() {
            headers.insert(header::AGE, HeaderValue::from(age_secs));
        }
        headers.insert(header::DATE, date::header_value(self.now_unix_ms));
    }
}

/// The representation fields of a stored answer.
pub(crate) fn restore(headers: &mut HeaderMap, entry: &Entry) {
    for (name, value) in &entry.fields {
        headers.append(name.clone(), value.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_are_found_in_any_case_list_and_line() {
        let mut headers = HeaderMap::new();
        headers.append(header::CACHE_CONTROL, "max-age=0,  No-Cache".parse().unwrap());
        headers.append(header::CACHE_CONTROL, "only-if-cached , x=\"no\"".parse().unwrap());
        let facts = RequestFacts::from_headers(&headers);
        assert!(facts.no_cache && facts.only_if_cached && !facts.no_store);
    }

    #[test]
    fn a_service_that_varies_by_more_keeps_its_word() {
        let mut headers = HeaderMap::new();
        headers.insert(header::VARY, "Origin".parse().unwrap());
        let stamp = Stamp {
            policy: &Policy::default(),
            report_type: ReportType::Custom,
            outcome: Outcome::Miss { stored: false },
            now_unix_ms: 784_111_777_000,
        };
        stamp.cacheable(&mut headers, &ETag::of(b"x"));
        assert_eq!(
            members(&headers, &header::VARY).collect::<Vec<_>>(),
            ["Origin", "Authorization", "Accept-Encoding"]
        );
        assert_eq!(headers[header::DATE], "Sun, 06 Nov 1994 08:49:37 GMT");
        assert!(!headers.contains_key(header::AGE));
    }
}
