//! Known answers, and all the ways in which a signature is not one.

use super::*;
use hyper::header::HeaderName;
use std::time::Duration;

/// Of the Standard Webhooks specification.
const STANDARD_SECRET: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const STANDARD_ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const STANDARD_BODY: &[u8] = br#"{"test": 2432232314}"#;
const STANDARD_SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
const STANDARD_AT: Millis = Millis(1_614_265_330_000);
/// The key pair that Svix publishes, and its signature of the same message.
const PRIVATE: &str = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==";
const SEED: &str = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbc=";
const PUBLIC: &str = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=";
const PRIVATE_SIGNATURE: &str =
    "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==";
/// The secret of the OpenClaw guide.
const OPENCLAW_SECRET: &str = "whsec_xxxxxxxxxxxxxxxx";
const OPENCLAW_AT: Millis = Millis(1_710_400_200_000);

/// A request on its way.
#[derive(Clone)]
struct Request {
    url: Url,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Request {
    fn new(body: &[u8]) -> Self {
        let url = Url::parse("https://receiver.test/send?access_token=a%2Bb").unwrap();
        Self { url, headers: HeaderMap::new(), body: body.to_vec() }
    }

    fn signed(scheme: Signing, with: &[&str], id: &str, at: Millis, body: &[u8]) -> Result<Self, SignError> {
        let mut request = Self::new(body);
        sign(scheme, &secrets(with), id, at, &mut request.url, &mut request.headers, &mut request.body)?;
        Ok(request)
    }

    fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.insert(HeaderName::from_static(name), value.parse().unwrap());
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.headers.remove(name);
        self
    }

    /// What is found when it arrives at this time.
    fn found(&self, with: &[&str], now: Millis) -> Vec<(Signing, Verdict)> {
        let received = Received { url: Some(&self.url), headers: &self.headers, body: &self.body };
        let found = verify(received, &secrets(with), TOLERANCE, now);
        found.into_iter().map(|finding| (finding.scheme, finding.verdict)).collect()
    }

    /// The same for the one scheme that is found.
    fn verdict(&self, with: &[&str], now: Millis) -> Verdict {
        let found = self.found(with, now);
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].1
    }
}

fn secrets(texts: &[&str]) -> Vec<SecretString> {
    texts.iter().map(|text| SecretString::from(*text)).collect()
}

fn refusal(scheme: Signing, with: &[&str]) -> SignError {
    let refusal = Request::signed(scheme, with, "dlv_1", OPENCLAW_AT, b"{}").err().unwrap();
    assert_eq!(check(scheme, &secrets(with)), Err(refusal));
    refusal
}

#[test]
fn the_openclaw_guides_example_comes_out() {
    let body = br#"{"id":"evt_abc123def456"}"#;
    let request = Request::signed(Signing::OpenClaw, &[OPENCLAW_SECRET, "another"], "x", OPENCLAW_AT, body).unwrap();
    assert_eq!(request.header("x-openclaw-timestamp"), "1710400200");
    assert_eq!(
        request.header("x-openclaw-signature"),
        "sha256=72efd2c3247d7634da7f995434b2d61fe0fa19ccaf29adbcf911b20cfcfcae97"
    );
    assert_eq!((request.headers.len(), request.body.as_slice()), (2, body.as_slice()));
    assert_eq!(request.verdict(&["wrong", OPENCLAW_SECRET], OPENCLAW_AT), Verdict::Good);
}

#[test]
fn the_standards_example_comes_out_with_and_without_prefix() {
    for secret in [STANDARD_SECRET.to_owned(), format!("whsec_{STANDARD_SECRET}")] {
        let request = Request::signed(Signing::Standard, &[&secret], STANDARD_ID, STANDARD_AT, STANDARD_BODY).unwrap();
        assert_eq!(request.header("webhook-id"), STANDARD_ID);
        assert_eq!(request.header("webhook-timestamp"), "1614265330");
        assert_eq!(request.header("webhook-signature"), STANDARD_SIGNATURE);
        assert_eq!(request.verdict(&[&secret], STANDARD_AT), Verdict::Good);
    }
}

#[test]
fn a_private_key_signs_and_its_public_half_checks() {
    for private in [PRIVATE, SEED] {
        let request = Request::signed(Signing::Standard, &[private], STANDARD_ID, STANDARD_AT, STANDARD_BODY).unwrap();
        assert_eq!(request.header("webhook-signature"), PRIVATE_SIGNATURE);
        for checks in [PRIVATE, SEED, PUBLIC] {
            assert_eq!(request.verdict(&[checks], STANDARD_AT), Verdict::Good);
        }
        assert_eq!(request.verdict(&[STANDARD_SECRET], STANDARD_AT), Verdict::BadSignature);
    }
}

