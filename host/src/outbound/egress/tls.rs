//! TLS to receivers: the platform's certificates and the operator's, HTTP/1.1 only, and sentences for what can go wrong.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConfig, Error as TlsError};
use rustls_platform_verifier::Verifier;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::{EgressError, Fault};
use crate::model::AttemptOutcome;

/// How to speak TLS, or why nobody can be trusted.
pub(super) struct Tls(Result<TlsConnector, String>);

impl Tls {
    /// A machine without certificates is no reason not to start: endpoints may all be `http`. With extra certificates it is not even
    /// one to complain.
    pub(super) fn new(extra_ca_pem: Option<&[u8]>) -> Result<Self, EgressError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let extra = extra_ca_pem.map(certificates).transpose()?.unwrap_or_default();
        let has_extra = !extra.is_empty();
        let verifier = match Verifier::new_with_extra_roots(extra, provider.clone()) {
            Ok(verifier) => verifier,
            Err(error) if has_extra => return Err(EgressError::ExtraCa(error.to_string())),
            Err(error) => return Ok(Self(Err(error.to_string()))),
        };
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| EgressError::Tls(error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(Ok(TlsConnector::from(Arc::new(config)))))
    }

    /// The handshake, with a certificate for `name`.
    pub(super) async fn handshake(
        &self,
        name: ServerName<'static>,
        stream: TcpStream,
        address: SocketAddr,
    ) -> Result<TlsStream<TcpStream>, Fault> {
        let connector = self.0.as_ref().map_err(|why| {
            Fault::host(format!(
                "https is not possible: {why}; install the system's CA certificates or set webhooks.extraCa"
            ))
        })?;
        let wanted = name.to_str().into_owned();
        connector.connect(name, stream).await.map_err(|error| fault(&wanted, address, &error))
    }
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, EgressError> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let certificates = read.map_err(|error| EgressError::ExtraCa(error.to_string()))?;
    if certificates.is_empty() {
        return Err(EgressError::ExtraCa("there is none in it".to_owned()));
    }
    Ok(certificates)
}

fn fault(wanted: &str, address: SocketAddr, error: &io::Error) -> Fault {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>()) {
        Some(error) => Fault::new(AttemptOutcome::Tls, sentence(wanted, error)),
        // No word of TLS about it: the other side went away.
        None => {
            let detail = format!("the connection to {address} broke during the TLS handshake: {error}");
            Fault::new(AttemptOutcome::Broken, detail)
        }
    }
}

fn sentence(wanted: &str, error: &TlsError) -> String {
    match error {
        TlsError::InvalidCertificate(error) => certificate_sentence(wanted, error),
        TlsError::NoCertificatesPresented => format!("{wanted} presented no certificate"),
        TlsError::InvalidMessage(_) => format!("{wanted} does not speak TLS on this port; is it an http URL?"),
        TlsError::PeerIncompatible(why) => format!("no TLS version or cipher in common with {wanted}: {why:?}"),
        TlsError::AlertReceived(alert) => format!("{wanted} ended the TLS handshake: {alert:?}"),
        TlsError::NoApplicationProtocol => format!("{wanted} does not offer HTTP/1.1"),
        other => format!("the TLS handshake with {wanted} failed: {other}"),
    }
}

fn certificate_sentence(wanted: &str, error: &CertificateError) -> String {
    use CertificateError as Bad;
    match error {
        // A bad signature is that of an authority which took over the name of one that is trusted, as after a renewal.
        Bad::UnknownIssuer | Bad::BadSignature => format!(
            "nobody who is trusted here signed the certificate of {wanted}; webhooks.extraCa can name whoever did"
        ),
        Bad::Expired | Bad::ExpiredContext { .. } => {
            format!("the certificate of {wanted} has expired, or this machine's clock is wrong")
        }
        Bad::NotValidYet | Bad::NotValidYetContext { .. } => {
            format!("the certificate of {wanted} is not valid yet, or this machine's clock is wrong")
        }
        Bad::NotValidForName | Bad::NotValidForNameContext { .. } => {
            format!("the certificate is for another name than {wanted}")
        }
        Bad::Revoked => format!("the certificate of {wanted} has been revoked"),
        other => format!("the certificate of {wanted} is not good: {other}"),
    }
}
