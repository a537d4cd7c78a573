use super::*;
use http::{HeaderName, HeaderValue};

type Headers = &'static [(&'static str, &'static str)];

/// Wall seconds of a run whose scenario clock runs 60 times as fast.
fn wall(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds).mul_f64(60.0)
}

fn map(headers: Headers) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    map
}

fn get(headers: Headers) -> Asked {
    Asked { method: Method::GET, headers: map(headers) }
}

const URL: u64 = 7;
const BODY: Copy = Copy { digest: 11, bytes: 2_000 };
const OTHER: Copy = Copy { digest: 22, bytes: 3_000 };
const EMPTY: Copy = Copy { digest: 0, bytes: 0 };
/// 2026-11-22 12:00:00 GMT, in a year that the scenario clock (1970) is far from.
fn noon() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_348_800)
}

fn answer(
    browser: &mut Browser,
    asked: &Asked,
    status: u16,
    headers: Headers,
    body: Copy,
    at: Duration,
) -> Option<Copy> {
    let headers = map(headers);
    browser.remember(URL, asked, &Received { status, headers: &headers, body, asked_at: at, wall: noon() })
}

/// A browser that got this answer at the beginning.
fn after(headers: Headers) -> Browser {
    let mut browser = Browser::default();
    assert_eq!(answer(&mut browser, &get(&[]), 200, headers, BODY, Duration::ZERO), Some(BODY));
    browser
}

fn stale(conditional: Headers) -> Have {
    Have::Stale { conditional: map(conditional) }
}

const IF_A: Headers = &[("if-none-match", "\"a\"")];

/// For how many scenario seconds a copy with these headers is fresh.
fn lifetime(headers: Headers) -> u64 {
    let browser = after(headers);
    let fresh = |second: u64| matches!(browser.look(URL, &get(&[]), Duration::from_secs(second)), Have::Fresh(copy) if copy == BODY);
    let (mut low, mut high) = (0, 1 << 32);
    while low < high {
        let middle = (low + high) / 2;
        if fresh(middle) { low = middle + 1 } else { high = middle }
    }
    low
}

#[test]
fn a_fresh_copy_lasts_as_long_as_rfc_9111_says() {
    let cases: [(Headers, u64); 20] = [
        // Section 5.2.2.1: max-age, in scenario seconds.
        (&[("cache-control", "private, max-age=300"), ("etag", "\"a\"")], 300),
        (&[("cache-control", "Max-Age=300")], 300),
        (&[("cache-control", "private"), ("cache-control", "max-age=300")], 300),
        (&[("cache-control", "max-age=0, must-revalidate"), ("etag", "\"a\"")], 0),
        // Section 4.2.3: less what it had lived in caches before.
        (&[("cache-control", "max-age=300"), ("age", "100")], 200),
        (&[("cache-control", "max-age=300"), ("age", "300")], 0),
        // ... whatever the server's wall clock says, even where it is years off.
        (&[("cache-control", "max-age=300"), ("date", "Sun, 22 Nov 2026 12:00:00 GMT")], 300),
        (&[("cache-control", "max-age=300"), ("date", "Thu, 01 Jan 1970 00:00:00 GMT")], 300),
        // Section 5.2.2.10: s-maxage is for shared caches.
        (&[("cache-control", "max-age=300, s-maxage=900")], 300),
        // Section 5.3: Expires counts from Date, and max-age overrides it.
        (&[("expires", "Sun, 22 Nov 2026 12:10:00 GMT"), ("date", "Sun, 22 Nov 2026 12:00:00 GMT")], 600),
        (&[("expires", "Sun, 22 Nov 2026 12:10:00 GMT"), ("date", "Sun, 22 Nov 2026 12:20:00 GMT")], 0),
        (&[("expires", "Sun, 22 Nov 2026 12:10:00 GMT"), ("cache-control", "max-age=5")], 5),
        (&[("expires", "0"), ("etag", "\"a\"")], 0),
        // RFC 9110, section 6.6.1: without a legible Date, from when it came (noon).
        (&[("expires", "Sun, 22 Nov 2026 12:10:00 GMT")], 600),
        (&[("expires", "Sun, 22 Nov 2026 12:10:00 GMT"), ("date", "today")], 600),
        // Section 4.2.2: a tenth of the time since the last change.
        (
            &[("last-modified", "Sun, 22 Nov 2026 10:20:00 GMT"), ("date", "Sun, 22 Nov 2026 12:00:00 GMT")],
            600,
        ),
        (&[("last-modified", "Sun, 22 Nov 2026 10:20:00 GMT")], 600),
        // Section 5.2.2.4 and 5.4: to be validated each time.
        (&[("cache-control", "no-cache, max-age=300"), ("etag", "\"a\"")], 0),
        (&[("pragma", "no-cache"), ("expires", "Sun, 22 Nov 2026 12:10:00 GMT")], 0),
        // Nothing that makes it fresh.
        (&[("etag", "\"a\"")], 0),
    ];
    for (headers, expected) in cases {
        assert_eq!(lifetime(headers), expected, "{headers:?}");
    }
}

