//! `Age` (RFC 9111, section 5.1): how long an answer has been in caches.

use crate::observe::Source;
use http::HeaderMap;
use http::header::AGE;

/// Present is a hit, absent a miss; a value that is not a number says nothing.
pub(super) fn claim(headers: &HeaderMap) -> Source {
    match (headers.contains_key(AGE), seconds(headers)) {
        (false, _) => Source::Miss,
        (true, Some(_)) => Source::Hit,
        (true, None) => Source::Unknown,
    }
}

/// The seconds. Of several members the first counts (RFC 9111, section 5.1).
pub(super) fn seconds(headers: &HeaderMap) -> Option<u64> {
    let value = headers.get(AGE)?.to_str().ok()?;
    value.split(',').next()?.trim().parse().ok()
}
