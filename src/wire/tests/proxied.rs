//! Through a proxy: the whole URL for HTTP, a tunnel for HTTPS.

use super::secured::{Authority, router};
use super::server::{Scripted, head, ok, say};
use super::{get, seat, text, url};
use crate::observe::Fault;
use crate::wire::{Ask, Connection, Wire};
use http::{HeaderMap, Method};
use std::sync::{Arc, Mutex};
use tokio::net::TcpStream;

/// A proxy that writes down what it is asked, answers plain requests itself and tunnels
/// to wherever it is told; with another name and password than `us:er` it refuses.
async fn proxy() -> (Scripted, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let book = Arc::clone(&asked);
    let server = Scripted::new(move |_, mut tcp| {
        let book = Arc::clone(&book);
        async move {
            loop {
                let request = head(&mut tcp).await;
                if request.is_empty() {
                    return;
                }
                book.lock().unwrap().push(request.clone());
                if !request.to_lowercase().contains("proxy-authorization: basic dxm6zxi=") {
                    say(&mut tcp, "HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n").await;
                } else if let Some(rest) = request.strip_prefix("CONNECT ") {
                    let target = rest.split(' ').next().unwrap();
                    let mut onwards = TcpStream::connect(target).await.unwrap();
                    say(&mut tcp, "HTTP/1.1 200 Connected\r\n\r\n").await;
                    let _ = tokio::io::copy_bidirectional(&mut tcp, &mut onwards).await;
                    return;
                } else {
                    say(&mut tcp, &ok("by proxy")).await;
                }
            }
        }
    })
    .await;
    (server, asked)
}

fn through(server: &Scripted, credentials: &str) -> Connection {
    let address = server.url.as_str().replace("http://", &format!("http://{credentials}@"));
    Connection { proxy: Some(url(&address)), ..Connection::default() }
}

#[tokio::test]
async fn a_plain_request_names_the_whole_url() {
    let (server, asked) = proxy().await;
    // A name that only a proxy could know.
    let target = url("http://school.invalid:8080/list?page=2");
    let wire = Wire::new(&target, &through(&server, "us:er")).unwrap();
    let mut seat = wire.seat();
    for reused in [false, true] {
        let exchange = get(&mut seat, &target).await;
        assert_eq!((text(&exchange).as_str(), exchange.reused), ("by proxy", reused));
    }
    let ask = Ask { method: &Method::GET, url: &target, headers: &HeaderMap::new(), body: None, keep: true };
    assert_eq!(text(&wire.control().unwrap().send(&ask).await), "by proxy");
    for request in asked.lock().unwrap().iter() {
        assert!(request.starts_with("GET http://school.invalid:8080/list?page=2 HTTP/1.1\r\n"), "{request}");
        assert!(request.contains("host: school.invalid:8080\r\n"), "{request}");
    }
    assert_eq!(asked.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn a_secure_request_goes_through_a_tunnel_that_sees_nothing_of_it() {
    let (server, asked) = proxy().await;
    let authority = Authority::new();
    let target = authority.serves(None, router()).await;
    let connection = Connection { ca: Some(authority.ca()), ..through(&server, "us:er") };
    let wire = Wire::new(&target, &connection).unwrap();
    let mut seat = wire.seat();
    for reused in [false, true] {
        let exchange = get(&mut seat, &target).await;
        assert_eq!((text(&exchange).as_str(), exchange.reused), ("secret", reused));
    }
    let ask = Ask { method: &Method::GET, url: &target, headers: &HeaderMap::new(), body: None, keep: true };
    assert_eq!(text(&wire.control().unwrap().send(&ask).await), "secret");
    let asked = asked.lock().unwrap();
    assert_eq!(asked.len(), 2);
    assert!(asked.iter().all(|request| request.starts_with("CONNECT localhost:")), "{asked:?}");
}

#[tokio::test]
async fn a_proxy_that_refuses_answers_a_plain_request_and_fails_a_tunnel() {
    let (server, _) = proxy().await;
    let connection = through(&server, "some:body");
    let plain = url("http://school.invalid/");
    let refused = get(&mut seat(&plain, &connection), &plain).await;
    assert_eq!(refused.outcome.unwrap().status, 407);
    let secure = url("https://school.invalid/");
    let refused = get(&mut seat(&secure, &connection), &secure).await;
    assert_eq!(refused.outcome.unwrap_err(), Fault::Connect);
    assert!(refused.why.unwrap().contains("407"));
}
