//! What a request costs the machine that makes it: a seat, reqwest, and wrk and oha where
//! they are installed.
//!
//! Run by hand: `cargo bench --bench clients [-- REQUESTS]`. The server, a 2 KB JSON on
//! one thread, and each client are processes of their own (on a CPU each, where there are
//! two and `taskset`), so what is counted is the client alone. Compare within one run only.

mod support;

use cacheproof::wire::{Ask, Connection, Wire};
use http::{HeaderMap, Method};
use reqwest::Url;
use std::cell::Cell;
use std::rc::Rc;
use support::{Outcome, PATH, Server, compare, cost, oha, per_million, serve, this, wrk};

const CONNECTIONS: u64 = 50;
const REQUESTS: u64 = 200_000;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve"] => runtime.block_on(serve()),
        [client @ ("seat" | "reqwest"), url, requests] => {
            let (url, requests) = (url.parse()?, requests.parse()?);
            tokio::task::LocalSet::new().block_on(&runtime, drive(client == "seat", url, requests))
        }
        [] => clients(REQUESTS),
        [requests] => clients(requests.parse()?),
        _ => Err("usage: clients [REQUESTS]".into()),
    }
}

fn clients(requests: u64) -> Outcome<()> {
    let server = Server::start()?;
    let (this, url) = (this()?, format!("{}{PATH}", server.base));
    println!("{CONNECTIONS} connections, {requests} requests an arm");
    compare(&["wrk", "seat", "reqwest", "oha"], |arm| match arm {
        "wrk" => wrk(&url, CONNECTIONS),
        "oha" => oha(&url, CONNECTIONS, requests),
        _ => {
            let spent = cost(&this, &[arm.to_owned(), url.clone(), requests.to_string()])?;
            Ok(spent.map(|(spent, _)| per_million(spent, requests)))
        }
    })
}

/// So many requests from 50 places, each waiting for its answer before the next.
async fn drive(by_seat: bool, url: Url, requests: u64) -> Outcome<()> {
    let wire = Wire::new(&url, &Connection::default())?;
    let control = if by_seat { None } else { Some(wire.control()?) };
    let left = Rc::new(Cell::new(requests));
    let mut places = tokio::task::JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (mut seat, control, url, left) = (wire.seat(), control.clone(), url.clone(), Rc::clone(&left));
        places.spawn_local(async move {
            let headers = HeaderMap::new();
            while left.get() > 0 {
                left.set(left.get() - 1);
                let ask = Ask { method: &Method::GET, url: &url, headers: &headers, body: None, keep: false };
                let exchange = match &control {
                    Some(control) => control.send(&ask).await,
                    None => seat.send(&ask).await,
                };
                let answer = exchange.outcome.expect("the server of the bench answers");
                assert_eq!((answer.status, answer.bytes), (200, 2_048));
            }
        });
    }
    while let Some(place) = places.join_next().await {
        place?;
    }
    Ok(())
}
