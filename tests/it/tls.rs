//! Receivers behind https, with certificates of an authority that no machine knows.

use std::net::IpAddr;
use std::sync::Arc;

use gateway_tests::{Gateway, GatewayBuilder, RawReceiver, Receiver};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sandclaw::model::{Attempt, AttemptOutcome, DeliveryState};
use sandclaw::outbound::egress::{Lookup, Names};
use serde_json::json;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

/// Every name is this machine, whatever it says of itself in `/etc/hosts`.
struct Here;

impl Names for Here {
    fn resolve<'a>(&'a self, _host: &'a str) -> Lookup<'a> {
        Box::pin(async { Ok(vec![IpAddr::from([127, 0, 0, 1])]) })
    }
}

/// Somebody who signs certificates.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    /// TLS with a certificate for `name` in front of a receiver.
    async fn guard(&self, name: &str, receiver: &Receiver) -> RawReceiver {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate: CertificateDer<'static> = params.signed_by(&key, &self.issuer).unwrap().into();
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
            .unwrap();
        let (acceptor, behind) = (TlsAcceptor::from(Arc::new(config)), receiver.address());
        RawReceiver::start(move |_, stream| {
            let acceptor = acceptor.clone();
            async move {
                let Ok(mut inside) = acceptor.accept(stream).await else { return };
                let mut plain = TcpStream::connect(behind).await.unwrap();
                // Whoever ends the connection, it is over.
                let _ = tokio::io::copy_bidirectional(&mut inside, &mut plain).await;
            }
        })
        .await
    }
}

/// A gateway with an endpoint `e` behind TLS under this name.
fn gateway(name: &str, guard: &RawReceiver) -> GatewayBuilder {
    let port = guard.address().port();
    let endpoint = format!(
        "url: 'https://{name}:{port}/hook', allowPrivate: ['127.0.0.1/32:{port}'], events: ['tool.*'], retry: {{ maxAttempts: 3, backoffMs: 1000 }}"
    );
    Gateway::builder().names(Here).ingest().endpoint("e", &endpoint)
}

/// The gateway trusts whoever signed this, too. Written beside its config.
fn trusting(builder: GatewayBuilder, authority: &Authority) -> GatewayBuilder {
    let builder = builder.webhooks("extraCa: 'ca.pem',");
    std::fs::write(builder.write().0.with_file_name("ca.pem"), &authority.pem).unwrap();
    builder
}

/// The only attempt so far, after which another one is due.
async fn failed_once(gateway: &Gateway) -> Attempt {
    let is_due_again = |row: &sandclaw::store::DeliveryRow| row.state == DeliveryState::Due && row.attempts == 1;
    let rows = gateway.deliveries_once("e", |rows| rows.iter().any(is_due_again)).await;
    let (_, _, attempts) = gateway.store().delivery(rows[0].id.as_str()).unwrap().unwrap();
    attempts[0].1.clone()
}

#[tokio::test]
async fn an_authority_of_the_operators_is_trusted_and_the_time_of_the_handshake_is_told() {
    for name in ["localhost", "receiver.example"] {
        let (authority, receiver) = (Authority::new("ours"), Receiver::start().await);
        let guard = authority.guard(name, &receiver).await;
        let mut gateway = trusting(gateway(name, &guard), &authority).start().await;
        gateway.emit("tool.called", json!({"n": 1})).await;
        let (row, attempts) = gateway.delivery_once("e", &[DeliveryState::Delivered, DeliveryState::Dead]).await;
        assert_eq!(row.state, DeliveryState::Delivered, "{attempts:?}");
        let received = receiver.received();
        assert_eq!((received.len(), received[0].json()["data"]["n"].as_i64()), (1, Some(1)));
        assert_eq!(received[0].header("host"), format!("{name}:{}", guard.address().port()));
        assert!(attempts[0].timing.tls_us.is_some(), "{:?}", attempts[0].timing);
        gateway.stop().await;
    }
}

