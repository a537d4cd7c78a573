//! How servers say which layer answered: each [`Dialect`] is one header and its words.
//!
//! In: the headers of a response. Out: the [`Source`] they claim, [`Source::Unknown`]
//! where they claim none. One rule holds in every dialect: an answer for which the
//! origin was asked, if only to validate, is no hit (RFC 9211, section 2.1: a hit "was
//! not forwarded"). Whether the claim is true is not decided here.

mod age;
mod cache_status;
mod custom;
#[cfg(test)]
mod tests;
mod varnish;
mod words;

pub use custom::Patterns;

use super::Source;
use http::{HeaderMap, HeaderName};

const X_CACHE: HeaderName = HeaderName::from_static("x-cache");
const CF_CACHE_STATUS: HeaderName = HeaderName::from_static("cf-cache-status");
const X_CACHE_STATUS: HeaderName = HeaderName::from_static("x-cache-status");

/// Which header tells the source.
#[derive(Clone, Debug, Default)]
pub enum Dialect {
    /// Whatever there is: `X-Cache` refined by `Cache-Status`, then `CF-Cache-Status`,
    /// `X-Cache-Status`, `X-Varnish`, and an `Age` above 0. The first that says anything
    /// is believed. Where `Age` is all there is, only hits are ever claimed and the rest
    /// stays unknown: a rate over what is known would flatter.
    #[default]
    Auto,
    /// `X-Cache`, as Squid, Varnish configurations, CloudFront, Fastly and Akamai write it.
    XCache,
    /// `Cache-Status` (RFC 9211).
    CacheStatus,
    /// `CF-Cache-Status` of Cloudflare.
    CfCacheStatus,
    /// `X-Cache-Status`, the usual name for nginx's `$upstream_cache_status`.
    Nginx,
    /// `Age` alone: present is a hit, absent a miss. Weak: caches that write `Age: 0` on
    /// a miss (Varnish does) look like hits always, and a shared cache in front of the
    /// one under test answers in its stead. Bypass, stale and coalesced cannot be told.
    Age,
    /// `X-Varnish`: two transaction ids are a hit, one is a miss. A pass looks like a
    /// miss, and a hit in grace like any hit.
    XVarnish,
    /// A header and patterns of the scenario.
    Custom(Patterns),
}

impl Dialect {
    /// The source that a response claims.
    pub fn claim(&self, headers: &HeaderMap) -> Source {
        match self {
            Self::Auto => auto(headers),
            Self::XCache => word(headers, &X_CACHE),
            Self::CacheStatus => cache_status::claim(headers).unwrap_or(Source::Unknown),
            Self::CfCacheStatus => word(headers, &CF_CACHE_STATUS),
            Self::Nginx => word(headers, &X_CACHE_STATUS),
            Self::Age => age::claim(headers),
            Self::XVarnish => varnish::claim(headers).unwrap_or(Source::Unknown),
            Self::Custom(patterns) => patterns.claim(headers),
        }
    }
}

fn auto(headers: &HeaderMap) -> Source {
    let known = |source: Source| (source != Source::Unknown).then_some(source);
    let plain = match word(headers, &X_CACHE) {
        // Only Cache-Status can tell a coalesced or a stale answer from a plain hit.
        Source::Hit => match cache_status::claim(headers) {
            Some(refined @ (Source::Coalesced | Source::Stale)) => Some(refined),
            Some(_) | None => Some(Source::Hit),
        },
        source => known(source).or_else(|| cache_status::claim(headers).and_then(known)),
    };
    plain
        .or_else(|| known(word(headers, &CF_CACHE_STATUS)))
        .or_else(|| known(word(headers, &X_CACHE_STATUS)))
        .or_else(|| varnish::claim(headers))
        // An absent Age, or 0, proves nothing: it is as likely an origin that never sends it.
        .or_else(|| age::seconds(headers).filter(|seconds| *seconds > 0).map(|_| Source::Hit))
        .unwrap_or(Source::Unknown)
}

fn word(headers: &HeaderMap, name: &HeaderName) -> Source {
    nearest(headers, name).map_or(Source::Unknown, words::source)
}

/// The member that the nearest cache wrote. Each cache on the way adds its own behind
/// the others' (RFC 9211, section 2), in a line of its own or after a comma.
fn nearest<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let line = headers.get_all(name).iter().next_back()?.to_str().ok()?;
    line.rsplit(',').map(str::trim).find(|member| !member.is_empty())
}
