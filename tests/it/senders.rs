//! Senders' own libraries at the gate: what Octokit, Stripe, Svix, Standard Webhooks and Twilio sign is let in, and with one byte of the body
//! changed it is not. `tests/verifiers/sign.js` asks them; beside the vectors of each scheme this shows that the two sides agree on any body.

use std::io::Write as _;
use std::process::Stdio;

use gateway_tests::{Answer, Gateway, guest};
use serde_json::{Value, json};

use crate::verifiers::node;

const PATH: &str = "/plugins/webhooks/a";

/// Where Twilio believes to post to.
const ORIGIN: &str = "https://hooks.example.com";

/// `seed-of-thirty-two-characters-ok` in base64.
const WHSEC: &str = "whsec_c2VlZC1vZi10aGlydHktdHdvLWNoYXJhY3RlcnMtb2s=";

/// JSON of every kind: plain, of other scripts and planes, with white space and escapes that a parser would take away, and large.
fn bodies() -> Vec<String> {
    let large: String = "Ein längerer Satz, 它很长, \u{1f980}. ".chars().cycle().take(200_000).collect();
    vec![
        r#"{"id":"evt_1","n":1}"#.into(),
        r#"{"id":"evt_2","text":"这是AI的回复内容… é e\u0301 \u00e9 😀 \" \\ \/","ключ":["עברית","ا"]}"#.into(),
        " {\r\n\t\"id\" : \"evt_3\",\n \"n\" : 1.50e1 , \"n\" : [ ] }\n".into(),
        "{\"id\":\"evt_4\",\"text\":\"a+b&c=d%20 100% ? #/;\u{2028}\u{7f}\"}".into(),
        json!({"id": "evt_5", "text": large}).to_string(),
    ]
}

/// The parameters of Twilio's forms: out of order, empty, in upper and lower case, with several values, and with what forms escape.
fn forms() -> Vec<String> {
    vec![
        r#"{"To":"+15017122661","From":"+15558675310","Body":"Hi there","NumMedia":"0"}"#.into(),
        r#"{"b":"","B":"x","a b":"1 + 1 = 2 & more%20","Body":"这是 é 😀 \r\n"}"#.into(),
        r#"{"MediaUrl":["https://b.example/2?x=1","https://a.example/1","https://b.example/2?x=1"],"A":"~*'()!-._"}"#
            .into(),
        json!({"Body": "长 \u{1f980} long ".repeat(10_000)}).to_string(),
    ]
}

/// A request as the library of its sender signs it.
struct Signed(Value);

impl Signed {
    fn text(&self, member: &str) -> &str {
        self.0[member].as_str().unwrap()
    }

    async fn post(&self, gateway: &Gateway, body: &str) -> Answer {
        let mut post = gateway.client.post(self.text("path"), body).content_type(self.text("contentType"));
        for (name, value) in self.0["headers"].as_object().unwrap() {
            post = post.header(name, value.as_str().unwrap());
        }
        post.send().await
    }
}

/// The bodies, each signed by the library.
#[track_caller]
fn signed(sender: &str, secret: &str, seconds: i64, bodies: &[String]) -> Vec<Signed> {
    let lines = bodies.iter().enumerate().map(|(n, body)| {
        let request = json!({"sender": sender, "secret": secret, "id": format!("msg_{n}"), "seconds": seconds,
            "origin": ORIGIN, "path": PATH, "body": body});
        format!("{request}\n")
    });
    let mut child =
        node("sign.js").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(lines.collect::<String>().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "sign.js: {}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).unwrap();
    let signed: Vec<_> = printed.lines().map(|line| Signed(serde_json::from_str(line).unwrap())).collect();
    assert_eq!(signed.len(), bodies.len());
    signed
}

/// With the lowest bit of the ASCII character nearest behind this place flipped.
fn flipped(body: &str, place: usize) -> String {
    let mut bytes = body.as_bytes().to_vec();
    let at = (place..bytes.len()).find(|at| bytes[*at].is_ascii()).unwrap();
    bytes[at] ^= 1;
    String::from_utf8(bytes).unwrap()
}

/// Posts what the library signs to a route with this `auth`: first with a bit of the body flipped at the beginning, in the middle and at the end,
/// then as it is; the component is told the same value.
async fn check(sender: &str, scheme: &str, secret: &str, bodies: &[String]) {
    let route = format!(
        "a: {{ sessionKey: 'agent:a:main', auth: {{ {scheme}, secret: '{secret}' }}, plugin: 'echoes.wasm', limits: {{ bodyKiB: 2048 }} }},"
    );
    let gateway = Gateway::builder().file("echoes.wasm", &guest("echoes")).raw_route(&route).start().await;
    let seconds = gateway.clock.now().0 / 1_000;
    for (signed, body) in signed(sender, secret, seconds, bodies).iter().zip(bodies) {
        let (posted, about) = (signed.text("body"), body.chars().take(60).collect::<String>());
        for place in [0, posted.len() / 2, posted.len() - 1] {
            let answer = signed.post(&gateway, &flipped(posted, place)).await;
            assert_eq!(answer.status, 401, "{sender} lets in {about:?} with byte {place} flipped");
        }
        let answer = signed.post(&gateway, posted).await;
        assert_eq!(answer.status, 200, "{sender} refuses {about:?}: {}", answer.text);
        let told: Value = serde_json::from_str(body).unwrap();
        assert_eq!(answer.result()["body"], told, "{sender}: {about:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_octokit_signs_is_let_in_and_no_changed_byte_is() {
    check("github", "scheme: 'github'", "it-is-a-secret-to-everybody", &bodies()).await;
    check("github-form", "scheme: 'github'", "пароль-это-секрет-для-всех-😀", &bodies()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stripe_signs_is_let_in_and_no_changed_byte_is() {
    check("stripe", "scheme: 'stripe'", "whsec_5WbX5kEWLlfzsGNjH64I8lOOqUB6e8FH", &bodies()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_svix_signs_is_let_in_and_no_changed_byte_is() {
    check("svix", "scheme: 'svix'", WHSEC, &bodies()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_standardwebhooks_signs_is_let_in_and_no_changed_byte_is() {
    check("standard-webhooks", "scheme: 'standard-webhooks'", WHSEC, &bodies()).await;
    check("standard-webhooks", "scheme: 'gitlab-signing'", WHSEC, &bodies()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_twilio_signs_is_let_in_and_no_changed_byte_is() {
    let scheme = format!("scheme: 'twilio', url: '{ORIGIN}'");
    check("twilio-form", &scheme, "12345678901234567890123456789012", &forms()).await;
    check("twilio-json", &scheme, "12345678901234567890123456789012", &bodies()).await;
}
