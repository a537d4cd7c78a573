//! The one door to HTTP: how a target is reached, and what came of each request.
//!
//! In: a [`Connection`] (plain data, built by the plan) and one [`Ask`] at a time. Out:
//! one [`Exchange`] each, drained to its last byte and timed. A [`Seat`] holds the
//! connections of one place, straight on hyper's HTTP/1.1 connection, because a general
//! client costs the machine about twice as much a request. A [`Control`] is reqwest,
//! for logins, discovery and scrapes, on the same certificates.
//!
//! It speaks HTTP/1.1 only, never decompresses (what is measured is what was sent) and
//! refuses to judge: a 500 is an answer.

mod connection;
mod control;
mod credentials;
mod dial;
mod exchange;
mod link;
mod redirect;
mod request;
mod seat;
mod stream;
mod tls;

pub use connection::Connection;
pub use control::Control;
pub use exchange::{Answer, Ask, Exchange};
pub use seat::Seat;

use http::header::{ACCEPT, HeaderMap, HeaderValue, USER_AGENT};
use reqwest::Url;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use tls::{Identity, Trust};
use tokio_rustls::rustls;

/// The connection cannot be set up as it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The target is not one that can be connected to.
    #[error("target {0}: only http:// and https:// with a host can be reached")]
    Target(String),
    /// The proxy is not one that can be used.
    #[error("proxy {0}: only http:// with a host can be used")]
    Proxy(String),
    /// A PEM file cannot be read, or does not hold what it should.
    #[error("{path}: {why}")]
    Pem {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and what is wanted.
        why: String,
    },
    /// A key without its certificate.
    #[error("a client key was given without its certificate; name the certificate's PEM file too")]
    KeyAlone,
    /// The user agent cannot stand in a header.
    #[error("user agent {0:?}: a header cannot hold it; use visible ASCII characters")]
    UserAgent(String),
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
    /// The client for logins and scrapes cannot be built.
    #[error("the control client cannot be built: {0}")]
    Control(#[from] reqwest::Error),
}

/// What all places share: the certificates, read once, and how to connect.
#[derive(Clone, Debug)]
pub struct Wire {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    connection: Connection,
    secure_target: bool,
    trust: Trust,
    identity: Option<Identity>,
    /// Loading the system's certificates costs more than a thousand requests: done once,
    /// and for a plain target only when something redirects to HTTPS.
    tls: OnceLock<Result<Arc<rustls::ClientConfig>, rustls::Error>>,
    /// What every request carries, unless it says otherwise.
    headers: HeaderMap,
    /// `Proxy-Authorization`.
    proxy_credentials: Option<HeaderValue>,
}

impl Wire {
    /// Reads the PEM files and, for an HTTPS target, loads the system's certificates.
    ///
    /// # Errors
    /// A file that cannot be read or holds no PEM of the right kind, with its path; a
    /// target or proxy of another scheme; TLS that cannot be set up.
    pub fn new(base: &Url, connection: &Connection) -> Result<Self, WireError> {
        if !matches!(base.scheme(), "http" | "https") || !base.has_host() {
            return Err(WireError::Target(credentials::without(base)));
        }
        if let Some(proxy) = &connection.proxy
            && (proxy.scheme() != "http" || !proxy.has_host())
        {
            return Err(WireError::Proxy(credentials::without(proxy)));
        }
        let mut headers = HeaderMap::new();
        let agent = HeaderValue::from_str(&connection.user_agent)
            .map_err(|_| WireError::UserAgent(connection.user_agent.clone()))?;
        headers.insert(USER_AGENT, agent);
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        request::lay_over(&mut headers, &connection.headers);
        let wire = Self {
            shared: Arc::new(Shared {
                trust: Trust::new(connection)?,
                identity: Identity::new(connection)?,
                secure_target: base.scheme() == "https",
                tls: OnceLock::new(),
                headers,
                proxy_credentials: connection.proxy.as_ref().and_then(credentials::basic),
                connection: connection.clone(),
            }),
        };
        if wire.shared.secure_target || wire.shared.identity.is_some() {
            wire.shared.tls()?;
        }
        Ok(wire)
    }

    /// A new place, with no connection yet.
    pub fn seat(&self) -> Seat {
        Seat::new(Arc::clone(&self.shared))
    }

    /// A client for logins, discovery and scrapes, with the same certificates, proxy,
    /// times and redirects.
    ///
    /// # Errors
    /// [`WireError::Control`], [`WireError::Tls`].
    pub fn control(&self) -> Result<Control, WireError> {
        Control::new(&self.shared)
    }
}

impl Shared {
    fn tls(&self) -> Result<Arc<rustls::ClientConfig>, rustls::Error> {
        self.tls.get_or_init(|| tls::configuration(&self.trust, self.identity.as_ref()).map(Arc::new)).clone()
    }
}

#[cfg(test)]
mod tests;
