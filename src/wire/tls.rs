//! Whom to trust, and who we are: the only file that builds a TLS configuration.

use super::{Connection, WireError};
use rustls::ClientConfig;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, SignatureScheme};
use rustls_platform_verifier::Verifier;
use std::path::Path;
use std::sync::Arc;
use tokio_rustls::rustls;

/// Which servers are believed.
#[derive(Debug)]
pub(super) enum Trust {
    /// Those the system's authorities vouch for, or one of these.
    Authorities(Vec<CertificateDer<'static>>),
    /// All.
    Anyone,
}

impl Trust {
    pub(super) fn new(connection: &Connection) -> Result<Self, WireError> {
        let extra = connection.ca.as_deref().map(certificates).transpose()?.unwrap_or_default();
        Ok(if connection.insecure { Self::Anyone } else { Self::Authorities(extra) })
    }
}

/// The client certificate and its key.
#[derive(Debug)]
pub(super) struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    pub(super) fn new(connection: &Connection) -> Result<Option<Self>, WireError> {
        let Some(certificate) = connection.certificate.as_deref() else {
            return if connection.key.is_some() { Err(WireError::KeyAlone) } else { Ok(None) };
        };
        let chain = certificates(certificate)?;
        let path = connection.key.as_deref().unwrap_or(certificate);
        let key = PrivateKeyDer::from_pem_slice(&read(path)?)
            .map_err(|error| unusable(path, &format!("no PEM private key in it ({error})")))?;
        Ok(Some(Self { chain, key }))
    }
}

/// The configuration that all connections share.
pub(super) fn configuration(
    trust: &Trust,
    identity: Option<&Identity>,
) -> Result<ClientConfig, rustls::Error> {
    // Named, because a process with two providers compiled in has no default one.
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier: Arc<dyn ServerCertVerifier> = match trust {
        Trust::Authorities(extra) => {
            Arc::new(Verifier::new_with_extra_roots(extra.iter().cloned(), Arc::clone(&provider))?)
        }
        Trust::Anyone => Arc::new(AcceptAnyone(Arc::clone(&provider))),
    };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut configuration = match identity {
        Some(Identity { chain, key }) => builder.with_client_auth_cert(chain.clone(), key.clone_key())?,
        None => builder.with_no_client_auth(),
    };
    configuration.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(configuration)
}

/// Accepts every certificate: whoever stands in between can read and change all that is
/// sent, tokens included. Only what `insecure` in a scenario asks for. The handshake's
/// signatures are still checked, so the server does hold the key it shows.
#[derive(Debug)]
struct AcceptAnyone(Arc<CryptoProvider>);

impl ServerCertVerifier for AcceptAnyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, WireError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&read(path)?).collect();
    let found = found.map_err(|error| unusable(path, &format!("not readable as PEM ({error})")))?;
    if found.is_empty() {
        return Err(unusable(path, "no PEM certificate in it; it should hold a BEGIN CERTIFICATE block"));
    }
    Ok(found)
}

fn read(path: &Path) -> Result<Vec<u8>, WireError> {
    std::fs::read(path).map_err(|error| unusable(path, &format!("cannot be read: {error}")))
}

fn unusable(path: &Path, why: &str) -> WireError {
    WireError::Pem { path: path.to_owned(), why: why.to_owned() }
}
