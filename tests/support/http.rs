//! A request without a client: what a scraper, a health check or curl does.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Answer {
    /// The first header of this name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers(name).next()
    }

    /// Every header of this name.
    pub(crate) fn headers<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(':'))
            .filter_map(move |(known, value)| known.eq_ignore_ascii_case(name).then_some(value.trim()))
    }

    /// The body, which is JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// The body of `http://host:port/path`; `None` where nothing answers with 200.
pub(crate) fn get(url: &str) -> Option<String> {
    ask("GET", url, &[], "").filter(|answer| answer.status == 200).map(|answer| answer.body)
}

/// The body of the answer to a JSON body.
pub(crate) fn post(url: &str, json: &str) -> Option<String> {
    let answer = ask("POST", url, &[("Content-Type", "application/json")], json)?;
    (answer.status == 200).then_some(answer.body)
}

/// A read with these headers; `None` where nothing answers.
pub(crate) fn read(url: &str, headers: &[(&str, &str)]) -> Option<Answer> {
    ask("GET", url, headers, "")
}

/// A request of any kind, over a connection of its own.
pub(crate) fn ask(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> Option<Answer> {
    let (address, path) = url.strip_prefix("http://")?.split_once('/')?;
    // Version 1.0: the end of the answer is the end of the connection.
    let mut request = format!("{method} /{path} HTTP/1.0\r\nHost: {address}\r\n");
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() {
        request.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    stream.write_all(format!("{request}\r\n{body}").as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Answer { status, head: head.to_owned(), body: body.to_owned() })
}