#[test]
fn five_minutes_pass_in_five_seconds_at_60x() {
    let browser = after(&[("cache-control", "private, max-age=300"), ("etag", "\"a\""), ("age", "60")]);
    let at = |seconds: f64| browser.look(URL, &get(&[]), wall(seconds));
    assert_eq!(at(0.0), Have::Fresh(BODY));
    assert_eq!(at(3.9), Have::Fresh(BODY));
    assert_eq!(at(4.0), stale(IF_A), "60 of the 300 seconds were over when it came");
    assert_eq!(browser.look(URL + 1, &get(&[]), Duration::ZERO), Have::Nothing, "another URL");
}

#[test]
fn a_copy_ages_from_when_it_was_asked_for() {
    // Section 4.2.3: the response delay is part of the age. Asked at 100 s, came at 130 s.
    let mut browser = Browser::default();
    let at = Duration::from_secs(100);
    answer(&mut browser, &get(&[]), 200, &[("cache-control", "max-age=60"), ("etag", "\"a\"")], BODY, at);
    assert_eq!(browser.look(URL, &get(&[]), Duration::from_secs(159)), Have::Fresh(BODY));
    assert_eq!(browser.look(URL, &get(&[]), Duration::from_secs(160)), stale(IF_A));
}

#[test]
fn a_stale_copy_is_validated_by_what_it_has() {
    const SINCE: &str = "Sun, 22 Nov 2026 10:20:00 GMT";
    let cases: [(Headers, Have); 5] = [
        (&[("cache-control", "max-age=0"), ("etag", "\"a\"")], stale(IF_A)),
        (&[("cache-control", "max-age=0"), ("etag", "W/\"a\"")], stale(&[("if-none-match", "W/\"a\"")])),
        (&[("cache-control", "max-age=0"), ("last-modified", SINCE)], stale(&[("if-modified-since", SINCE)])),
        (
            &[("cache-control", "max-age=0"), ("etag", "\"a\""), ("last-modified", SINCE)],
            stale(&[("if-none-match", "\"a\""), ("if-modified-since", SINCE)]),
        ),
        (&[("cache-control", "max-age=0")], Have::Nothing),
    ];
    for (headers, expected) in cases {
        assert_eq!(after(headers).look(URL, &get(&[]), Duration::ZERO), expected, "{headers:?}");
    }
}

#[test]
fn a_reader_may_ask_for_less_than_the_copy_offers() {
    let browser = after(&[("cache-control", "max-age=300, must-revalidate"), ("etag", "\"a\"")]);
    let cases: [(Headers, u64, Have); 5] = [
        (&[("cache-control", "no-cache")], 0, stale(IF_A)),
        (&[("cache-control", "max-age=10")], 10, Have::Fresh(BODY)),
        (&[("cache-control", "max-age=10")], 11, stale(IF_A)),
        (&[("cache-control", "min-fresh=100")], 201, stale(IF_A)),
        // Section 5.2.2.2: must-revalidate forbids what max-stale would allow.
        (&[("cache-control", "max-stale=100")], 301, stale(IF_A)),
    ];
    for (headers, second, expected) in cases {
        let have = browser.look(URL, &get(headers), Duration::from_secs(second));
        assert_eq!(have, expected, "{headers:?} after {second} s");
    }
    let post = Asked { method: Method::POST, headers: HeaderMap::new() };
    assert_eq!(browser.look(URL, &post, Duration::ZERO), Have::Nothing);
}

#[test]
fn what_must_not_be_stored_is_seen_once() {
    let cases: [(Headers, Headers); 3] = [
        (&[], &[("cache-control", "no-store, max-age=300"), ("etag", "\"b\"")]),
        (&[("cache-control", "no-store")], &[("cache-control", "max-age=300"), ("etag", "\"b\"")]),
        (&[], &[("cache-control", "max-age=300"), ("vary", "Accept, *"), ("etag", "\"b\"")]),
    ];
    for (asked, headers) in cases {
        let mut browser = after(&[("cache-control", "max-age=300")]);
        let seen = answer(&mut browser, &get(asked), 200, headers, OTHER, Duration::ZERO);
        assert_eq!(seen, Some(OTHER), "{headers:?}");
        let have = browser.look(URL, &get(&[]), Duration::ZERO);
        assert_eq!(have, Have::Nothing, "the older copy must not come back: {headers:?}");
    }
}