#[tokio::test]
async fn a_stranger_gets_nothing_is_tried_again_and_hears_all_once_the_operator_trusts_its_authority() {
    let (stranger, receiver) = (Authority::new("theirs"), Receiver::start().await);
    let guard = stranger.guard("receiver.example", &receiver).await;
    // The name of an authority is no proof: this one only calls itself the same.
    let mut gateway = trusting(gateway("receiver.example", &guard), &Authority::new("theirs")).start().await;
    gateway.emit("tool.called", json!({"n": 1})).await;
    let attempt = failed_once(&gateway).await;
    assert_eq!((attempt.outcome, attempt.status), (AttemptOutcome::Tls, None));
    assert!(attempt.error.as_deref().unwrap().contains("webhooks.extraCa"), "{attempt:?}");
    let state = gateway.store().endpoint_states().unwrap();
    assert_eq!((state[0].failures, receiver.received().len()), (1, 0), "its failure, and it saw not a byte");

    std::fs::write(gateway.path().join("ca.pem"), &stranger.pem).unwrap();
    gateway = gateway.restart().await;
    gateway.clock.advance(2_000);
    assert_eq!(receiver.wait_for(1).await[0].json()["data"]["n"], 1);
    let (_, attempts) = gateway.delivery_once("e", &[DeliveryState::Delivered]).await;
    let outcomes: Vec<_> = attempts.iter().map(|attempt| attempt.outcome).collect();
    assert_eq!(outcomes, [AttemptOutcome::Tls, AttemptOutcome::Accepted]);
    gateway.stop().await;
}

/// Needs a machine that trusts somebody: without any certificates the gateway does not even try.
#[tokio::test]
async fn without_extra_authorities_only_those_of_the_machine_are_trusted() {
    let (authority, receiver) = (Authority::new("ours"), Receiver::start().await);
    let guard = authority.guard("localhost", &receiver).await;
    let mut gateway = gateway("localhost", &guard).start().await;
    gateway.emit("tool.called", json!({})).await;
    let attempt = failed_once(&gateway).await;
    assert_eq!(attempt.outcome, AttemptOutcome::Tls, "{attempt:?}");
    assert!(receiver.received().is_empty());
    gateway.stop().await;
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused_whoever_signed_it() {
    let (authority, receiver) = (Authority::new("ours"), Receiver::start().await);
    let guard = authority.guard("other.example", &receiver).await;
    let mut gateway = trusting(gateway("receiver.example", &guard), &authority).start().await;
    gateway.emit("tool.called", json!({})).await;
    let clock = gateway.clock.clone();
    let moving = tokio::spawn(async move {
        loop {
            clock.advance(5_000);
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    });
    let (row, attempts) = gateway.delivery_once("e", &[DeliveryState::Dead]).await;
    moving.abort();
    let outcomes: Vec<_> = attempts.iter().map(|attempt| attempt.outcome).collect();
    assert_eq!(outcomes, [AttemptOutcome::Tls; 3]);
    assert!(row.reason.as_deref().unwrap().contains("for another name than receiver.example"), "{row:?}");
    assert!(receiver.received().is_empty());
    gateway.stop().await;
}

#[tokio::test]
async fn a_receiver_without_tls_is_told_from_one_that_nobody_trusts() {
    let receiver = Receiver::start().await;
    let port = receiver.address().port();
    let endpoint =
        format!("url: 'https://127.0.0.1:{port}/', allowPrivate: ['127.0.0.1/32:{port}'], events: ['tool.*']");
    let authority = Authority::new("ours");
    let builder = trusting(Gateway::builder().ingest().endpoint("e", &endpoint), &authority);
    let mut gateway = builder.start().await;
    gateway.emit("tool.called", json!({})).await;
    let attempt = failed_once(&gateway).await;
    assert_eq!(attempt.outcome, AttemptOutcome::Tls, "{attempt:?}");
    assert!(attempt.error.as_deref().unwrap().contains("does not speak TLS"), "{attempt:?}");
    gateway.stop().await;
}