#[test]
fn every_secret_signs_so_that_each_receiver_knows_one() {
    let with = [STANDARD_SECRET, PRIVATE, "whsec_b3RoZXI="];
    let request = Request::signed(Signing::Standard, &with, STANDARD_ID, STANDARD_AT, STANDARD_BODY).unwrap();
    let signatures: Vec<_> = request.header("webhook-signature").split(' ').collect();
    assert_eq!((signatures.len(), signatures[0], signatures[1]), (3, STANDARD_SIGNATURE, PRIVATE_SIGNATURE));
    for one in [STANDARD_SECRET, PUBLIC, "b3RoZXI"] {
        assert_eq!(request.verdict(&[one], STANDARD_AT), Verdict::Good);
    }
    assert_eq!(request.verdict(&["dW5rbm93bg=="], STANDARD_AT), Verdict::BadSignature);
}

#[test]
fn both_are_both_and_the_text_is_never_a_private_key() {
    let request = Request::signed(Signing::Both, &[PRIVATE, OPENCLAW_SECRET], "dlv_1", OPENCLAW_AT, b"{}").unwrap();
    assert_eq!(request.headers.len(), 5);
    let good = |scheme| (scheme, Verdict::Good);
    assert_eq!(request.found(&[OPENCLAW_SECRET], OPENCLAW_AT), [good(Signing::OpenClaw), good(Signing::Standard)]);
    let alone = Request::signed(Signing::OpenClaw, &[OPENCLAW_SECRET], "dlv_1", OPENCLAW_AT, b"{}").unwrap();
    assert_eq!(request.header("x-openclaw-signature"), alone.header("x-openclaw-signature"));
}

#[test]
fn dingtalks_formula_comes_out_in_the_query() {
    let at = Millis(1_577_262_236_757);
    let request = Request::signed(Signing::DingTalk, &["this is secret"], "x", at, b"{}").unwrap();
    assert_eq!(
        request.url.query(),
        Some("access_token=a%2Bb&timestamp=1577262236757&sign=hmPWwU%2B7lVdm3ZZz0r9tSfx0L4Q26jWOZr9%2BGs6EZQM%3D")
    );
    assert!(request.headers.is_empty());
    assert_eq!(request.found(&["this is secret"], at), [(Signing::DingTalk, Verdict::Good)]);
    assert_eq!(request.verdict(&["this is not"], at), Verdict::BadSignature);
}

#[test]
fn feishus_formula_comes_out_in_the_body() {
    let at = Millis(1_599_360_473_999);
    let body = b" { \"msg_type\" : \"text\", \"sign\":1, \"n\": 1.00e2, \"\\u00e9\": [ \"\\ud800\" ] } ";
    let request = Request::signed(Signing::Feishu, &["this is secret"], "x", at, body).unwrap();
    assert_eq!(
        String::from_utf8(request.body.clone()).unwrap(),
        "{\"timestamp\":\"1599360473\",\"sign\":\"/eYKrXQBzTjUZJ3s6NX16VxGbTwmK7AEs8/FnvC1CSw=\",\
         \"msg_type\":\"text\",\"n\":1.00e2,\"\u{e9}\":[ \"\\ud800\" ]}"
    );
    assert_eq!(request.found(&["this is secret"], at), [(Signing::Feishu, Verdict::Good)]);
    assert_eq!(request.verdict(&["this is not"], at), Verdict::BadSignature);
    let empty = Request::signed(Signing::Feishu, &["s"], "x", at, b"{}").unwrap();
    assert!(serde_json::from_slice::<serde_json::Value>(&empty.body).is_ok());
    for body in [b"[]".as_slice(), b"", b"text", b"{", b"{} {}", b"{\"a\":\xff}"] {
        let refused = Request::signed(Signing::Feishu, &["s"], "x", at, body);
        assert_eq!(refused.err(), Some(SignError::BodyNoObject), "{body:?}");
    }
}

#[test]
fn bytes_are_signed_as_they_are_valid_text_or_not() {
    let body = b"\xff\xfe not text \x00";
    let request = Request::signed(Signing::Both, &[OPENCLAW_SECRET], "dlv_1", OPENCLAW_AT, body).unwrap();
    assert_eq!(request.body, body);
    assert!(request.found(&[OPENCLAW_SECRET], OPENCLAW_AT).iter().all(|(_, verdict)| *verdict == Verdict::Good));
}

#[test]
fn one_bit_of_body_time_id_or_signature_is_enough_to_be_refused() {
    let with = [OPENCLAW_SECRET];
    let good = Request::signed(Signing::Both, &with, "dlv_1", OPENCLAW_AT, b"{\"a\":1}").unwrap();
    for at in 0..good.body.len() * 8 {
        let mut bad = good.clone();
        bad.body[at / 8] ^= 1 << (at % 8);
        assert!(bad.found(&with, OPENCLAW_AT).iter().all(|(_, verdict)| *verdict == Verdict::BadSignature), "{at}");
    }
    let check =
        |bad: Request, scheme| assert!(bad.found(&with, OPENCLAW_AT).contains(&(scheme, Verdict::BadSignature)));
    check(good.clone().with("x-openclaw-timestamp", "1710400201"), Signing::OpenClaw);
    check(good.clone().with("webhook-timestamp", "1710400201"), Signing::Standard);
    check(good.clone().with("webhook-id", "dlv_2"), Signing::Standard);
    let signature = good.header("x-openclaw-signature").to_owned();
    for place in 7..signature.len() {
        let mut bad = signature.clone().into_bytes();
        bad[place] = if bad[place] == b'0' { b'1' } else { b'0' };
        check(good.clone().with("x-openclaw-signature", std::str::from_utf8(&bad).unwrap()), Signing::OpenClaw);
    }
}

