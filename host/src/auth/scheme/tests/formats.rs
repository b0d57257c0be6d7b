//! Forms that the vectors do not have: schemes of an operator, several signatures in a header, keys in other clothes.

use super::*;

const NOW: i64 = 1_700_000_000;

/// The scheme that a config would have.
fn hmac(keys: &str) -> SchemeKind {
    crate::config::auth::kind_of(&format!("scheme: 'hmac', secret: '00112233445566778899aabbccddeeff', {keys}"))
}

#[test]
fn an_operators_scheme_signs_what_it_says() {
    const SECRET: &str = "00112233445566778899aabbccddeeff";
    let time = "x-time: 1700000000 | x-id: a-1";
    for (keys, header) in [
        ("header: 'X-Sig'", "f8e846f116cf35ab3fa1343b237f50e3a38848c804cba94534e40cc65f796b16"),
        ("header: 'X-Sig', prefix: 'v1=', encoding: 'base64', algorithm: 'sha1'", "v1=wwULjmfehAR4NZotchegZpF9BxA="),
        (
            "header: 'X-Sig', algorithm: 'sha512'",
            "2da40a071d06ee1691eb71afea20c89503b737ccf4c1b6397332a70c1b5413d7308fb505cda2e082751212c60548e1b4abebe92f662eaeb6cf4096bf7d3902a5",
        ),
        ("header: 'X-Sig', secretEncoding: 'hex'", "057dfbc7f1975d976a449954e9c03ff8e28df4454f45179c5564d968c3553d30"),
        (
            "header: 'X-Sig', secretEncoding: 'base64'",
            "ed3a6bd974b8c4bdef5b0726f447709355ccd25f13504eca94e4082624c06070",
        ),
        (
            "header: 'X-Sig', signed: '{id}|{timestamp}.{body}', timestampHeader: 'X-Time', idHeader: 'X-Id'",
            "c25bd75bd95401b15f9beb46ea2b2ad7a168d060eb832ba989e7d5ea8b274a4d",
        ),
        (
            "header: 'X-Sig', signed: '{url}{header:X-Id}{body}', url: 'https://x.example'",
            "3b78d0dc08c88d59aa9b5b426511e4c971770794fa8d08c377e6431e8c4fbec4",
        ),
        (
            "header: 'X-Sig', separator: ';', prefix: 'a='",
            "b=00; a=00;a=f8e846f116cf35ab3fa1343b237f50e3a38848c804cba94534e40cc65f796b16",
        ),
    ] {
        let case = Case::new(hmac(keys), SECRET, &format!("x-sig: {header} | {time}"), r#"{"id":1}"#, NOW);
        let case = Case { url: "/p?q".to_owned(), ..case };
        case.proof();
        assert_eq!(Case { body: b"{}".to_vec(), ..case.clone() }.reason(), Reason::NoMatch, "{keys}");
        assert_eq!(case.without("x-sig").reason(), Reason::Missing("x-sig".to_owned()));
    }
}

#[test]
fn a_signed_time_in_milliseconds_is_read_as_such() {
    let kind = hmac("header: 'x-sig', signed: '{timestamp}{body}', timestampHeader: 'x-time', timestampUnit: 'ms'");
    let headers = "x-sig: d59717e2f5646d4d032ae46fcfc751197a83421b245ccfc5316ae41e1a346b2f | x-time: 1700000000123";
    let case = Case::new(kind, "00112233445566778899aabbccddeeff", headers, "{}", NOW);
    case.proof();
    assert!(matches!(case.at(NOW + 400).reason(), Reason::Stale { ago_s: 399 }));
}

#[test]
fn of_several_signatures_one_is_enough_and_a_flood_is_refused() {
    let good = "v1=8c2f9be8b4a210a580508b5779353412e13dded4af38895cb753facaaf1eb6ea";
    let other = format!("v1={}", "0".repeat(64));
    let case = |value: &str| {
        let header = format!("x-pagerduty-signature: {value}");
        Case::new(SchemeKind::PagerDuty, "pd", &header, r#"{"id":1}"#, NOW)
    };
    for value in [format!("{other},{good}"), format!("{good}, {other}"), format!("v2=x,{good}")] {
        case(&value).proof();
    }
    assert_eq!(case(&other).reason(), Reason::NoMatch);
    assert!(matches!(case(&format!("{}{good}", format!("{other},").repeat(16))).reason(), Reason::Malformed(_)));
    assert!(matches!(case("v2=00").reason(), Reason::Malformed(_)));
}

#[test]
fn standard_webhooks_may_be_signed_with_an_ed25519_pair() {
    use base64::Engine as _;
    use ed25519_dalek::{Signer as _, SigningKey};
    let pair = SigningKey::from_bytes(&[7; 32]);
    let encode = |bytes: &[u8]| super::super::super::mac::BASE64.encode(bytes);
    let public = format!("whpk_{}", encode(pair.verifying_key().as_bytes()));
    let signature = encode(&pair.sign(b"m1.1700000000.{}").to_bytes());
    let headers =
        format!("webhook-id: m1 | webhook-timestamp: 1700000000 | webhook-signature: v1,AA== v1a,{signature}");
    let case = Case::new(SchemeKind::StandardWebhooks, public.leak(), &headers, "{}", NOW);
    case.proof();
    assert_eq!(Case { body: b"[]".to_vec(), ..case.clone() }.reason(), Reason::NoMatch);
    assert_eq!(case.with("webhook-signature", &format!("v1,{signature}")).reason(), Reason::NoMatch);
    assert!(matches!(case.with("webhook-id", "m.1").reason(), Reason::Malformed(_)));
    assert!(matches!(case.with("webhook-signature", "v2,AA==").reason(), Reason::Malformed(_)));
    // The sender's private half is none of ours, and what is no key is no key.
    assert_eq!(Case { secrets: vec!["whsk_AA==", "no key!", "whsec_"], ..case }.reason(), Reason::NoKey);
}

#[test]
fn nothing_that_arrives_makes_a_check_panic() {
    let all = ["github", "gitlab", "stripe", "slack", "svix", "shopify", "pagerduty", "sentry", "linear", "dingtalk"];
    let noise: [&[u8]; 6] = [b"", b"\xff\xfe", b"{", "\u{e9}".as_bytes(), b"t=,v1=,,,", &[b'['; 5_000]];
    for word in all {
        let kind = crate::config::auth::kind_of(&format!("scheme: '{word}', secret: 'c2VjcmV0'"));
        for (header, body) in noise.iter().flat_map(|header| noise.iter().map(move |body| (header, body))) {
            let mut case = Case::new(kind.clone(), "c2VjcmV0", "", "", NOW);
            case.body = body.to_vec();
            for name in [
                "x-hub-signature-256",
                "x-gitlab-token",
                "stripe-signature",
                "x-slack-signature",
                "svix-id",
                "svix-timestamp",
                "svix-signature",
                "x-shopify-hmac-sha256",
                "x-pagerduty-signature",
                "linear-signature",
                "sentry-hook-signature",
                "timestamp",
                "sign",
                "x-slack-request-timestamp",
            ] {
                case.headers.push((name.to_owned(), header.to_vec()));
            }
            assert!(case.verify().is_err(), "{word}");
        }
    }
}
