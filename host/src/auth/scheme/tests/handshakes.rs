//! Questions of senders to a new URL.

use aes::Aes256;
use base64::Engine as _;
use cbc::Encryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockEncryptMut, KeyIvInit};

use super::super::super::mac::{BASE64, hex, hmac_sha256, sha256};
use super::*;
use hmac::Mac as _;

const NOW: i64 = 1_700_000_000;
const KEY: &str = "encrypt key of an app of ours";
const TOKEN: &str = "verification token";

fn slack(body: &str) -> Case {
    let signature = hmac_sha256(b"signing secret", &[b"v0:1700000000:", body.as_bytes()]).finalize().into_bytes();
    let headers = format!("x-slack-request-timestamp: 1700000000 | x-slack-signature: v0={}", hex(&signature));
    Case::new(SchemeKind::Slack, "signing secret", &headers, body, NOW)
}

/// Encrypted as Feishu does, with an initial value of threes.
fn sealed(text: &str) -> String {
    let mut buffer = text.as_bytes().to_vec();
    buffer.resize(text.len() + 16, 0);
    let encryptor = Encryptor::<Aes256>::new_from_slices(&sha256(&[KEY.as_bytes()]), &[3; 16]).unwrap();
    let blocks = encryptor.encrypt_padded_mut::<Pkcs7>(&mut buffer, text.len()).unwrap();
    let encrypted = BASE64.encode([&[3; 16][..], blocks].concat());
    format!("{{\"encrypt\":\"{encrypted}\"}}")
}

fn feishu(headers: &str, body: &str) -> Case {
    let verification_token = Box::new(crate::config::SecretSpec::Plain(TOKEN.into()));
    let case = Case::new(SchemeKind::Feishu { verification_token }, KEY, headers, body, NOW);
    Case { tokens: vec![TOKEN], ..case }
}

fn signed(body: &str) -> Case {
    let signature = hex(&sha256(&[b"1700000000", b"n", KEY.as_bytes(), body.as_bytes()]));
    let rest = "x-lark-request-timestamp: 1700000000 | x-lark-request-nonce: n";
    feishu(&format!("x-lark-signature: {signature} | {rest}"), body)
}

/// What a handshake is answered with.
fn answer(case: &Case) -> String {
    match case.verify() {
        Ok(Verified::Handshake(handshake)) => {
            assert_eq!((handshake.status, handshake.content_type), (200, "application/json"));
            String::from_utf8(handshake.body).unwrap()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn slacks_challenge_is_given_back_if_it_is_signed() {
    let body = r#"{"token":"x","challenge":"3e\"Z","type":"url_verification"}"#;
    assert_eq!(answer(&slack(body)), r#"{"challenge":"3e\"Z"}"#);
    assert_eq!(Case { secrets: vec!["another"], ..slack(body) }.reason(), Reason::NoMatch);
    let event = slack(r#"{"type":"event_callback","event_id":"Ev1","challenge":"x"}"#);
    assert_eq!(event.proof().delivery().unwrap().id(), "Ev1");
    let long = format!(r#"{{"challenge":"{}","type":"url_verification"}}"#, "x".repeat(1_025));
    assert!(matches!(slack(&long).verify(), Ok(Verified::Request(_))), "nobody's challenge");
}

#[test]
fn feishus_challenge_is_given_back_to_who_has_the_token() {
    let question = |token: &str| format!(r#"{{"challenge":"c1","token":"{token}","type":"url_verification"}}"#);
    for case in [
        feishu("", &question(TOKEN)),
        feishu("", &sealed(&question(TOKEN))),
        signed(&sealed(&question(TOKEN))),
        Case { secrets: vec!["an older key", KEY], ..feishu("", &sealed(&question(TOKEN))) },
    ] {
        assert_eq!(answer(&case), r#"{"challenge":"c1"}"#);
    }
    for case in [
        feishu("", &question("wrong")),
        feishu("", &question("")),
        feishu("", &sealed(&question("wrong"))),
        signed(&sealed(&question("wrong"))),
        Case { tokens: Vec::new(), ..feishu("", &question(TOKEN)) },
    ] {
        assert_eq!(case.reason(), Reason::WrongToken);
    }
    let unsigned = feishu("", &sealed(r#"{"type":"event_callback"}"#));
    assert_eq!(unsigned.reason(), Reason::Missing("x-lark-signature".to_owned()));
}

#[test]
fn feishus_events_are_decrypted_and_have_the_id_that_is_inside() {
    let event = r#"{"schema":"2.0","header":{"event_id":"e1","token":"x"},"event":{}}"#;
    let case = signed(&sealed(event));
    let without = r#"{"schema":"2.0","header":{"event_id":"e1"},"event":{}}"#;
    assert_eq!(case.proof().body(), without.as_bytes(), "without the verification token");
    assert_eq!(case.proof().delivery(), Some(&Delivery::Named("e1".to_owned())));
    let plain = signed(r#"{"uuid":"e2","type":"event_callback"}"#);
    assert_eq!(plain.proof().delivery().unwrap().id(), "e2");
    assert_eq!(Case { secrets: vec!["another"], ..case.clone() }.reason(), Reason::NoMatch);
    assert!(matches!(case.at(NOW + 301).reason(), Reason::Stale { ago_s: 301 }));
    for broken in ["", "AAAA", "!", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="] {
        let reason = signed(&format!("{{\"encrypt\":\"{broken}\"}}")).reason();
        assert!(matches!(reason, Reason::Malformed(_)), "{broken}: {reason:?}");
    }
}

#[test]
fn a_plain_hash_can_be_gone_on_with_and_what_is_behind_the_body_opens_nothing() {
    let event = r#"{"type":"event_callback"}"#;
    assert_eq!(signed(&sealed(event)).proof().body(), event.as_bytes());
    // Who knows SHA-256 of a text knows it of that text, its padding and anything, without the key: a new signature for an old event.
    for behind in ["\u{80}\0\0\u{1}x", "x", "{}"] {
        let reason = signed(&format!("{}{behind}", sealed(event))).reason();
        assert!(matches!(reason, Reason::Malformed(_)), "{behind:?}: {reason:?}");
    }
}
