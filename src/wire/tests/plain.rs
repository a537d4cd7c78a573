//! Plain HTTP: keeping, reopening, timing, draining, redirects.

use super::server::{Scripted, axum, head, ok, say};
use super::{ask, get, seat, text, url};
use crate::observe::Fault;
use crate::wire::exchange::KEEP_AT_MOST;
use crate::wire::{Ask, Connection, Wire, WireError};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::IntoResponse;
use http::header::{AUTHORIZATION, COOKIE, ETAG, HOST, HeaderName, LOCATION, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use std::convert::Infallible;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use xxhash_rust::xxh3::xxh3_64;

/// Answers with the request: method, target, and the values of its headers.
async fn echo(request: Request) -> String {
    let mut lines = vec![format!("{} {}", request.method(), request.uri())];
    lines
        .extend(request.headers().iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())));
    let body = axum::body::to_bytes(request.into_body(), usize::MAX).await.unwrap();
    lines.push(String::from_utf8(body.to_vec()).unwrap());
    lines.join("\n")
}

#[tokio::test]
async fn a_connection_is_kept_and_used_again() {
    let base = axum(Router::new().fallback(echo)).await;
    let mut seat = seat(&base, &Connection::default());
    let first = get(&mut seat, &base.join("/a/b?c=d%20e&f").unwrap()).await;
    assert!(!first.reused);
    assert!(text(&first).starts_with("GET /a/b?c=d%20e&f\nhost: 127.0.0.1:"), "{}", text(&first));
    assert!(text(&first).contains(concat!("user-agent: cacheproof/", env!("CARGO_PKG_VERSION"))));
    for _ in 0..20 {
        assert!(get(&mut seat, &base).await.reused);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_places_at_once_get_each_their_own_answers() {
    let router = Router::new().fallback(|request: Request| async move {
        let size: usize = request.uri().path().trim_start_matches('/').parse().unwrap();
        // In pieces, so that answers come in several reads.
        let pieces = vec![b'x'; size]
            .chunks(7_000)
            .map(|piece| Ok::<_, Infallible>(piece.to_vec()))
            .collect::<Vec<_>>();
        Body::from_stream(futures::stream::iter(pieces))
    });
    let base = axum(router).await;
    let wire = Wire::new(&base, &Connection::default()).unwrap();
    let mut places = tokio::task::JoinSet::new();
    for place in 0..40 {
        let (mut seat, base) = (wire.seat(), base.clone());
        places.spawn(async move {
            for round in 0..50 {
                let size = (place * 7_919 + round * 104_729) % 60_000;
                let exchange = get(&mut seat, &base.join(&size.to_string()).unwrap()).await;
                assert_eq!(exchange.reused, round > 0);
                let answer = exchange.outcome.unwrap();
                assert_eq!((answer.bytes, answer.digest), (size as u64, xxh3_64(&vec![b'x'; size])));
            }
        });
    }
    places.join_all().await;
}

#[tokio::test]
async fn a_requests_own_headers_replace_the_connections() {
    let base = axum(Router::new().fallback(echo)).await;
    let mut connection = Connection::default();
    for (name, value) in [(USER_AGENT, "theirs"), (HeaderName::from_static("x-a"), "1"), (COOKIE, "old=1")] {
        connection.headers.append(name, HeaderValue::from_static(value));
    }
    let mut own = HeaderMap::new();
    own.append(COOKIE, HeaderValue::from_static("a=1"));
    own.append(COOKIE, HeaderValue::from_static("b=2"));
    own.insert(HOST, HeaderValue::from_static("school.example"));
    let echoed = text(&ask(&mut seat(&base, &connection), &Method::POST, &base, &own).await);
    for line in [
        "POST /",
        "host: school.example",
        "user-agent: theirs",
        "x-a: 1",
        "cookie: a=1\ncookie: b=2",
        "content-length: 0",
    ] {
        assert!(echoed.contains(line), "{line} in {echoed}");
    }
    assert!(!echoed.contains("old=1") && !echoed.contains("127.0.0.1"), "{echoed}");
}

#[tokio::test]
async fn a_connection_closed_between_two_requests_is_reopened_silently() {
    let server = Scripted::new(|_, mut tcp| async move {
        head(&mut tcp).await;
        say(&mut tcp, &ok("one")).await;
    })
    .await;
    let mut seat = seat(&server.url, &Connection::default());
    for _ in 0..3 {
        let exchange = ask(&mut seat, &Method::POST, &server.url, &HeaderMap::new()).await;
        assert_eq!((text(&exchange).as_str(), exchange.reused), ("one", false));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(server.connections(), 3);
}

/// Takes the second request of a connection and closes without a word, or in the middle.
async fn closes_on_the_second(last_words: &'static str) -> Scripted {
    Scripted::new(move |_, mut tcp| async move {
        head(&mut tcp).await;
        say(&mut tcp, &ok("first")).await;
        head(&mut tcp).await;
        say(&mut tcp, last_words).await;
    })
    .await
}

#[tokio::test]
async fn a_read_is_asked_again_when_a_kept_connection_says_nothing_but_a_write_is_not() {
    let server = closes_on_the_second("").await;
    let mut seat = seat(&server.url, &Connection::default());
    get(&mut seat, &server.url).await;
    let again = get(&mut seat, &server.url).await;
    assert_eq!((text(&again).as_str(), again.reused, server.connections()), ("first", false, 2));
    let write = ask(&mut seat, &Method::POST, &server.url, &HeaderMap::new()).await;
    assert_eq!((write.outcome.unwrap_err(), server.connections()), (Fault::Broken, 2));
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_not_asked_for_again() {
    for last_words in ["HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "nonsense\r\n\r\n"]
    {
        let server = closes_on_the_second(last_words).await;
        let mut seat = seat(&server.url, &Connection::default());
        get(&mut seat, &server.url).await;
        let broken = get(&mut seat, &server.url).await;
        assert_eq!((broken.outcome.unwrap_err(), server.connections()), (Fault::Broken, 1), "{last_words}");
        assert!(broken.why.is_some());
    }
}

#[tokio::test]
async fn no_answer_in_time_is_a_timeout_and_the_next_request_has_a_new_connection() {
    let server = Scripted::new(|number, mut tcp| async move {
        head(&mut tcp).await;
        if number == 0 {
            say(&mut tcp, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nlate").await;
            std::future::pending::<()>().await;
        }
        say(&mut tcp, &ok("in time")).await;
    })
    .await;
    let connection = Connection { timeout: Duration::from_millis(200), ..Connection::default() };
    let mut seat = seat(&server.url, &connection);
    let late = get(&mut seat, &server.url).await;
    assert_eq!(late.outcome.unwrap_err(), Fault::Timeout);
    assert!(late.first_byte.is_some());
    let spent = late.finished - late.started;
    assert!(spent >= Duration::from_millis(200) && spent < Duration::from_secs(5), "{spent:?}");
    assert_eq!(text(&get(&mut seat, &server.url).await), "in time");
}

#[tokio::test]
async fn a_request_given_up_in_the_middle_leaves_nothing_behind() {
    let server = Scripted::new(|number, mut tcp| async move {
        head(&mut tcp).await;
        if number == 0 {
            head(&mut tcp).await;
        }
        say(&mut tcp, &ok(&number.to_string())).await;
    })
    .await;
    let mut seat = seat(&server.url, &Connection::default());
    let given_up = tokio::time::timeout(Duration::from_millis(50), get(&mut seat, &server.url)).await;
    assert!(given_up.is_err());
    assert_eq!(text(&get(&mut seat, &server.url).await), "1");
}

#[tokio::test]
async fn a_refused_connection_is_a_connect_fault_and_says_why() {
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let base = url(&format!("http://{closed}/"));
    let wire = Wire::new(&base, &Connection::default()).unwrap();
    let refused = get(&mut wire.seat(), &base).await;
    assert_eq!((refused.outcome.unwrap_err(), refused.first_byte), (Fault::Connect, None));
    assert!(refused.why.unwrap().contains("refused"));
    let ask = Ask { method: &Method::GET, url: &base, headers: &HeaderMap::new(), body: None, keep: true };
    let refused = wire.control().unwrap().send(&ask).await;
    assert_eq!(refused.outcome.unwrap_err(), Fault::Connect);
    assert!(refused.why.unwrap().contains("refused"));
}

#[tokio::test]
async fn a_server_that_does_not_shake_hands_is_given_up_after_the_connect_timeout() {
    let server = Scripted::new(|_, tcp| async move {
        std::future::pending::<()>().await;
        drop(tcp);
    })
    .await;
    let base = url(&server.url.as_str().replace("http:", "https:"));
    let connection =
        Connection { insecure: true, connect_timeout: Duration::from_millis(100), ..Connection::default() };
    let mut seat = seat(&base, &connection);
    let late = get(&mut seat, &base).await;
    assert_eq!(late.outcome.unwrap_err(), Fault::Connect);
    assert_eq!(late.why.unwrap(), "no connection within 100ms");
    assert!(late.finished - late.started < Duration::from_secs(5));
}

#[tokio::test]
async fn a_slow_body_is_timed_to_its_last_byte() {
    let server = Scripted::new(|_, mut tcp| async move {
        head(&mut tcp).await;
        say(&mut tcp, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await;
        for piece in ["4\r\nslow\r\n", "5\r\n body\r\n", "0\r\n\r\n"] {
            tokio::time::sleep(Duration::from_millis(60)).await;
            say(&mut tcp, piece).await;
        }
        head(&mut tcp).await;
        say(&mut tcp, &ok("next")).await;
    })
    .await;
    let mut seat = seat(&server.url, &Connection::default());
    let slow = get(&mut seat, &server.url).await;
    assert!(slow.finished - slow.first_byte.unwrap() >= Duration::from_millis(150));
    assert_eq!(text(&slow), "slow body");
    let answer = slow.outcome.unwrap();
    assert_eq!((answer.digest, answer.bytes), (xxh3_64(b"slow body"), 9));
    let next = get(&mut seat, &server.url).await;
    assert_eq!((text(&next).as_str(), next.reused), ("next", true));
}

#[tokio::test]
async fn answers_without_a_body_do_not_wait_for_one() {
    let router = Router::new().fallback(|request: Request| async move {
        match request.uri().path() {
            "/same" => (StatusCode::NOT_MODIFIED, [(ETAG, "\"e\"")], Body::empty()).into_response(),
            "/none" => StatusCode::NO_CONTENT.into_response(),
            _ => "a body".into_response(),
        }
    });
    let base = axum(router).await;
    let mut seat = seat(&base, &Connection::default());
    for (method, path, status) in
        [(Method::HEAD, "/", 200), (Method::GET, "/same", 304), (Method::GET, "/none", 204)]
    {
        let exchange = ask(&mut seat, &method, &base.join(path).unwrap(), &HeaderMap::new()).await;
        assert_eq!(exchange.reused, method != Method::HEAD);
        let answer = exchange.outcome.unwrap();
        assert_eq!((answer.status, answer.bytes, answer.digest), (status, 0, xxh3_64(b"")));
    }
}

#[tokio::test]
async fn a_body_above_the_limit_is_measured_but_not_kept() {
    let big = vec![b'x'; KEEP_AT_MOST + 1];
    let digest = xxh3_64(&big);
    let base = axum(Router::new().fallback(move || async move { big })).await;
    let mut seat = seat(&base, &Connection::default());
    let answer = get(&mut seat, &base).await.outcome.unwrap();
    assert_eq!((answer.bytes, answer.digest), (KEEP_AT_MOST as u64 + 1, digest));
    assert_eq!(answer.body, None);
}

#[tokio::test]
async fn a_body_goes_out_whole() {
    let base = axum(Router::new().fallback(echo).layer(axum::extract::DefaultBodyLimit::disable())).await;
    let body = "0123456789".repeat(100_000);
    let ask = Ask {
        method: &Method::PUT,
        url: &base,
        headers: &HeaderMap::new(),
        body: Some(body.clone().into()),
        keep: true,
    };
    let echoed = text(&seat(&base, &Connection::default()).send(&ask).await);
    assert!(echoed.contains("content-length: 1000000") && echoed.ends_with(&body));
}

#[tokio::test]
async fn a_compressed_body_is_measured_as_it_was_sent() {
    let mut tcp_answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n".to_vec();
    tcp_answer.extend([0x1f, 0x8b, 8, 0]);
    let server = Scripted::new(move |_, mut tcp| {
        let answer = tcp_answer.clone();
        async move {
            head(&mut tcp).await;
            tcp.write_all(&answer).await.unwrap();
        }
    })
    .await;
    let answer = get(&mut seat(&server.url, &Connection::default()), &server.url).await.outcome.unwrap();
    assert_eq!(answer.body.unwrap(), [0x1f, 0x8b, 8, 0]);
}

#[tokio::test]
async fn redirects_are_followed_up_to_the_limit_and_secrets_stay_at_home() {
    let other = axum(Router::new().fallback(echo)).await;
    let away = other.join("/away").unwrap().to_string();
    let router = Router::new().fallback(move |request: Request| async move {
        let location = match request.uri().path() {
            "/1" => "/2?x=1".to_owned(),
            "/2" => "/3".to_owned(),
            "/out" => away,
            _ => return echo(request).await.into_response(),
        };
        (StatusCode::FOUND, [(LOCATION, location)], "moved").into_response()
    });
    let base = axum(router).await;
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer secret"));
    let mut connection = Connection { redirects: 2, ..Connection::default() };
    connection.headers.insert(COOKIE, HeaderValue::from_static("id=7"));
    let wire = Wire::new(&base, &connection).unwrap();
    let (mut seat, control) = (wire.seat(), wire.control().unwrap());

    let arrived = ask(&mut seat, &Method::POST, &base.join("/1").unwrap(), &headers).await;
    assert_eq!((arrived.redirects, arrived.reused), (2, true));
    assert!(text(&arrived).starts_with("GET /3\n") && text(&arrived).contains("Bearer secret"));

    let (out, method) = (base.join("/out").unwrap(), Method::GET);
    let by_control = Ask { method: &method, url: &out, headers: &headers, body: None, keep: true };
    for abroad in [ask(&mut seat, &method, &out, &headers).await, control.send(&by_control).await] {
        assert!(text(&abroad).starts_with("GET /away\n"));
        assert!(!text(&abroad).contains("secret") && !text(&abroad).contains("id=7"), "{}", text(&abroad));
    }
    assert!(get(&mut seat, &base).await.reused && get(&mut seat, &other).await.reused);

    let stays = Connection { redirects: 1, ..Connection::default() };
    let wire = Wire::new(&base, &stays).unwrap();
    let first = base.join("/1").unwrap();
    let by_control = Ask { url: &first, ..by_control };
    for limited in [get(&mut wire.seat(), &first).await, wire.control().unwrap().send(&by_control).await] {
        assert_eq!((limited.outcome.as_ref().unwrap().status, text(&limited).as_str()), (302, "moved"));
    }
}

#[test]
fn what_cannot_be_set_up_says_what_and_where() {
    let error = |base: &str, connection: &Connection| Wire::new(&url(base), connection).unwrap_err();
    let plain = Connection::default();
    assert!(matches!(error("ftp://host/", &plain), WireError::Target(_)));
    let socks = Connection { proxy: Some(url("socks5://us:er@proxy:1")), ..plain.clone() };
    assert_eq!(
        error("http://host/", &socks).to_string(),
        "proxy socks5://proxy:1: only http:// with a host can be used"
    );
    let lost = Connection { ca: Some("no/such.pem".into()), ..plain.clone() };
    assert!(error("http://host/", &lost).to_string().starts_with("no/such.pem: cannot be read: "));
    let not_pem = tempfile::NamedTempFile::new().unwrap();
    let empty = Connection { certificate: Some(not_pem.path().to_owned()), ..plain.clone() };
    assert!(error("https://host/", &empty).to_string().contains("no PEM certificate in it"));
    assert!(matches!(
        error("http://host/", &Connection { key: Some("k".into()), ..plain.clone() }),
        WireError::KeyAlone
    ));
    let agent = Connection { user_agent: "a\nb".into(), ..plain };
    assert!(matches!(error("http://host/", &agent), WireError::UserAgent(_)));
}
