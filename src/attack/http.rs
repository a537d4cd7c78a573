//! The one door to the HTTP client: sends, drains and times.

use crate::observe::Fault;
use crate::scenario::Method;
use reqwest::header::{AUTHORIZATION, CACHE_CONTROL, HeaderMap, HeaderValue, IF_NONE_MATCH};
use reqwest::{Client, Url};
use std::time::{Duration, Instant};

/// A body above this is not kept, only measured.
const KEEP_AT_MOST: usize = 32 << 20;

/// A client with connections of its own.
#[derive(Clone, Debug)]
pub struct Http {
    client: Client,
}

/// One request.
#[derive(Clone, Debug)]
pub struct Ask<'a> {
    /// Method.
    pub method: Method,
    /// Where to.
    pub url: &'a Url,
    /// `Authorization`, marked sensitive.
    pub token: Option<&'a HeaderValue>,
    /// Asks to go around the cache.
    pub bypass: bool,
    /// The validator of a copy the person has.
    pub validator: Option<&'a HeaderValue>,
    /// JSON body.
    pub body: Option<&'a serde_json::Value>,
    /// Whether the answer's body is wanted, not just its digest.
    pub keep: bool,
}

impl<'a> Ask<'a> {
    /// A plain read whose body is wanted.
    pub fn get(url: &'a Url, token: Option<&'a HeaderValue>) -> Self {
        Self { method: Method::Get, url, token, bypass: false, validator: None, body: None, keep: true }
    }
}

/// A request and what came of it.
#[derive(Debug)]
pub struct Exchange {
    /// When it was sent.
    pub started: Instant,
    /// When the headers of the answer were there.
    pub first_byte: Option<Instant>,
    /// When the last byte was there, or it was given up.
    pub finished: Instant,
    /// The answer, drained.
    pub outcome: Result<Answer, Fault>,
}

/// An answer, drained to its last byte.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Fingerprint of the body (XXH3, 64 bits).
    pub digest: u64,
    /// Length of the body.
    pub bytes: u64,
    /// The body, where it was wanted.
    pub body: Option<Vec<u8>>,
}

impl Http {
    /// A new client for this target. Redirects are answers, not journeys: a cache that
    /// redirects must be seen doing so.
    ///
    /// # Errors
    /// The client's own, when TLS cannot be set up.
    pub fn new(base: &Url, timeout: Duration) -> Result<Self, reqwest::Error> {
        let builder = Client::builder()
            .http1_only()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(timeout.min(Duration::from_secs(5)))
            .timeout(timeout)
            .pool_idle_timeout(None)
            .tcp_nodelay(true)
            .user_agent(concat!("cacheproof/", env!("CARGO_PKG_VERSION")));
        // Loading the system's certificates costs more than a thousand requests; a
        // plain HTTP target needs none.
        let builder = if base.scheme() == "http" { builder.tls_certs_only([]) } else { builder };
        Ok(Self { client: builder.build()? })
    }

    /// The client itself, for the scheduler that insists on holding one.
    pub(super) fn client(&self) -> Client {
        self.client.clone()
    }

    /// Sends one request and reads its answer to the last byte.
    pub async fn send(&self, ask: &Ask<'_>) -> Exchange {
        let method = match ask.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
            Method::Patch => reqwest::Method::PATCH,
            Method::Delete => reqwest::Method::DELETE,
        };
        let mut request = self.client.request(method, ask.url.clone());
        if let Some(token) = ask.token {
            request = request.header(AUTHORIZATION, token);
        }
        if ask.bypass {
            request = request.header(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        }
        if let Some(validator) = ask.validator {
            request = request.header(IF_NONE_MATCH, validator);
        }
        if let Some(body) = ask.body {
            request = request.json(body);
        }
        let started = Instant::now();
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => {
                return Exchange {
                    started,
                    first_byte: None,
                    finished: Instant::now(),
                    outcome: Err(fault(&error)),
                };
            }
        };
        let first_byte = Some(Instant::now());
        let outcome = drain(response, ask.keep).await;
        Exchange { started, first_byte, finished: Instant::now(), outcome }
    }
}

async fn drain(mut response: reqwest::Response, keep: bool) -> Result<Answer, Fault> {
    let status = response.status().as_u16();
    let headers = std::mem::take(response.headers_mut());
    let mut digest = xxhash_rust::xxh3::Xxh3::new();
    let mut bytes = 0_u64;
    let mut body = keep.then(Vec::new);
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => {
                digest.update(&chunk);
                bytes += chunk.len() as u64;
                if let Some(body) = body.as_mut() {
                    if body.len() + chunk.len() > KEEP_AT_MOST {
                        return Err(Fault::Broken);
                    }
                    body.extend_from_slice(&chunk);
                }
            }
            Ok(None) => return Ok(Answer { status, headers, digest: digest.digest(), bytes, body }),
            Err(error) => return Err(fault(&error)),
        }
    }
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
