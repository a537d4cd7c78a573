//! How to connect, as the scenario says it.

use http::HeaderMap;
use reqwest::Url;
use std::path::PathBuf;
use std::time::Duration;

/// How to connect: plain data. [`super::Wire::new`] reads the files.
#[derive(Clone, Debug)]
pub struct Connection {
    /// PEM file of authorities to trust beside the system's.
    pub ca: Option<PathBuf>,
    /// PEM file with the client certificate and its chain.
    pub certificate: Option<PathBuf>,
    /// PEM file with the client certificate's key; absent: it is in `certificate`.
    pub key: Option<PathBuf>,
    /// Accepts any certificate of the server. For test systems only.
    pub insecure: bool,
    /// An `http://` proxy, with its credentials, if any, in the URL.
    pub proxy: Option<Url>,
    /// From the request's start to the answer's last byte, redirects included.
    pub timeout: Duration,
    /// From the name's lookup to the end of the TLS handshake.
    pub connect_timeout: Duration,
    /// Redirects followed a request. With 0 a redirect is the answer: a cache that
    /// redirects must be seen doing so.
    pub redirects: u8,
    /// `User-Agent`.
    pub user_agent: String,
    /// Headers of every request; a request's own come before them.
    pub headers: HeaderMap,
}

impl Default for Connection {
    fn default() -> Self {
        Self {
            ca: None,
            certificate: None,
            key: None,
            insecure: false,
            proxy: None,
            timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(5),
            redirects: 0,
            user_agent: concat!("cacheproof/", env!("CARGO_PKG_VERSION")).to_owned(),
            headers: HeaderMap::new(),
        }
    }
}
