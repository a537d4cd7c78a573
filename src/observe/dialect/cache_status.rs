//! `Cache-Status`, RFC 9211.

use crate::observe::Source;
use http::{HeaderMap, HeaderName};
use sfv::{BareItem, ListEntry, Parameters, Parser};

const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");

/// What the nearest cache says; `None` where there is no such header. A header that is
/// not a structured field (RFC 9651) says nothing.
pub(super) fn claim(headers: &HeaderMap) -> Option<Source> {
    let mut lines = headers.get_all(CACHE_STATUS).iter();
    let first = lines.next()?;
    // The lines of a list are one list (RFC 9651, section 4.2).
    let mut whole = first.as_bytes().to_vec();
    for line in lines {
        whole.extend_from_slice(b", ");
        whole.extend_from_slice(line.as_bytes());
    }
    let Ok(list) = Parser::new(&whole).parse::<sfv::List>() else { return Some(Source::Unknown) };
    // The cache nearest to the user is the last member (section 2).
    let parameters = match list.last() {
        Some(ListEntry::Item(item)) => &item.params,
        Some(ListEntry::InnerList(_)) | None => return Some(Source::Unknown),
    };
    Some(member(parameters))
}

fn member(parameters: &Parameters) -> Source {
    let is = |name: &str| parameters.get(name).and_then(BareItem::as_boolean) == Some(true);
    // `ttl`: what is left of the freshness lifetime, negative when it is over (section 2.5).
    let expired = parameters.get("ttl").and_then(BareItem::as_integer).is_some_and(|ttl| i64::from(ttl) < 0);
    let detail = parameters.get("detail").and_then(text).unwrap_or_default();
    if is("hit") {
        // RFC 9211 leaves the words of `detail` to each cache (section 2.8). Ours says
        // COALESCED for an answer that waited for another request's computation.
        if detail.contains("coalesced") {
            Source::Coalesced
        } else if detail.contains("stale") || expired {
            Source::Stale
        } else {
            Source::Hit
        }
    } else if is("collapsed") {
        // The request went on together with another one for the same (section 2.6).
        Source::Coalesced
    } else {
        match parameters.get("fwd").and_then(text).as_deref() {
            // Not looked up, or not allowed to answer (section 2.2).
            Some("bypass" | "request" | "method") => Source::Bypass,
            // uri-miss, vary-miss, miss, stale, partial. `stale` with a 304 of the origin
            // was validated, yet the origin was asked.
            Some(_) => Source::Miss,
            None => Source::Unknown,
        }
    }
}

/// A token or a string, in lower case: both are met.
fn text(value: &BareItem) -> Option<String> {
    let text = value.as_token().map(|token| token.as_str());
    text.or_else(|| value.as_string().map(|string| string.as_str())).map(str::to_ascii_lowercase)
}
