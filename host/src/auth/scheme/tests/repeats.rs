//! What may come again, and as what.

use base64::Engine as _;

use super::super::super::mac::{BASE64, mac};
use super::*;
use crate::config::auth::Algorithm;

const NOW: i64 = 1_700_000_000;

fn github() -> Case {
    let mac = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let headers = format!("x-hub-signature-256: {mac} | x-github-delivery: guid-1");
    Case::new(SchemeKind::GitHub, "It's a Secret to Everybody", &headers, "Hello, World!", NOW)
}

fn stripe(header: &str) -> Case {
    let header = format!("stripe-signature: {header}");
    Case::new(SchemeKind::Stripe, "whsec_test_secret", &header, r#"{"id":"evt_1"}"#, 1_492_774_577)
}

const STRIPE: &str = "799c4ba7bb339f3c8601adfd112f0e477c930a268be1243d341abb8286501c2f";

#[test]
fn what_was_signed_with_a_time_has_one_nonce_however_the_header_is_spelt() {
    let one = stripe(&format!("t=1492774577,v1={STRIPE}"));
    let nonce = one.proof().nonce().unwrap().clone();
    assert_eq!(nonce.owner, None);
    assert_eq!(nonce.expires_at, Millis((1_492_774_577 + 300) * 1_000));
    assert_eq!(one.proof().delivery(), Some(&Delivery::Named("evt_1".to_owned())));
    for other in [
        format!("v1={},t=1492774577", STRIPE.to_uppercase()),
        format!("t=1492774577, v1={}, v0=ff, v1={STRIPE}", "0".repeat(64)),
    ] {
        assert_eq!(stripe(&other).proof().nonce(), Some(&nonce), "{other}");
    }
    let rotated = Case { secrets: vec!["new", "whsec_test_secret"], ..one };
    assert_eq!(rotated.proof().nonce(), Some(&nonce), "whichever secret it is by");
}

#[test]
fn without_a_time_the_nonce_belongs_to_the_delivery() {
    let (one, again) = (github(), github().at(NOW + 10));
    let nonce = one.proof().nonce().unwrap().clone();
    assert!(nonce.owner.as_deref().unwrap().starts_with("guid-1 "));
    assert_eq!(nonce.expires_at, Millis((NOW + 300) * 1_000));
    assert_eq!(again.proof().nonce().unwrap().digest, nonce.digest);
    let replay = github().with("x-github-delivery", "guid-2");
    assert_eq!(replay.proof().nonce().unwrap().digest, nonce.digest);
    assert!(replay.owner().unwrap().starts_with("guid-2 "));
}

#[test]
fn without_any_id_the_digest_of_what_was_sent_is_the_id() {
    let bare = github().without("x-github-delivery");
    let Some(Delivery::Digest(id)) = bare.proof().delivery().cloned() else { panic!() };
    assert!(id.starts_with("sha256:") && id.len() == 71, "{id}");
    assert!(bare.owner().unwrap().starts_with(&id));
    assert_eq!(github().with("x-github-delivery", " ").owner(), bare.owner(), "blank is none");
    let timed = stripe(&format!("t=1492774577,v1={STRIPE}"));
    assert_eq!(Case { body: b"{}".to_vec(), ..timed }.reason(), Reason::NoMatch);
}

#[test]
fn an_id_that_is_long_or_odd_is_kept_as_its_digest_and_one_sent_twice_is_refused() {
    for odd in ["x".repeat(257), "é".to_owned()] {
        let delivery = github().with("x-github-delivery", &odd).proof().delivery().unwrap().clone();
        assert!(matches!(&delivery, Delivery::Named(id) if id.starts_with("sha256:")), "{odd}");
    }
    let mut twice = github();
    twice.headers.push(("x-github-delivery".to_owned(), b"guid-2".to_vec()));
    assert_eq!(twice.reason(), Reason::Twice("x-github-delivery".to_owned()));
}

#[test]
fn nobody_can_name_a_delivery_like_one_that_has_no_name() {
    let bare = github().without("x-github-delivery");
    let id = bare.proof().delivery().unwrap().id().to_owned();
    let claimed = github().with("x-github-delivery", &id);
    assert_ne!(claimed.proof().delivery().unwrap().id(), id);
    assert_ne!(claimed.owner(), bare.owner());
}

#[test]
fn a_redelivery_is_the_same_in_what_the_signature_does_not_tell_apart() {
    let kind = SchemeKind::Twilio { url: crate::config::auth::PublicUrl::of("https://example.com/x") };
    let mac = mac(Algorithm::Sha1, b"12345", &[b"https://example.com/xabc"]);
    let headers = format!(
        "x-twilio-signature: {} | content-type: application/x-www-form-urlencoded | i-twilio-idempotency-token: t",
        BASE64.encode(mac)
    );
    let case = |body: &str| Case::new(kind.clone(), "12345", &headers, body, NOW);
    let nonce = |body: &str| case(body).proof().nonce().unwrap().clone();
    assert_eq!(nonce("a=bc"), nonce("a=bc"));
    for other in ["ab=c", "a=bc&a=bc", "abc="] {
        assert_eq!(nonce(other).digest, nonce("a=bc").digest, "{other}");
        assert_ne!(nonce(other).owner, nonce("a=bc").owner, "{other}");
    }
    let queried = Case { url: "/x?y".to_owned(), ..github() };
    assert_eq!(queried.proof().nonce().unwrap().digest, github().proof().nonce().unwrap().digest);
    assert_ne!(queried.owner(), github().owner());
}

#[test]
fn two_schemes_never_share_a_nonce() {
    let body = r#"{"id":1}"#;
    let mac = "bb2cb5a5a846c69744bdaa9074e296f823f9c95987bd87b37eb44e0b6262e4d4";
    let sentry = format!("sentry-hook-signature: {mac} | request-id: r");
    let sentry = Case::new(SchemeKind::Sentry, "lin_secret", &sentry, body, NOW);
    let header = "x-grafana-alerting-signature".into();
    let kind = SchemeKind::Grafana { header, timestamp_header: None };
    let grafana = format!("x-grafana-alerting-signature: {mac}");
    let grafana = Case::new(kind, "lin_secret", &grafana, body, NOW);
    assert_ne!(sentry.proof().nonce().unwrap().digest, grafana.proof().nonce().unwrap().digest);
    assert!(sentry.owner().unwrap().starts_with("r "));
}