#[test]
fn a_good_signature_has_its_time() {
    let request = Request::signed(Signing::OpenClaw, &["s"], "x", OPENCLAW_AT, b"{}").unwrap();
    let check = |seconds: i64, expected| {
        assert_eq!(request.verdict(&["s"], Millis(OPENCLAW_AT.0 + seconds * 1000)), expected, "{seconds}");
    };
    check(300, Verdict::Good);
    check(-300, Verdict::Good);
    check(301, Verdict::TooOld(Duration::from_secs(301)));
    check(-301, Verdict::TooNew(Duration::from_secs(301)));
    let later = Millis(OPENCLAW_AT.0 + 301_000);
    assert_eq!(request.verdict(&["wrong"], later), Verdict::BadSignature);
}

#[test]
fn what_is_missing_or_malformed_is_named() {
    let good = Request::signed(Signing::OpenClaw, &["s"], "x", OPENCLAW_AT, b"{}").unwrap();
    let check = |bad: Request, expected| assert_eq!(bad.verdict(&["s"], OPENCLAW_AT), expected);
    check(good.clone().without("x-openclaw-timestamp"), Verdict::Missing("x-openclaw-timestamp"));
    check(good.clone().without("x-openclaw-signature"), Verdict::Missing("x-openclaw-signature"));
    for signature in ["sha256=", "sha1=00", "sha256=zz", "", "72efd2c3"] {
        let bad = good.clone().with("x-openclaw-signature", signature);
        check(bad, Verdict::Malformed("x-openclaw-signature is not `sha256=` and 64 hex digits"));
    }
    for timestamp in ["", "-1", "+1710400200", "1710400200.0", "soon", "99999999999999999999", "9223372036854775807"] {
        let bad = good.clone().with("x-openclaw-timestamp", timestamp);
        check(bad, Verdict::Malformed("the timestamp is not a number of the usual size"));
    }
    let mut twice = good.clone();
    twice.headers.append("x-openclaw-signature", "sha256=00".parse().unwrap());
    check(twice, Verdict::Malformed("a header of the signature is there twice"));
    let good = Request::signed(Signing::Standard, &["c2VjcmV0"], "x", OPENCLAW_AT, b"{}").unwrap();
    let bad = good.clone().with("webhook-signature", "v2,abcd");
    assert!(matches!(bad.verdict(&["c2VjcmV0"], OPENCLAW_AT), Verdict::Malformed(_)));
    assert_eq!(good.verdict(&["not base64!"], OPENCLAW_AT), Verdict::NoKey);
    assert_eq!(good.verdict(&[], OPENCLAW_AT), Verdict::NoKey);
    assert_eq!(good.verdict(&["", "whsec_"], OPENCLAW_AT), Verdict::NoKey);
    assert!(Request::new(b"{\"timestamp\":\"2026-03-14T10:30:00Z\"}").found(&["s"], OPENCLAW_AT).is_empty());
}

#[test]
fn secrets_that_cannot_sign_are_refused_before_anything_is_sent() {
    use Signing::{Both, DingTalk, Feishu, OpenClaw, Standard};
    for scheme in [OpenClaw, Standard, Both, DingTalk, Feishu] {
        assert_eq!(refusal(scheme, &[]), SignError::NoSecret);
        for empty in ["", "  ", "whsec_", "whsk_"] {
            assert_eq!(refusal(scheme, &[empty]), SignError::EmptySecret);
            assert_eq!(refusal(scheme, &[STANDARD_SECRET, empty]), SignError::EmptySecret);
        }
    }
    for scheme in [OpenClaw, Both, DingTalk, Feishu] {
        assert_eq!(refusal(scheme, &[PRIVATE]), SignError::NoSharedSecret);
    }
    for scheme in [Standard, Both] {
        assert_eq!(refusal(scheme, &["my password"]), SignError::NotBase64);
        assert_eq!(refusal(scheme, &["c2VjcmV0", "whsk_AAAA"]), SignError::BadPrivateKey);
        assert_eq!(refusal(scheme, &["c2VjcmV0", PUBLIC]), SignError::PublicKey);
    }
    // The two halves do not belong together.
    let mixed = PRIVATE.replace("KpMKkioLlX0dRqSKJp4AJ", "AAAAAAAAAAAAAAAAAAAAA");
    assert_eq!(refusal(Standard, &[&mixed]), SignError::BadPrivateKey);
    assert_eq!(check(Signing::None, &[]), Ok(()));
    for id in ["", "a.b", "a\nb"] {
        let refused = Request::signed(Standard, &[STANDARD_SECRET], id, OPENCLAW_AT, b"{}");
        assert_eq!(refused.err(), Some(SignError::BadId), "{id:?}");
    }
}