#[test]
fn a_304_refreshes_the_copy_and_shows_its_body() {
    let mut browser = after(&[
        ("cache-control", "max-age=300"),
        ("etag", "\"a\""),
        ("age", "250"),
        ("vary", "Authorization"),
    ]);
    let later = Duration::from_secs(60);
    assert_eq!(browser.look(URL, &get(&[]), later), stale(IF_A));
    // It brings a lifetime of its own and no Age: what the old one had is over.
    let confirmed = &[("cache-control", "max-age=100"), ("etag", "\"a\"")];
    assert_eq!(answer(&mut browser, &get(&[]), 304, confirmed, EMPTY, later), Some(BODY));
    assert_eq!(browser.look(URL, &get(&[]), later + Duration::from_secs(99)), Have::Fresh(BODY));
    assert_eq!(browser.look(URL, &get(&[]), later + Duration::from_secs(100)), stale(IF_A));
    // What it leaves out stays: the ETag, the lifetime and Vary.
    let later = later + Duration::from_secs(100);
    assert_eq!(answer(&mut browser, &get(&[]), 304, &[], EMPTY, later), Some(BODY));
    assert_eq!(browser.look(URL, &get(&[]), later + Duration::from_secs(99)), Have::Fresh(BODY));
    assert_eq!(browser.look(URL, &get(&[("authorization", "x")]), later), Have::Nothing);
    // A header that the copy did not have is added (section 3.2).
    let forbidden = &[("cache-control", "no-cache"), ("last-modified", "Sun, 22 Nov 2026 10:20:00 GMT")];
    assert_eq!(answer(&mut browser, &get(&[]), 304, forbidden, EMPTY, later), Some(BODY));
    let both = &[("if-none-match", "\"a\""), ("if-modified-since", "Sun, 22 Nov 2026 10:20:00 GMT")];
    assert_eq!(browser.look(URL, &get(&[]), later), stale(both));
    // One that forbids to keep it still shows it this time.
    assert_eq!(
        answer(&mut browser, &get(&[]), 304, &[("cache-control", "no-store")], EMPTY, later),
        Some(BODY)
    );
    assert_eq!(browser.look(URL, &get(&[]), later), Have::Nothing);
}

#[test]
fn a_304_about_something_else_shows_nothing() {
    const MODIFIED: Headers = &[("last-modified", "Sun, 22 Nov 2026 10:20:00 GMT")];
    let cases: [(Headers, Headers, bool); 6] = [
        (&[("etag", "\"a\"")], &[("etag", "\"b\"")], false),
        (&[("etag", "\"a\"")], &[("etag", "W/\"a\"")], true),
        (&[("etag", "W/\"a\"")], &[("etag", "W/\"b\"")], false),
        (MODIFIED, MODIFIED, true),
        (MODIFIED, &[("last-modified", "Sun, 22 Nov 2026 10:30:00 GMT")], false),
        (MODIFIED, &[("etag", "\"a\"")], false),
    ];
    for (had, came, about) in cases {
        let mut browser = after(had);
        let seen = answer(&mut browser, &get(&[]), 304, came, EMPTY, Duration::ZERO);
        assert_eq!(seen, about.then_some(BODY), "{had:?} and {came:?}");
        assert_eq!(browser.copies.len(), usize::from(about), "{had:?} and {came:?}");
    }
    let unasked = answer(&mut Browser::default(), &get(&[]), 304, &[], EMPTY, Duration::ZERO);
    assert_eq!(unasked, None, "there is no copy that it could be about");
}

