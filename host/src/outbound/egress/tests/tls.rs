//! Whom the way out trusts.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::AsyncWriteExt;
use tokio_rustls::TlsAcceptor;

use super::receiver::Receiver;
use super::*;

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

/// Somebody who signs certificates.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        Self::named("authority")
    }

    fn named(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    /// A receiver with a certificate for `name`, good until that year.
    async fn receiver(&self, name: &str, until_year: i32) -> Receiver {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(2001, 1, 1);
        params.not_after = date_time_ymd(until_year, 1, 1);
        let certificate: CertificateDer<'static> = params.signed_by(&key, &self.issuer).unwrap().into();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Receiver::start(move |stream, log| {
            let acceptor = acceptor.clone();
            async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                while log.request(&mut stream).await {
                    let _ = stream.write_all(OK).await;
                }
            }
        })
        .await
    }

    /// A client that trusts it.
    fn client(&self) -> EndpointClient {
        let options =
            EgressOptions { extra_ca_pem: Some(self.pem.clone().into_bytes()), names: Told::new(&[&["127.0.0.1"]]) };
        Egress::new(options).unwrap().client(vec![net("127.0.0.1/32")], PATIENT, 4)
    }
}

async fn refused(client: &EndpointClient, receiver: &mut Receiver, expected: &str) {
    let sent = post(client, &format!("https://receiver.test:{}/secret", receiver.address.port())).await;
    assert_eq!(outcome(&sent), AttemptOutcome::Tls, "{}", detail(&sent));
    assert!(detail(&sent).contains(expected), "{}", detail(&sent));
    assert!(sent.timing.tls_us.is_some());
    assert!(receiver.requests().is_empty());
}

#[tokio::test]
async fn an_extra_authority_is_trusted_and_the_connection_is_used_again() {
    let authority = Authority::new();
    let mut receiver = authority.receiver("receiver.test", 2101).await;
    let client = authority.client();
    for dot in ["", "."] {
        let url = format!("https://receiver.test{dot}:{}/", receiver.address.port());
        let sent = post(&client, &url).await;
        assert!(sent.timing.dns_us.is_some() && sent.timing.connect_us.is_some() && sent.timing.tls_us.is_some());
        assert_eq!(answer(sent).status, 200);
        let sent = post(&client, &url).await;
        assert_eq!((sent.timing.dns_us, sent.timing.connect_us, sent.timing.tls_us), (None, None, None));
        assert_eq!(answer(sent).status, 200);
    }
    assert_eq!(receiver.connections(), 2);
}

#[tokio::test]
async fn a_certificate_of_nobody_we_know_is_refused() {
    for name in ["authority", "somebody else"] {
        let mut receiver = Authority::named(name).receiver("receiver.test", 2101).await;
        refused(&Authority::new().client(), &mut receiver, "nobody who is trusted here").await;
    }
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let authority = Authority::new();
    let mut receiver = authority.receiver("other.test", 2101).await;
    refused(&authority.client(), &mut receiver, "for another name than receiver.test").await;
}

#[tokio::test]
async fn a_certificate_that_has_expired_is_refused() {
    let authority = Authority::new();
    let mut receiver = authority.receiver("receiver.test", 2002).await;
    refused(&authority.client(), &mut receiver, "has expired").await;
}

#[tokio::test]
async fn a_port_without_tls_is_told_as_such() {
    let mut receiver = Receiver::start(|mut stream, _| async move {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        let _ = stream.shutdown().await;
    })
    .await;
    refused(&Authority::new().client(), &mut receiver, "does not speak TLS on this port").await;
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_late() {
    let receiver = Receiver::start(|stream, _| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let authority = Authority::new();
    let mut client = authority.client();
    client.timeouts.connect = Duration::from_millis(500);
    let sent = post(&client, &format!("https://receiver.test:{}/", receiver.address.port())).await;
    assert_eq!(outcome(&sent), AttemptOutcome::Timeout);
    assert!(detail(&sent).starts_with("no TLS handshake with 127.0.0.1:"), "{}", detail(&sent));
}

#[test]
fn extra_certificates_that_are_none_are_refused() {
    for pem in ["", "no pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let options = EgressOptions { extra_ca_pem: Some(pem.into()), names: Told::new(&[]) };
        assert!(matches!(Egress::new(options), Err(EgressError::ExtraCa(_))), "{pem:?}");
    }
}
