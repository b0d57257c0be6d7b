//! What vendors publish and their SDKs make, and each of it with one thing changed.

use super::*;

const NOW: i64 = 1_700_000_000;
const SLACK_BODY: &str = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&\
    channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2F\
    hooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&\
    trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
const STANDARD: &str = "id: msg_p5jXN8AQM9LWM0D4loKWxJek | timestamp: 1614265330 | \
    signature: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
const STANDARD_KEY: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const STANDARD_BODY: &str = r#"{"test": 2432232314}"#;
const TWILIO_FORM: &str =
    "CallSid=CA1234567890ABCDE&Caller=%2B14158675310&Digits=1234&From=%2B14158675310&To=%2B18005551212";

fn standard(kind: SchemeKind, prefix: &str) -> Case {
    let headers: Vec<_> = STANDARD.split(" | ").map(|line| format!("{prefix}-{line}")).collect();
    Case::new(kind, STANDARD_KEY, &headers.join(" | "), STANDARD_BODY, 1_614_265_330)
}

fn grafana(timestamp_header: Option<&str>) -> SchemeKind {
    let timestamp_header = timestamp_header.map(str::to_owned);
    SchemeKind::Grafana { header: "x-grafana-alerting-signature".into(), timestamp_header }
}

fn twilio() -> SchemeKind {
    SchemeKind::Twilio { url: PublicUrl::of("https://example.com/myapp.php") }
}

fn feishu() -> SchemeKind {
    SchemeKind::Feishu { verification_token: Box::new(crate::config::SecretSpec::Plain("t".into())) }
}

