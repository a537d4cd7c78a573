//! `X-Varnish`: the transaction of this request and, for an answer from the cache, the
//! one that stored it. <https://http.dev/x-varnish>

use super::nearest;
use crate::observe::Source;
use http::{HeaderMap, HeaderName};

const X_VARNISH: HeaderName = HeaderName::from_static("x-varnish");

/// Two ids are a hit, one a miss; anything else is not Varnish's.
pub(super) fn claim(headers: &HeaderMap) -> Option<Source> {
    let ids = nearest(headers, &X_VARNISH)?.split_ascii_whitespace();
    let ids: Vec<bool> = ids.map(|id| id.bytes().all(|byte| byte.is_ascii_digit())).collect();
    match ids[..] {
        [true, true] => Some(Source::Hit),
        [true] => Some(Source::Miss),
        _ => None,
    }
}
