//! HTTPS, with certificates made for each test.

use super::{ask, get, seat, text, url};
use crate::observe::Fault;
use crate::wire::{Ask, Connection, Wire};
use axum::Router;
use axum::serve::Listener;
use http::{HeaderMap, Method};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use reqwest::Url;
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::server::TlsStream;
use tokio_rustls::{TlsAcceptor, rustls};

/// An authority, and the files of what it has signed.
pub(super) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    pub(super) fn new() -> Self {
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap();
        Self { issuer, folder: tempfile::tempdir().unwrap() }
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    pub(super) fn ca(&self) -> PathBuf {
        self.file("ca.pem", &self.issuer.pem())
    }

    fn signs(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let parameters = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (parameters.signed_by(&key, &self.issuer).unwrap(), key)
    }

    /// A server for `localhost`; with `knows` it wants clients that this authority has signed.
    pub(super) async fn serves(&self, knows: Option<&Self>, router: Router) -> Url {
        let (certificate, key) = self.signs("localhost");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = match knows {
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                roots.add(authority.issuer.der().clone()).unwrap();
                let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider).build();
                builder.with_client_cert_verifier(verifier.unwrap())
            }
            None => builder.with_no_client_auth(),
        };
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let configuration = builder.with_single_cert(vec![certificate.der().clone()], key).unwrap();
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = tcp.local_addr().unwrap().port();
        let listener = Secured { tcp, acceptor: TlsAcceptor::from(Arc::new(configuration)) };
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        url(&format!("https://localhost:{port}/"))
    }
}

struct Secured {
    tcp: TcpListener,
    acceptor: TlsAcceptor,
}

impl Listener for Secured {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (tcp, address) = self.tcp.accept().await.unwrap();
            // Whoever does not shake hands is not served.
            if let Ok(tls) = self.acceptor.accept(tcp).await {
                return (tls, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}

pub(super) fn router() -> Router {
    Router::new().fallback(|| async { "secret" })
}

/// What a seat and the control client make of the same connection.
async fn both(base: &Url, connection: &Connection) -> [Result<u16, Fault>; 2] {
    let wire = Wire::new(base, connection).unwrap();
    let asked = Ask { method: &Method::GET, url: base, headers: &HeaderMap::new(), body: None, keep: true };
    [wire.seat().send(&asked).await, wire.control().unwrap().send(&asked).await]
        .map(|exchange| exchange.outcome.map(|answer| answer.status))
}

#[tokio::test]
async fn an_authority_that_was_given_is_trusted_and_the_connection_is_kept() {
    let authority = Authority::new();
    let base = authority.serves(None, router()).await;
    let connection = Connection { ca: Some(authority.ca()), ..Connection::default() };
    assert_eq!(both(&base, &connection).await, [Ok(200), Ok(200)]);
    let mut seat = seat(&base, &connection);
    for reused in [false, true, true] {
        let exchange = get(&mut seat, &base).await;
        assert_eq!((text(&exchange).as_str(), exchange.reused), ("secret", reused));
    }
}

#[tokio::test]
async fn an_unknown_authority_is_refused_and_named_as_the_reason() {
    let base = Authority::new().serves(None, router()).await;
    let stranger = Authority::new();
    let connection = Connection { ca: Some(stranger.ca()), ..Connection::default() };
    assert_eq!(both(&base, &connection).await, [Err(Fault::Connect), Err(Fault::Connect)]);
    let refused = get(&mut seat(&base, &connection), &base).await;
    assert!(refused.why.unwrap().contains("certificate"));
}

#[tokio::test]
async fn a_name_that_is_not_the_certificates_is_refused() {
    let authority = Authority::new();
    let base = authority.serves(None, router()).await;
    let by_address = url(&format!("https://127.0.0.1:{}/", base.port().unwrap()));
    let connection = Connection { ca: Some(authority.ca()), ..Connection::default() };
    assert_eq!(both(&by_address, &connection).await, [Err(Fault::Connect), Err(Fault::Connect)]);
}

#[tokio::test]
async fn insecure_accepts_any_certificate() {
    let base = Authority::new().serves(None, router()).await;
    let connection = Connection { insecure: true, ..Connection::default() };
    assert_eq!(both(&base, &connection).await, [Ok(200), Ok(200)]);
}

#[tokio::test]
async fn a_client_certificate_is_shown_where_it_is_demanded() {
    let (servers, clients) = (Authority::new(), Authority::new());
    let base = servers.serves(Some(&clients), router()).await;
    let nameless = Connection { ca: Some(servers.ca()), ..Connection::default() };
    for refused in both(&base, &nameless).await {
        // With TLS 1.3 the server objects after the client believes to be connected.
        assert!(matches!(refused, Err(Fault::Connect | Fault::Broken)), "{refused:?}");
    }
    let (certificate, key) = clients.signs("teacher");
    let apart = Connection {
        certificate: Some(clients.file("client.pem", &certificate.pem())),
        key: Some(clients.file("client.key", &key.serialize_pem())),
        ..nameless.clone()
    };
    let together = clients.file("both.pem", &format!("{}{}", certificate.pem(), key.serialize_pem()));
    let together = Connection { certificate: Some(together), ..nameless };
    for connection in [apart, together] {
        assert_eq!(both(&base, &connection).await, [Ok(200), Ok(200)]);
    }
}

#[tokio::test]
async fn a_plain_target_may_redirect_to_https() {
    let authority = Authority::new();
    let secure = authority.serves(None, router()).await;
    let location = secure.to_string();
    let moved = || async move { axum::response::Redirect::permanent(&location) };
    let base = super::server::axum(Router::new().fallback(moved)).await;
    let connection = Connection { ca: Some(authority.ca()), redirects: 1, ..Connection::default() };
    let arrived = ask(&mut seat(&base, &connection), &Method::GET, &base, &HeaderMap::new()).await;
    assert_eq!((text(&arrived).as_str(), arrived.redirects), ("secret", 1));
}