/// The header of the signature, that of the time if there is one, and the request.
fn all() -> Vec<(&'static str, Option<&'static str>, Case)> {
    use SchemeKind::*;
    let new = Case::new;
    let (id, hub) = (r#"{"id":1}"#, "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17");
    let hub = format!("x-hub-signature-256: sha256={hub}");
    let t = "t=1492774577,v1=799c4ba7bb339f3c8601adfd112f0e477c930a268be1243d341abb8286501c2f";
    let stripe = format!("stripe-signature: {t}");
    let v0 = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
    let slack = format!("x-slack-request-timestamp: 1531420618 | x-slack-signature: {v0}");
    let mac = "bb2cb5a5a846c69744bdaa9074e296f823f9c95987bd87b37eb44e0b6262e4d4";
    let form = "content-type: application/x-www-form-urlencoded; charset=utf-8";
    let form = format!("x-twilio-signature: L/OH5YylLD5NRKLltdqwSvS0BnU= | {form}");
    let v1 = "x-pagerduty-signature: v1=8c2f9be8b4a210a580508b5779353412e13dded4af38895cb753facaaf1eb6ea";
    let timed = "x-grafana-alerting-signature: 45a65bb1404905e0e7edd6cf1a381436c5fdbcc6ea108aa9be3bf5808f2d1e74";
    let timed = format!("{timed} | x-time: 1700000000");
    let plain = "x-grafana-alerting-signature: e5b5df6d6a11f611cef4e6c88db8aab1b1149ec2f4871cfdab5bbe20a3fa7738";
    let ding = "timestamp: 1577262236757 | sign: hmPWwU+7lVdm3ZZz0r9tSfx0L4Q26jWOZr9+Gs6EZQM=";
    let shop = "x-shopify-hmac-sha256: xocA3LkeJ/RvNrkxep1EUtFHuj7rIoIqZYaLU26LyPQ=";
    let twilio = new(twilio(), "12345", &form, TWILIO_FORM, NOW);
    vec![
        ("x-hub-signature-256", None, new(GitHub, "It's a Secret to Everybody", &hub, "Hello, World!", NOW)),
        ("stripe-signature", None, new(Stripe, "whsec_test_secret", &stripe, r#"{"id":"evt_1"}"#, 1_492_774_577)),
        (
            "x-slack-signature",
            Some("x-slack-request-timestamp"),
            new(Slack, "8f742231b10e8888abcd99yyyzzz85a5", &slack, SLACK_BODY, 1_531_420_618),
        ),
        ("webhook-signature", Some("webhook-timestamp"), standard(StandardWebhooks, "webhook")),
        ("webhook-signature", Some("webhook-timestamp"), standard(GitLabSigning, "webhook")),
        ("svix-signature", Some("svix-timestamp"), standard(Svix, "svix")),
        ("x-shopify-hmac-sha256", None, new(Shopify, "shpss_secret", shop, id, NOW)),
        ("x-twilio-signature", None, Case { url: "/y?foo=1&bar=2".to_owned(), ..twilio }),
        ("x-pagerduty-signature", None, new(PagerDuty, "pd", v1, id, NOW)),
        ("sentry-hook-signature", None, new(Sentry, "lin_secret", &format!("sentry-hook-signature: {mac}"), id, NOW)),
        ("x-grafana-alerting-signature", Some("x-time"), new(grafana(Some("x-time")), "g", &timed, id, NOW)),
        ("x-grafana-alerting-signature", None, new(grafana(None), "g", plain, id, NOW)),
        ("sign", Some("timestamp"), new(DingTalk, "this is secret", ding, "{}", 1_577_262_236)),
    ]
}

/// The published vector of Feishu has a body that cannot be decrypted, so the signature alone is looked at.
fn feishu_vector() -> Case {
    let signature = "9f367119dbf74b72820c32a9191ec927545c8dda97376ab5695480b7fc3d0682";
    let headers =
        format!("x-lark-signature: {signature} | x-lark-request-timestamp: 1700000000 | x-lark-request-nonce: nonce1");
    Case::new(feishu(), "ekey", &headers, r#"{"encrypt":"x"}"#, NOW)
}

#[test]
fn what_vendors_sign_is_good() {
    for (_, _, case) in all() {
        case.proof();
    }
    let undecryptable = "`encrypt` in the body cannot be decrypted with the encrypt key";
    assert_eq!(feishu_vector().reason(), Reason::Malformed(undecryptable));
    assert_eq!(feishu_vector().with("x-lark-request-nonce", "nonce2").reason(), Reason::NoMatch);
}

#[test]
fn one_bit_of_the_signature_changes_everything() {
    for (header, _, case) in all() {
        for at in 0..8 {
            let mut case = case.clone();
            let (_, value) = case.headers.iter_mut().find(|(name, _)| name == header).unwrap();
            // From the end, where in each of them the signature is; not the last characters of base64, of which some bits say nothing.
            let place = value.len() - 8 - at;
            value[place] = if value[place] == b'1' { b'2' } else { b'1' };
            assert_eq!(case.reason(), Reason::NoMatch, "{header} {at}");
        }
    }
}

#[test]
fn one_bit_of_the_body_changes_everything() {
    for (header, _, mut case) in all() {
        let is_signed = header != "sign";
        let last = case.body.len() - 1;
        case.body[last] ^= 1;
        assert_eq!(case.verify().is_err(), is_signed, "{header}");
    }
}

#[test]
fn another_time_is_another_signature_and_an_old_or_early_one_is_refused() {
    for (header, time, case) in all() {
        let Some(time) = time else { continue };
        let now = case.now.0 / 1_000;
        let other = if header == "sign" { "1577262236758".to_owned() } else { (now + 1).to_string() };
        assert_eq!(case.with(time, &other).reason(), Reason::NoMatch, "{header}");
        for wrong in ["", "x", "-1", "1e9", "99999999999999999999", "9223372036854775807"] {
            assert!(
                matches!(case.with(time, wrong).reason(), Reason::Malformed(_) | Reason::NoMatch),
                "{header} {wrong}"
            );
        }
        let tolerance = if header == "sign" { 3_600 } else { 300 };
        for (apart, is_good) in
            [(tolerance - 1, true), (tolerance + 2, false), (1 - tolerance, true), (-tolerance - 2, false)]
        {
            assert_eq!(case.at(now + apart).verify().is_ok(), is_good, "{header} {apart}");
        }
        assert!(matches!(case.at(now + 100_000).reason(), Reason::Stale { ago_s } if ago_s > 99_000), "{header}");
        assert!(matches!(case.at(now - 100_000).reason(), Reason::Stale { ago_s } if ago_s < -99_000), "{header}");
    }
    let stripe = &all()[1].2;
    assert!(matches!(stripe.at(stripe.now.0 / 1_000 + 301).reason(), Reason::Stale { ago_s: 301 }));
}

#[test]
fn a_header_that_is_missing_or_there_twice_is_no_proof() {
    for (header, time, case) in all() {
        for name in [Some(header), time].into_iter().flatten() {
            assert_eq!(case.without(name).reason(), Reason::Missing(name.to_owned()));
            let mut twice = case.clone();
            let value = twice.headers.first(name).unwrap().to_vec();
            twice.headers.push((name.to_owned(), value));
            assert_eq!(twice.reason(), Reason::Twice(name.to_owned()));
            for wrong in ["", " ", ",", "v1=", "sha256=", "zz"] {
                assert!(case.with(name, wrong).verify().is_err(), "{name} {wrong}");
            }
        }
    }
}

#[test]
fn every_active_secret_lets_in_and_no_other() {
    for (header, _, case) in all() {
        let [secret] = case.secrets[..] else { panic!() };
        let other = "b3RoZXItc2VjcmV0LW90aGVyLXNlY3JldA==";
        let with = |secrets: &[&'static str]| Case { secrets: secrets.to_vec(), ..case.clone() };
        assert_eq!(with(&[other]).reason(), Reason::NoMatch, "{header}");
        assert_eq!(with(&[]).reason(), Reason::NoKey, "{header}");
        for secrets in [[other, secret], [secret, other]] {
            with(&secrets).proof();
        }
    }
}

#[test]
fn linears_time_is_in_the_body() {
    // Computed with Python's hmac: nobody publishes a vector with a time.
    let mac = "3fa00aa22f00e4fc02f6dd4223aedadbc96e2d9cfb07d8ffb7e13015125eee2d";
    let case = Case::new(
        SchemeKind::Linear,
        "lin_secret",
        &format!("linear-signature: {mac} | linear-delivery: d1"),
        r#"{"webhookTimestamp":1700000000123}"#,
        NOW,
    );
    assert_eq!(case.proof().delivery(), Some(&Delivery::Named("d1".to_owned())));
    assert!(matches!(case.at(NOW + 62).reason(), Reason::Stale { ago_s: 61 }));
    assert!(matches!(case.at(NOW - 62).reason(), Reason::Stale { ago_s: -62 }));
    let timeless = "linear-signature: bb2cb5a5a846c69744bdaa9074e296f823f9c95987bd87b37eb44e0b6262e4d4";
    let timeless = Case::new(SchemeKind::Linear, "lin_secret", timeless, r#"{"id":1}"#, NOW);
    assert_eq!(timeless.reason(), Reason::Malformed("the body has no time where it should"));
}

#[test]
fn gitlabs_token_is_compared_as_it_is() {
    let case = Case::new(SchemeKind::GitLab, "t0ken", "x-gitlab-token: t0ken | x-gitlab-event-uuid: u", "{}", NOW);
    assert_eq!(case.proof().delivery().unwrap().id(), "u");
    assert_eq!(case.proof().nonce(), None);
    assert_eq!(case.with("idempotency-key", "k").proof().delivery().unwrap().id(), "k");
    for wrong in ["", "t0ke", "t0kenn", "T0ken"] {
        assert_eq!(case.with("x-gitlab-token", wrong).reason(), Reason::NoMatch, "{wrong}");
    }
    assert_eq!(case.without("x-gitlab-token").reason(), Reason::Missing("x-gitlab-token".to_owned()));
}

#[test]
fn twilio_signs_the_hash_of_a_body_that_is_no_form() {
    let hash = "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862";
    let url = format!("/y?bodySHA256={hash}");
    // Computed with Python's hmac over the URL alone; the hash is the SDK's.
    let headers = "x-twilio-signature: TIp9fud0xGAG01gwafm1WLd3wbo= | content-type: application/json";
    let case = Case { url, ..Case::new(twilio(), "12345", headers, r#"{"a":1}"#, NOW) };
    case.proof();
    assert_eq!(Case { body: b"{\"a\":2}".to_vec(), ..case.clone() }.reason(), Reason::OtherBody);
    assert_eq!(Case { url: "/y".to_owned(), ..case }.reason(), Reason::NoMatch);
}
