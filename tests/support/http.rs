//! A request without a client: what a scraper or a health check does.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// The body of `http://host:port/path`; `None` where nothing answers with 200.
pub(crate) fn get(url: &str) -> Option<String> {
    let (address, path) = url.strip_prefix("http://")?.split_once('/')?;
    exchange(address, &format!("GET /{path} HTTP/1.0\r\nHost: {address}\r\n\r\n"))
}

/// The body of the answer to a JSON body.
pub(crate) fn post(url: &str, json: &str) -> Option<String> {
    let (address, path) = url.strip_prefix("http://")?.split_once('/')?;
    let length = json.len();
    exchange(
        address,
        &format!(
            "POST /{path} HTTP/1.0\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{json}"
        ),
    )
}

fn exchange(address: &str, request: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    head.split(' ').nth(1).filter(|status| *status == "200").map(|_| body.to_owned())
}
