use super::*;
use http::HeaderValue;
use regex::Regex;

type Headers = &'static [(&'static str, &'static str)];

fn map(headers: Headers) -> HeaderMap {
    headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).fold(
        HeaderMap::new(),
        |mut map, (name, value)| {
            map.append(name, value);
            map
        },
    )
}

fn table(dialect: &Dialect, cases: &[(Headers, Source)]) {
    for (headers, expected) in cases {
        assert_eq!(dialect.claim(&map(headers)), *expected, "{dialect:?}: {headers:?}");
    }
}

fn values(dialect: &Dialect, header: &'static str, cases: &[(&'static str, Source)]) {
    for (value, expected) in cases {
        let mut headers = HeaderMap::new();
        headers.insert(header, HeaderValue::from_static(value));
        assert_eq!(dialect.claim(&headers), *expected, "{header}: {value}");
        assert_eq!(dialect.claim(&HeaderMap::new()), Source::Unknown, "{dialect:?} without its header");
    }
}

#[test]
fn headers_tell_the_source() {
    let cases: [(Headers, Source); 13] = [
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
    table(&Dialect::Auto, &cases);
    for (headers, expected) in cases {
        assert_eq!(Dialect::Auto.claim(&map(headers)), expected, "{headers:?}");
    }
}

#[test]
fn auto_takes_the_first_header_that_says_anything() {
    table(
        &Dialect::Auto,
        &[
            (&[("x-cache", "HIT"), ("cache-status", "a;b;c; hit ; =")], Source::Hit),
            (&[("x-cache", "odd"), ("cache-status", "edge; hit")], Source::Hit),
            (&[("x-cache", "BYPASS"), ("age", "12")], Source::Bypass),
            (&[("cache-status", "not a structured field"), ("cf-cache-status", "HIT")], Source::Hit),
            (&[("cf-cache-status", "DYNAMIC"), ("x-cache-status", "HIT")], Source::Bypass),
            (&[("x-cache-status", "MISS"), ("x-varnish", "1 2")], Source::Miss),
            (&[("x-varnish", "7"), ("age", "4")], Source::Miss),
            (&[("age", "4")], Source::Hit),
            (&[("age", "0")], Source::Unknown),
            (&[("age", "soon")], Source::Unknown),
        ],
    );
}

#[test]
fn the_nearest_cache_of_x_cache_counts_and_its_name_does_not() {
    let cases = [
        ("MISS, HIT", Source::Hit),
        ("HIT, MISS", Source::Miss),
        ("TCP_MEM_HIT from a1-2-3-4.deploy.example (AkamaiGHost) (-)", Source::Hit),
        ("MISS from pass-through-1", Source::Miss),
        ("HIT from stale-bypass", Source::Hit),
        ("RefreshHit from cloudfront", Source::Miss),
        ("TCP_REFRESH_HIT from edge", Source::Miss),
        ("TCP_REFRESH_FAIL_HIT from edge", Source::Stale),
        ("Error from cloudfront", Source::Unknown),
    ];
    values(&Dialect::XCache, "x-cache", &cases);
    table(
        &Dialect::XCache,
        &[
            (&[("x-cache", "HIT"), ("x-cache", "MISS")], Source::Miss),
            (&[("cache-status", "edge; hit")], Source::Unknown),
        ],
    );
}

#[test]
fn cache_status_is_read_as_rfc_9211_has_it() {
    let cases = [
        ("edge; hit", Source::Hit),
        ("\"edge, 1\"; hit; ttl=5", Source::Hit),
        ("edge; hit; ttl=-5", Source::Stale),
        ("edge; hit; detail=stale-while-revalidate", Source::Stale),
        ("edge; hit; detail=\"served stale\"", Source::Stale),
        ("edge; hit; detail=COALESCED", Source::Coalesced),
        ("edge; hit=?0; fwd=miss", Source::Miss),
        ("edge; fwd=uri-miss; stored", Source::Miss),
        ("edge; fwd=vary-miss", Source::Miss),
        ("edge; fwd=partial", Source::Miss),
        ("edge; fwd=stale; fwd-status=304", Source::Miss),
        ("edge; fwd=uri-miss; collapsed", Source::Coalesced),
        ("edge; fwd=uri-miss; collapsed=?0", Source::Miss),
        ("edge; fwd=bypass; detail=STORE_DOWN", Source::Bypass),
        ("edge; fwd=method", Source::Bypass),
        ("origin; hit; ttl=9, edge; fwd=bypass", Source::Bypass),
        ("origin; detail=\"a, b; hit\", edge; fwd=miss", Source::Miss),
        ("report-cache; detail=ONLY_IF_CACHED", Source::Unknown),
        ("edge", Source::Unknown),
        ("(edge); hit", Source::Unknown),
        ("edge; hit,", Source::Unknown),
        ("HIT from edge", Source::Unknown),
        ("", Source::Unknown),
    ];
    values(&Dialect::CacheStatus, "cache-status", &cases);
    // Two lines are one list.
    table(
        &Dialect::CacheStatus,
        &[(&[("cache-status", "origin; fwd=miss"), ("cache-status", "edge; hit")], Source::Hit)],
    );
}

#[test]
fn nginx_and_cloudflare_words_are_known() {
    // https://nginx.org/en/docs/http/ngx_http_upstream_module.html#var_upstream_cache_status
    let nginx = [
        ("HIT", Source::Hit),
        ("MISS", Source::Miss),
        ("BYPASS", Source::Bypass),
        ("EXPIRED", Source::Miss),
        ("STALE", Source::Stale),
        ("UPDATING", Source::Stale),
        ("REVALIDATED", Source::Miss),
        ("SCARCE", Source::Miss),
        ("-", Source::Unknown),
    ];
    values(&Dialect::Nginx, "x-cache-status", &nginx);
    // https://developers.cloudflare.com/cache/concepts/cache-responses/
    let cloudflare = [
        ("HIT", Source::Hit),
        ("MISS", Source::Miss),
        ("EXPIRED", Source::Miss),
        ("STALE", Source::Stale),
        ("BYPASS", Source::Bypass),
        ("REVALIDATED", Source::Miss),
        ("UPDATING", Source::Stale),
        ("DYNAMIC", Source::Bypass),
        ("NONE/UNKNOWN", Source::Unknown),
    ];
    values(&Dialect::CfCacheStatus, "cf-cache-status", &cloudflare);
}

#[test]
fn two_transactions_of_varnish_are_a_hit() {
    let cases = [
        ("50202624", Source::Miss),
        ("50202625 50202622", Source::Hit),
        ("1 2, 3", Source::Miss),
        ("1, 2 3", Source::Hit),
        ("1 2 3", Source::Unknown),
        ("HIT", Source::Unknown),
        ("", Source::Unknown),
    ];
    values(&Dialect::XVarnish, "x-varnish", &cases);
}

#[test]
fn age_alone_is_a_hit_when_asked_for() {
    table(
        &Dialect::Age,
        &[
            (&[("age", "17")], Source::Hit),
            (&[("age", "0")], Source::Hit),
            (&[("age", "3, 4")], Source::Hit),
            (&[("age", "-1")], Source::Unknown),
            (&[], Source::Miss),
        ],
    );
}

#[test]
fn patterns_are_tried_from_the_special_to_the_plain() {
    let pattern = |text: &str| Some(Regex::new(text).unwrap());
    let patterns = Patterns {
        header: HeaderName::from_static("x-served-by"),
        hit: pattern("edge"),
        miss: pattern("origin|edge"),
        bypass: pattern("direct"),
        stale: pattern("old"),
        coalesced: pattern("(?i)WAITED"),
    };
    let dialect = Dialect::Custom(patterns.clone());
    values(
        &dialect,
        "x-served-by",
        &[
            ("edge-1", Source::Hit),
            ("origin", Source::Miss),
            ("edge-1 direct", Source::Bypass),
            ("edge-1 old direct", Source::Stale),
            ("edge-1 old waited", Source::Coalesced),
            ("elsewhere", Source::Unknown),
        ],
    );
    table(&dialect, &[(&[("x-served-by", "a"), ("x-served-by", "edge")], Source::Hit)]);
    let empty = Patterns { hit: None, miss: None, bypass: None, stale: None, coalesced: None, ..patterns };
    table(&Dialect::Custom(empty), &[(&[("x-served-by", "edge")], Source::Unknown)]);
}
