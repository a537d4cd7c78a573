//! How servers say which layer answered.

use super::Source;
use reqwest::header::HeaderMap;

/// What a response claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The source that the headers name; [`Source::Unknown`] where they name none.
    pub source: Source,
}

/// Reads `X-Cache`, refined by `Cache-Status` (RFC 9211): only the latter can tell
/// a coalesced or a stale answer from a plain hit.
pub fn claim(headers: &HeaderMap) -> Claim {
    // Each cache on the way adds its own, the nearest to us last (RFC 9211, section 2).
    let text = |name: &str| headers.get_all(name).iter().next_back().and_then(|value| value.to_str().ok());
    let plain = text("x-cache").map(|value| {
        let value = value.to_ascii_lowercase();
        // Proxies write "HIT from edge-1" or "TCP_MEM_HIT"; the word decides.
        if value.contains("bypass") || value.contains("pass") {
            Source::Bypass
        } else if value.contains("stale") {
            Source::Stale
        } else if value.contains("hit") {
            Source::Hit
        } else if value.contains("miss") || value.contains("expired") {
            Source::Miss
        } else {
            Source::Unknown
        }
    });
    let standard = text("cache-status").map(cache_status);
    let source = match (plain, standard) {
        (Some(Source::Hit), Some(refined @ (Source::Coalesced | Source::Stale))) => refined,
        (Some(Source::Unknown) | None, Some(standard)) => standard,
        (Some(plain), _) => plain,
        (None, None) => Source::Unknown,
    };
    Claim { source }
}

/// The nearest cache's member of `Cache-Status`: the last one in the list.
fn cache_status(value: &str) -> Source {
    let value = value.to_ascii_lowercase();
    let last = value.rsplit(',').next().unwrap_or(&value);
    let parameters: Vec<&str> = last.split(';').skip(1).map(str::trim).collect();
    let has = |wanted: &str| {
        parameters.iter().any(|parameter| *parameter == wanted || *parameter == format!("{wanted}=?1"))
    };
    let detail = parameters.iter().find_map(|parameter| parameter.strip_prefix("detail="));
    let forward = parameters.iter().find_map(|parameter| parameter.strip_prefix("fwd="));
    if has("hit") {
        match detail {
            Some(detail) if detail.contains("coalesced") => Source::Coalesced,
            Some(detail) if detail.contains("stale") => Source::Stale,
            _ => Source::Hit,
        }
    } else if has("collapsed") {
        Source::Coalesced
    } else {
        match forward {
            Some("bypass" | "request" | "method") => Source::Bypass,
            Some(_) => Source::Miss,
            None => Source::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    #[test]
    fn headers_tell_the_source() {
        let cases: [(&[(&'static str, &'static str)], Source); 13] = [
            (&[("x-cache", "HIT")], Source::Hit),
            (&[("x-cache", "MISS")], Source::Miss),
            (&[("x-cache", "BYPASS")], Source::Bypass),
            (&[("x-cache", "Hit from cloudfront")], Source::Hit),
            (&[("x-cache", "EXPIRED")], Source::Miss),
            (&[("x-cache", "HIT"), ("cache-status", "reports; hit; detail=COALESCED")], Source::Coalesced),
            (&[("cache-status", "edge; hit; ttl=30")], Source::Hit),
            (&[("cache-status", "edge; fwd=miss; collapsed")], Source::Coalesced),
            (&[("cache-status", "origin; hit, edge; fwd=uri-miss; stored")], Source::Miss),
            (&[("cache-status", "edge; fwd=request")], Source::Bypass),
            (&[("x-cache", "MISS"), ("cache-status", "reports; hit")], Source::Miss),
            (&[("x-cache", "whatever")], Source::Unknown),
            (&[], Source::Unknown),
        ];
        for (headers, expected) in cases {
            let map: HeaderMap = headers
                .iter()
                .map(|(name, value)| {
                    (reqwest::header::HeaderName::from_static(name), HeaderValue::from_static(value))
                })
                .collect();
            assert_eq!(claim(&map).source, expected, "{headers:?}");
        }
    }
}
