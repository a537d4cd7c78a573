//! reqwest, for what is no load: logins, discovery and scrapes.

use super::exchange::{Answer, Ask, Drain, Exchange};
use super::{Shared, WireError};
use crate::observe::Fault;
use reqwest::redirect::Policy;
use reqwest::{Client, Proxy};
use std::error::Error;
use std::time::Instant;

/// A pooled client that many can use at once. Connects as the [`super::Seat`]s do.
#[derive(Clone, Debug)]
pub struct Control {
    client: Client,
}

impl Control {
    pub(super) fn new(shared: &Shared) -> Result<Self, WireError> {
        let connection = &shared.connection;
        let most = usize::from(connection.redirects);
        let mut builder = Client::builder()
            .http1_only()
            .no_proxy()
            // Above the limit a redirect is the answer, not an error.
            .redirect(Policy::custom(move |attempt| {
                if attempt.previous().len() > most { attempt.stop() } else { attempt.follow() }
            }))
            .referer(false)
            .connect_timeout(connection.connect_timeout)
            .timeout(connection.timeout)
            .pool_idle_timeout(None)
            .tcp_nodelay(true)
            .default_headers(shared.headers.clone());
        if let Some(proxy) = &connection.proxy {
            builder = builder.proxy(Proxy::all(proxy.clone())?);
        }
        builder = match shared.tls() {
            Ok(tls) => builder.tls_backend_preconfigured((*tls).clone()),
            // A plain target does without the system's certificates.
            Err(_) if !shared.secure_target => builder.tls_certs_only([]),
            Err(error) => return Err(error.into()),
        };
        Ok(Self { client: builder.build()? })
    }

    /// The client itself, for the scheduler that insists on holding one.
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// Sends one request and reads its answer to the last byte. Faults as
    /// [`super::Seat::send`].
    pub async fn send(&self, ask: &Ask<'_>) -> Exchange {
        let mut request =
            self.client.request(ask.method.clone(), ask.url.clone()).headers(ask.headers.clone());
        if let Some(body) = &ask.body {
            request = request.body(body.clone());
        }
        let started = Instant::now();
        let (first_byte, outcome) = match request.send().await {
            Ok(response) => (Some(Instant::now()), drain(response, ask.keep).await),
            Err(error) => (None, Err(error)),
        };
        let finished = Instant::now();
        let (outcome, why) = match outcome {
            Ok(answer) => (Ok(answer), None),
            Err(error) => (Err(fault(&error)), Some(words(error))),
        };
        Exchange { started, first_byte, finished, reused: false, redirects: 0, outcome, why }
    }
}

async fn drain(mut response: reqwest::Response, keep: bool) -> Result<Answer, reqwest::Error> {
    let status = response.status().as_u16();
    let headers = std::mem::take(response.headers_mut());
    let mut drain = Drain::new(keep);
    while let Some(piece) = response.chunk().await? {
        drain.take(&piece, false);
    }
    Ok(drain.answer(status, headers))
}

fn fault(error: &reqwest::Error) -> Fault {
    if error.is_connect() {
        Fault::Connect
    } else if error.is_timeout() {
        Fault::Timeout
    } else {
        Fault::Broken
    }
}

/// The innermost reason; the URL stays out, it may hold what must not be printed.
fn words(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut reason: &dyn Error = &error;
    while let Some(deeper) = reason.source() {
        reason = deeper;
    }
    reason.to_string()
}