#[test]
fn vary_keeps_the_copies_of_two_people_and_two_codings_apart() {
    let me: Headers = &[("authorization", "me"), ("accept-encoding", "gzip")];
    let mut browser = Browser::default();
    let headers = &[("cache-control", "max-age=300"), ("vary", "Authorization, ACCEPT-encoding")];
    answer(&mut browser, &get(me), 200, headers, BODY, Duration::ZERO);
    let cases: [(Headers, bool); 6] = [
        (me, true),
        (&[("accept-encoding", "gzip"), ("authorization", "me"), ("accept", "text/html")], true),
        (&[("authorization", "you"), ("accept-encoding", "gzip")], false),
        (&[("authorization", "me"), ("accept-encoding", "br")], false),
        (&[("authorization", "me")], false),
        (&[("authorization", "gzip"), ("accept-encoding", "me")], false),
    ];
    for (asked, mine) in cases {
        let expected = if mine { Have::Fresh(BODY) } else { Have::Nothing };
        assert_eq!(browser.look(URL, &get(asked), Duration::ZERO), expected, "{asked:?}");
    }
}

#[test]
fn a_write_invalidates_the_copy_of_its_url_unless_it_failed() {
    for (status, gone) in [(200, true), (201, true), (204, true), (303, true), (409, false), (500, false)] {
        let mut browser = after(&[("cache-control", "max-age=300")]);
        browser.wrote(URL + 1, status);
        assert_eq!(browser.look(URL, &get(&[]), Duration::ZERO), Have::Fresh(BODY), "another URL");
        browser.wrote(URL, status);
        let expected = if gone { Have::Nothing } else { Have::Fresh(BODY) };
        assert_eq!(browser.look(URL, &get(&[]), Duration::ZERO), expected, "{status}");
    }
}

#[test]
fn an_error_shows_no_copy_and_only_a_servers_trouble_leaves_it() {
    for (status, stays) in [(404, false), (403, false), (301, false), (206, false), (500, true), (503, true)]
    {
        let mut browser = after(&[("cache-control", "max-age=0"), ("etag", "\"a\"")]);
        let seen = answer(
            &mut browser,
            &get(&[]),
            status,
            &[("cache-control", "max-age=300")],
            OTHER,
            Duration::ZERO,
        );
        assert_eq!(seen, None, "{status}");
        let expected = if stays { stale(IF_A) } else { Have::Nothing };
        assert_eq!(browser.look(URL, &get(&[]), Duration::ZERO), expected, "{status}");
    }
}

/// An answer as the embedded service gives it.
const TYPICAL: Headers = &[
    ("cache-control", "private, max-age=0, must-revalidate"),
    ("content-type", "application/json"),
    ("date", "Sun, 22 Nov 2026 12:00:00 GMT"),
    ("etag", "\"5f2c1a9b8d7e6f50413223a4b5c6d7e8\""),
    ("vary", "Authorization, Accept-Encoding"),
    ("age", "120"),
    ("x-cache", "HIT"),
];

fn fill(browser: &mut Browser, urls: std::ops::Range<u64>) {
    let headers = map(TYPICAL);
    for url in urls {
        let received =
            Received { status: 200, headers: &headers, body: BODY, asked_at: Duration::ZERO, wall: noon() };
        browser.remember(url, &get(&[]), &received);
    }
}

#[test]
fn a_full_browser_forgets_what_it_has_not_seen_for_longest() {
    let mut browser = Browser::default();
    let full = COPIES as u64;
    fill(&mut browser, 0..full);
    fill(&mut browser, 0..1);
    fill(&mut browser, full..full + 1);
    assert_eq!(browser.copies.len(), COPIES);
    assert!(browser.copies.contains_key(&0), "seen again");
    assert!(!browser.copies.contains_key(&1));
    // A copy that was dropped and came back is as young as its last coming.
    browser.wrote(2, 200);
    fill(&mut browser, 2..3);
    fill(&mut browser, full + 1..full + 2);
    assert!(browser.copies.contains_key(&2));
    assert!(!browser.copies.contains_key(&3));
}

#[test]
fn a_thousand_full_browsers_stay_within_50_mb() {
    let mut browser = Browser::default();
    fill(&mut browser, 0..COPIES as u64);
    // The map: an entry with its hash, and about 9/7 slots of an index a copy; the
    // header block in chunks of 16 with 8 of the allocator's own.
    let entry = size_of::<(u64, Stored)>() + size_of::<u64>();
    let map = browser.copies.capacity() * (entry + (size_of::<usize>() + 1) * 8 / 7);
    let block = |stored: &Stored| (stored.headers.len() + 8).next_multiple_of(16);
    let blocks: usize = browser.copies.values().map(block).sum();
    let a_copy = (map + blocks) as f64 / COPIES as f64;
    println!("{a_copy:.0} bytes a copy ({entry} in the map, {} in the block)", blocks / COPIES);
    assert!(a_copy * COPIES as f64 * 1_000.0 <= 50e6, "{a_copy:.0} bytes a copy");
}
