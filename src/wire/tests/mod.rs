//! Against real servers on the loopback interface.

mod plain;
mod proxied;
mod secured;
mod server;

use super::{Ask, Connection, Exchange, Seat, Wire};
use http::{HeaderMap, Method};
use reqwest::Url;

fn url(text: &str) -> Url {
    text.parse().unwrap()
}

fn seat(base: &Url, connection: &Connection) -> Seat {
    Wire::new(base, connection).unwrap().seat()
}

/// A read whose body is wanted.
async fn get(seat: &mut Seat, url: &Url) -> Exchange {
    ask(seat, &Method::GET, url, &HeaderMap::new()).await
}

async fn ask(seat: &mut Seat, method: &Method, url: &Url, headers: &HeaderMap) -> Exchange {
    seat.send(&Ask { method, url, headers, body: None, keep: true }).await
}

fn text(exchange: &Exchange) -> String {
    let answer = exchange.outcome.as_ref().unwrap_or_else(|fault| panic!("{fault:?}: {:?}", exchange.why));
    String::from_utf8(answer.body.clone().unwrap()).unwrap()
}
