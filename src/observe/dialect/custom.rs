//! A header and words of the scenario's own.

use crate::observe::Source;
use http::{HeaderMap, HeaderName};
use regex::Regex;

/// Patterns for the values of one header.
#[derive(Clone, Debug)]
pub struct Patterns {
    /// The header. Several lines are read as one list, joined by commas.
    pub header: HeaderName,
    /// From the cache.
    pub hit: Option<Regex>,
    /// From the origin, through the cache.
    pub miss: Option<Regex>,
    /// From the origin, around the cache.
    pub bypass: Option<Regex>,
    /// From the cache, past its lifetime.
    pub stale: Option<Regex>,
    /// From the cache, after waiting for another request.
    pub coalesced: Option<Regex>,
}

impl Patterns {
    /// Tries coalesced, stale, bypass, hit, miss: the special before the plain, so that
    /// `hit: "hit"` does not swallow `hit-stale`.
    pub(super) fn claim(&self, headers: &HeaderMap) -> Source {
        let lines: Vec<&str> =
            headers.get_all(&self.header).iter().filter_map(|line| line.to_str().ok()).collect();
        if lines.is_empty() {
            return Source::Unknown;
        }
        let value = lines.join(", ");
        let order = [
            (&self.coalesced, Source::Coalesced),
            (&self.stale, Source::Stale),
            (&self.bypass, Source::Bypass),
            (&self.hit, Source::Hit),
            (&self.miss, Source::Miss),
        ];
        order
            .into_iter()
            .find(|(pattern, _)| pattern.as_ref().is_some_and(|pattern| pattern.is_match(&value)))
            .map_or(Source::Unknown, |(_, source)| source)
    }
}
