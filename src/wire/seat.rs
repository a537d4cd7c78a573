//! One place: its connections, and one request at a time.

use super::Shared;
use super::dial::{Own, dial};
use super::exchange::{Answer, Ask, Exchange};
use super::link::{Failure, Link};
use super::redirect;
use super::request::{Leg, request};
use crate::observe::Fault;
use http::Response;
use hyper::body::Incoming;
use reqwest::Url;
use std::borrow::Cow;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;
use tokio::time::Sleep;

/// Origins that a place keeps a connection to; the one unused for longest goes.
const LINKS: usize = 4;

/// The connections of one place (one browser): kept open, used for one request at a time,
/// opened when needed. A kept connection that turns out closed before any byte of the
/// answer is replaced once, where nothing was sent or the method is idempotent (RFC 9112
/// §9.3.1). Dropping a request in the middle closes its connection.
pub struct Seat {
    shared: Arc<Shared>,
    own: Own,
    /// The one used last is last.
    #[expect(clippy::vec_box, reason = "each request takes one out: a pointer, not a kilobyte")]
    links: Vec<Box<Link>>,
    /// One timer for all requests: moving it later costs no lock.
    alarm: Option<Pin<Box<Sleep>>>,
}

impl fmt::Debug for Seat {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Seat").field("links", &self.links.len()).finish_non_exhaustive()
    }
}

/// Why there is no answer.
struct Lost {
    fault: Fault,
    why: String,
}

/// How far a request got; outlives it when time is up.
#[derive(Default)]
struct Progress {
    first_byte: Option<Instant>,
    reused: bool,
    redirects: u8,
}

impl Seat {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, own: Own::default(), links: Vec::new(), alarm: None }
    }

    /// Sends one request and reads its answer to the last byte.
    ///
    /// Faults: [`Fault::Connect`] without a connection (name, refusal, TLS, proxy, or
    /// connect timeout), [`Fault::Timeout`] when the whole takes too long,
    /// [`Fault::Broken`] for everything after that, a URL no request can hold included.
    pub async fn send(&mut self, ask: &Ask<'_>) -> Exchange {
        let started = Instant::now();
        let limit = self.shared.connection.timeout;
        let deadline = (started + limit).into();
        let mut alarm = match self.alarm.take() {
            Some(mut alarm) => {
                alarm.as_mut().reset(deadline);
                alarm
            }
            None => Box::pin(tokio::time::sleep_until(deadline)),
        };
        let mut progress = Progress::default();
        let outcome = tokio::select! {
            biased;
            outcome = self.travel(ask, &mut progress) => outcome,
            () = alarm.as_mut() =>
                Err(Lost { fault: Fault::Timeout, why: format!("no complete answer within {limit:?}") }),
        };
        let finished = Instant::now();
        self.alarm = Some(alarm);
        let Progress { first_byte, reused, redirects } = progress;
        let (outcome, why) = match outcome {
            Ok(answer) => (Ok(answer), None),
            Err(Lost { fault, why }) => (Err(fault), Some(why)),
        };
        Exchange { started, first_byte, finished, reused, redirects, outcome, why }
    }

    /// The request and the redirects it meets.
    async fn travel(&mut self, ask: &Ask<'_>, progress: &mut Progress) -> Result<Answer, Lost> {
        let mut leg = Leg {
            method: Cow::Borrowed(ask.method),
            url: Cow::Borrowed(ask.url),
            headers: Cow::Borrowed(ask.headers),
            body: ask.body.clone(),
            abroad: false,
        };
        loop {
            let (mut link, response) = self.ask(&leg, progress).await?;
            progress.first_byte = Some(Instant::now());
            let next = if progress.redirects < self.shared.connection.redirects {
                redirect::next(&leg, response.status().as_u16(), response.headers())
            } else {
                None
            };
            let answer = link
                .drain(response, ask.keep && next.is_none())
                .await
                .map_err(|error| Lost { fault: Fault::Broken, why: error.to_string() })?;
            self.keep(link);
            let Some(next) = next else { return Ok(answer) };
            progress.redirects += 1;
            leg = next;
        }
    }

    /// One request over a kept connection, else over a new one.
    async fn ask(
        &mut self,
        leg: &Leg<'_>,
        progress: &mut Progress,
    ) -> Result<(Box<Link>, Response<Incoming>), Lost> {
        let broken = |failure: &Failure| Lost { fault: Fault::Broken, why: failure.words() };
        if let Some(mut link) = self.take(&leg.url) {
            progress.reused = true;
            match link.send(written(leg, &link)?).await {
                Ok(response) => return Ok((link, response)),
                Err(Failure::Unsent) => {}
                Err(Failure::Silent(_)) if leg.method.is_idempotent() => {}
                Err(failure @ (Failure::Silent(_) | Failure::Broken(_))) => return Err(broken(&failure)),
            }
        }
        progress.reused = false;
        let mut link = dial(&self.shared, &mut self.own, &leg.url)
            .await
            .map_err(|error| Lost { fault: Fault::Connect, why: error.to_string() })?;
        match link.send(written(leg, &link)?).await {
            Ok(response) => Ok((link, response)),
            Err(failure) => Err(broken(&failure)),
        }
    }

    fn take(&mut self, url: &Url) -> Option<Box<Link>> {
        let found = self.links.iter().rposition(|link| link.leads_to(url))?;
        Some(self.links.remove(found))
    }

    fn keep(&mut self, mut link: Box<Link>) {
        if link.is_open() {
            if self.links.len() >= LINKS {
                self.links.remove(0);
            }
            self.links.push(link);
        }
    }
}

fn written(leg: &Leg<'_>, link: &Link) -> Result<http::Request<http_body_util::Full<bytes::Bytes>>, Lost> {
    request(leg, link)
        .ok_or_else(|| Lost { fault: Fault::Broken, why: "the URL cannot stand in a request".to_owned() })
}
