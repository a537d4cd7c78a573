//! The words of `X-Cache`, `X-Cache-Status` and `CF-Cache-Status`. They share one
//! vocabulary, which grew out of Squid's, so one table serves them all.

use crate::observe::Source;

/// What a value such as `HIT`, `TCP_MEM_HIT from edge-1` or `REVALIDATED` means.
pub(super) fn source(value: &str) -> Source {
    // Nearly every answer says just this, and each search below takes its time.
    if value.eq_ignore_ascii_case("hit") {
        return Source::Hit;
    }
    if value.eq_ignore_ascii_case("miss") {
        return Source::Miss;
    }
    // "MISS from bypass.example": the name of a cache is not a status.
    let status = value.split(" from ").next().unwrap_or(value).to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| status.contains(word));
    // Order matters: Squid's and Akamai's TCP_REFRESH_FAIL_HIT is not a TCP_REFRESH_HIT,
    // and neither is a HIT.
    if says(&["bypass", "pass", "dynamic"]) {
        // Cloudflare's DYNAMIC: not a resource that it caches.
        Source::Bypass
    } else if says(&["stale", "updating", "fail_hit", "swr"]) {
        // UPDATING serves the expired copy while another request fetches a new one:
        // https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_cache_use_stale
        Source::Stale
    } else if says(&["revalidated", "refresh", "expired", "scarce", "miss"]) {
        // REVALIDATED (nginx with proxy_cache_revalidate, Cloudflare), RefreshHit
        // (CloudFront) and TCP_REFRESH_HIT (Akamai): the copy had expired and the origin
        // was asked whether it still holds. nginx's status page counts those bytes as
        // read from the cache, but the request took the origin's time, and RFC 9211
        // (section 2.2, fwd=stale) calls it forwarded. It is a miss here, whichever
        // header says so. SCARCE: asked too seldom to be stored yet
        // (proxy_cache_min_uses), so the origin answered.
        Source::Miss
    } else if says(&["hit"]) {
        Source::Hit
    } else {
        Source::Unknown
    }
}
