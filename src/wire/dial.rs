//! Opens a connection: name, TCP, proxy, TLS, and the HTTP/1.1 handshake.

use super::Shared;
use super::link::Link;
use super::stream::{Duplex, Stream};
use bytes::Bytes;
use http::header::{HOST, PROXY_AUTHORIZATION};
use http::{HeaderValue, Method, Request, Uri};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use reqwest::Url;
use rustls::client::Resumption;
use rustls::pki_types::ServerName;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::{TlsConnector, rustls};

/// TLS sessions a place remembers of the servers it talked to.
const SESSIONS: usize = 8;

/// No connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum DialError {
    #[error("no connection within {0:?}")]
    Late(Duration),
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
    #[error("HTTP cannot be set up: {0}")]
    Http(#[from] hyper::Error),
    #[error("the proxy refuses the tunnel with {0}")]
    Refused(http::StatusCode),
    #[error("{0:?} is not a host that can be asked for")]
    Host(String),
}

/// Where a connection leads: scheme, host and port (RFC 6454 §4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    secure: bool,
    host: String,
    port: u16,
}

impl Origin {
    pub(super) fn of(url: &Url) -> Option<Self> {
        Some(Self {
            secure: url.scheme() == "https",
            host: url.host_str()?.to_owned(),
            port: url.port_or_known_default()?,
        })
    }

    pub(super) fn is_of(&self, url: &Url) -> bool {
        self.secure == (url.scheme() == "https")
            && url.port_or_known_default() == Some(self.port)
            && url.host_str() == Some(self.host.as_str())
    }
}

/// What one place has of its own in TLS: nobody else's sessions.
#[derive(Debug, Default)]
pub(super) struct Own {
    tls: Option<Arc<rustls::ClientConfig>>,
}

impl Own {
    fn tls(&mut self, shared: &Shared) -> Result<Arc<rustls::ClientConfig>, rustls::Error> {
        if let Some(own) = &self.tls {
            return Ok(Arc::clone(own));
        }
        // The certificates behind it stay shared; only the memory of sessions is new.
        let mut own = (*shared.tls()?).clone();
        own.resumption = Resumption::in_memory_sessions(SESSIONS);
        Ok(Arc::clone(self.tls.insert(Arc::new(own))))
    }
}

/// Opens a connection to the URL's origin.
pub(super) async fn dial(shared: &Shared, own: &mut Own, url: &Url) -> Result<Box<Link>, DialError> {
    let limit = shared.connection.connect_timeout;
    timeout(limit, open(shared, own, url, limit)).await.map_err(|_| DialError::Late(limit))?
}

async fn open(shared: &Shared, own: &mut Own, url: &Url, limit: Duration) -> Result<Box<Link>, DialError> {
    let origin = Origin::of(url).ok_or_else(|| DialError::Host(url.host_str().unwrap_or_default().into()))?;
    let deadline = Instant::now() + limit;
    let proxy = shared.connection.proxy.as_ref().and_then(Origin::of);
    let tcp = reach(proxy.as_ref().unwrap_or(&origin), deadline).await?;
    let through = proxy.is_some();
    let below: Box<dyn Duplex> = match (origin.secure, through) {
        (false, _) => Box::new(tcp),
        (true, false) => Box::new(encrypt(shared, own, &origin, tcp).await?),
        (true, true) => {
            let tunnel = tunnel(shared, &origin, tcp).await?;
            Box::new(encrypt(shared, own, &origin, tunnel).await?)
        }
    };
    let (stream, heard) = Stream::new(below);
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let mut headers = http::HeaderMap::with_capacity(shared.headers.len() + 8);
    headers.insert(HOST, host(url).ok_or_else(|| DialError::Host(origin.host.clone()))?);
    super::request::lay_over(&mut headers, &shared.headers);
    // A tunnel has told the proxy already; behind it the credentials are nobody's business.
    let absolute = through && !origin.secure;
    if let (true, Some(credentials)) = (absolute, &shared.proxy_credentials) {
        headers.insert(PROXY_AUTHORIZATION, credentials.clone());
    }
    Ok(Box::new(Link::new(origin, absolute, headers, sender, connection, heard)))
}

/// `Host` (RFC 9112 §3.2): the port only where it is not the scheme's.
fn host(url: &Url) -> Option<HeaderValue> {
    let host = url.host_str()?;
    match url.port() {
        Some(port) => HeaderValue::from_str(&format!("{host}:{port}")).ok(),
        None => HeaderValue::from_str(host).ok(),
    }
}

/// Tries the name's addresses in turn. Each gets its share of the time that is left, so
/// that one black hole does not hide the address that works.
async fn reach(origin: &Origin, deadline: Instant) -> Result<TcpStream, DialError> {
    let addresses: Vec<_> = tokio::net::lookup_host((bare(&origin.host), origin.port)).await?.collect();
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for (index, address) in addresses.iter().enumerate() {
        let shares = u32::try_from(addresses.len() - index).unwrap_or(u32::MAX);
        let share = deadline.saturating_duration_since(Instant::now()) / shares;
        match timeout_at(Instant::now() + share, TcpStream::connect(address)).await {
            Ok(Ok(tcp)) => {
                tcp.set_nodelay(true)?;
                return Ok(tcp);
            }
            Ok(Err(error)) => last = error,
            Err(_) => last = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(last.into())
}

async fn encrypt<S: Duplex>(
    shared: &Shared,
    own: &mut Own,
    origin: &Origin,
    below: S,
) -> Result<tokio_rustls::client::TlsStream<S>, DialError> {
    let name = ServerName::try_from(bare(&origin.host).to_owned())
        .map_err(|_| DialError::Host(origin.host.clone()))?;
    Ok(TlsConnector::from(own.tls(shared)?).connect(name, below).await?)
}

/// Asks the proxy for a tunnel (RFC 9110 §9.3.6).
async fn tunnel(
    shared: &Shared,
    origin: &Origin,
    tcp: TcpStream,
) -> Result<TokioIo<hyper::upgrade::Upgraded>, DialError> {
    let authority = format!("{}:{}", origin.host, origin.port);
    let bad = |_| DialError::Host(origin.host.clone());
    let mut request = Request::new(Empty::<Bytes>::new());
    *request.method_mut() = Method::CONNECT;
    let parsed: http::uri::Authority = authority.parse().map_err(bad)?;
    *request.uri_mut() = Uri::from(parsed);
    let value = HeaderValue::from_str(&authority).map_err(|_| DialError::Host(origin.host.clone()))?;
    request.headers_mut().insert(HOST, value);
    if let Some(credentials) = &shared.proxy_credentials {
        request.headers_mut().insert(PROXY_AUTHORIZATION, credentials.clone());
    }
    let (mut sender, connection) = http1::handshake(TokioIo::new(tcp)).await?;
    // Ends by itself: with the upgrade, or with the sender below.
    tokio::spawn(connection.with_upgrades());
    let response = sender.send_request(request).await?;
    if !response.status().is_success() {
        return Err(DialError::Refused(response.status()));
    }
    Ok(TokioIo::new(hyper::upgrade::on(response).await?))
}

/// An IPv6 address without the brackets it has in a URL.
fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}
