//! The same bytes twice, at a route for each sender that there is a preset for: refused, or answered as the first.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gateway_tests::{Answer, Gateway, guest};
use hmac::{Hmac, Mac};
use serde_json::json;
use sha1::Sha1;
use sha2::{Digest, Sha256};

const SECRET: &str = "a-secret-of-thirty-two-characters";
/// `seed-of-thirty-two-characters-ok` in base64.
const WHSEC: &str = "whsec_c2VlZC1vZi10aGlydHktdHdvLWNoYXJhY3RlcnMtb2s=";
/// Where Twilio believes to post to.
const ORIGIN: &str = "https://hooks.example.com";

/// What the second one gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Second {
    /// The signature covers a time: it is good once.
    Refused,
    /// The sender names its deliveries, or has equal bytes taken for one: the answer of the first, and nothing is changed.
    Repeat,
}

/// A request of a sender.
struct Delivery {
    headers: Vec<(&'static str, String)>,
    body: String,
    content_type: &'static str,
}

impl Delivery {
    fn json(body: &str, headers: &[(&'static str, &str)]) -> Self {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Self { headers, body: body.to_owned(), content_type: "application/json" }
    }
}

fn sha256(secret: &[u8], parts: &[&str]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
    parts.iter().for_each(|part| mac.update(part.as_bytes()));
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn standard(now_s: &str, names: [&'static str; 3]) -> Delivery {
    let body = r#"{"type":"x"}"#;
    let key = STANDARD.decode(WHSEC.trim_start_matches("whsec_")).unwrap();
    let signature = format!("v1,{}", STANDARD.encode(sha256(&key, &["msg_1", ".", now_s, ".", body])));
    Delivery::json(body, &[(names[0], "msg_1"), (names[1], now_s), (names[2], &signature)])
}

const SVIX: [&str; 3] = ["svix-id", "svix-timestamp", "svix-signature"];
const WEBHOOK: [&str; 3] = ["webhook-id", "webhook-timestamp", "webhook-signature"];

/// Every sender: its word in the config, what stands beside it there, what becomes of a repeat, and a request as it makes one at a time, in ms.
type Sender = (&'static str, &'static str, Second, fn(i64) -> Delivery);

const PLAIN: &str = "secret: 'a-secret-of-thirty-two-characters'";
const STANDARD_KEY: &str = "secret: 'whsec_c2VlZC1vZi10aGlydHktdHdvLWNoYXJhY3RlcnMtb2s='";

fn senders() -> Vec<Sender> {
    vec![
        ("github", PLAIN, Second::Repeat, |_| {
            let signature = format!("sha256={}", hex(sha256(SECRET.as_bytes(), &["{}"])));
            Delivery::json("{}", &[("x-hub-signature-256", &signature), ("x-github-delivery", "guid-1")])
        }),
        ("gitlab", PLAIN, Second::Repeat, |_| {
            Delivery::json("{}", &[("x-gitlab-token", SECRET), ("x-gitlab-event-uuid", "uuid-1")])
        }),
        ("gitlab-signing", STANDARD_KEY, Second::Refused, |now| standard(&(now / 1000).to_string(), WEBHOOK)),
        ("standard-webhooks", STANDARD_KEY, Second::Refused, |now| standard(&(now / 1000).to_string(), WEBHOOK)),
        ("svix", STANDARD_KEY, Second::Refused, |now| standard(&(now / 1000).to_string(), SVIX)),
        ("stripe", PLAIN, Second::Refused, |now| {
            let (body, time) = (r#"{"id":"evt_1"}"#, (now / 1000).to_string());
            let signature = hex(sha256(SECRET.as_bytes(), &[&time, ".", body]));
            Delivery::json(body, &[("stripe-signature", &format!("t={time},v1={signature}"))])
        }),
        ("slack", PLAIN, Second::Refused, |now| {
            let (body, time) = (r#"{"event_id":"Ev1"}"#, (now / 1000).to_string());
            let signature = format!("v0={}", hex(sha256(SECRET.as_bytes(), &["v0:", &time, ":", body])));
            Delivery::json(body, &[("x-slack-signature", &signature), ("x-slack-request-timestamp", &time)])
        }),
        ("shopify", PLAIN, Second::Repeat, |_| {
            let signature = STANDARD.encode(sha256(SECRET.as_bytes(), &["{}"]));
            Delivery::json("{}", &[("x-shopify-hmac-sha256", &signature), ("x-shopify-webhook-id", "w-1")])
        }),
        (
            "twilio",
            "secret: 'a-secret-of-thirty-two-characters', url: 'https://hooks.example.com'",
            Second::Repeat,
            |_| {
                let mut mac = Hmac::<Sha1>::new_from_slice(SECRET.as_bytes()).unwrap();
                mac.update(format!("{ORIGIN}/plugins/webhooks/twilioBodyHiFromx").as_bytes());
                let signature = STANDARD.encode(mac.finalize().into_bytes());
                let headers = [("x-twilio-signature", &*signature), ("i-twilio-idempotency-token", "t-1")];
                let delivery = Delivery::json("From=x&Body=Hi", &headers);
                Delivery { content_type: "application/x-www-form-urlencoded", ..delivery }
            },
        ),
        ("pagerduty", PLAIN, Second::Repeat, |_| {
            let body = r#"{"event":{"id":"01"}}"#;
            let signature = format!("v1={}", hex(sha256(SECRET.as_bytes(), &[body])));
            Delivery::json(body, &[("x-pagerduty-signature", &signature)])
        }),
        ("sentry", PLAIN, Second::Repeat, |_| {
            let signature = hex(sha256(SECRET.as_bytes(), &["{}"]));
            Delivery::json("{}", &[("sentry-hook-signature", &signature), ("request-id", "r-1")])
        }),
        ("linear", PLAIN, Second::Refused, |now| {
            let body = json!({ "webhookTimestamp": now }).to_string();
            let signature = hex(sha256(SECRET.as_bytes(), &[&body]));
            Delivery::json(&body, &[("linear-signature", &signature), ("linear-delivery", "l-1")])
        }),
        ("grafana", PLAIN, Second::Repeat, |_| {
            Delivery::json("{}", &[("x-grafana-alerting-signature", &hex(sha256(SECRET.as_bytes(), &["{}"])))])
        }),
        ("dingtalk", PLAIN, Second::Refused, |now| {
            let time = now.to_string();
            let sign = STANDARD.encode(sha256(SECRET.as_bytes(), &[&time, "\n", SECRET]));
            Delivery::json(r#"{"msgId":"msg-1"}"#, &[("timestamp", &time), ("sign", &sign)])
        }),
        (
            "feishu",
            "secret: 'a-secret-of-thirty-two-characters', verificationToken: 'the-verification-token-of-feishu'",
            Second::Refused,
            |now| {
                let (body, time) = (r#"{"header":{"event_id":"e-1"}}"#, (now / 1000).to_string());
                let digest = Sha256::new().chain_update(&time).chain_update("nonce-1").chain_update(SECRET);
                let signature = hex(digest.chain_update(body).finalize());
                let headers = [("x-lark-signature", &*signature), ("x-lark-request-timestamp", &time)];
                let mut delivery = Delivery::json(body, &headers);
                delivery.headers.push(("x-lark-request-nonce", "nonce-1".to_owned()));
                delivery
            },
        ),
    ]
}

/// The words of the page's table of senders.
fn documented() -> BTreeSet<&'static str> {
    let page = include_str!("../../docs/auth.md");
    let (_, table) = page.split_once("| `scheme` |").unwrap();
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| row.split('`').nth(1).unwrap()).collect()
}

async fn gateway(senders: &[Sender]) -> Gateway {
    let builder = Gateway::builder().file("keeps.wasm", &guest("keeps_what_comes"));
    let route = |(name, keys, ..): &Sender| {
        let auth = format!("{{ scheme: '{name}', {keys} }}");
        let runs = "plugin: 'keeps.wasm', grants: ['flow/create']";
        format!("'{name}': {{ sessionKey: 'agent:{name}:main', auth: {auth}, {runs} }},\n")
    };
    senders.iter().fold(builder, |builder, sender| builder.raw_route(&route(sender))).start().await
}

async fn send(gateway: &Gateway, name: &str, delivery: &Delivery) -> Answer {
    let post = gateway.client.post(&format!("/plugins/webhooks/{name}"), delivery.body.clone());
    // The component keeps what it reads there.
    let post = post.content_type(delivery.content_type).header("x-github-event", "push");
    delivery.headers.iter().fold(post, |post, (name, value)| post.header(name, value)).send().await
}

fn flows(gateway: &Gateway, name: &str) -> usize {
    let owner = format!("agent:{name}:main");
    gateway.store().all_flows(None).unwrap().iter().filter(|flow| flow.owner.as_str() == owner).count()
}

async fn check(gateway: &Gateway, name: &str, second: Second, delivery: &Delivery) {
    let before = flows(gateway, name);
    let first = send(gateway, name, delivery).await;
    assert_eq!(first.status, 201, "{name}: {}", first.text);
    assert!(!first.headers.contains_key("idempotency-replayed"), "{name}");
    let again = send(gateway, name, delivery).await;
    let is_repeat = again.headers.contains_key("idempotency-replayed");
    match second {
        Second::Refused => assert_eq!((again.status.as_u16(), &*again.text), (401, "unauthorized"), "{name}"),
        Second::Repeat => assert_eq!((again.status, &again.text), (first.status, &first.text), "{name}"),
    }
    assert_eq!(is_repeat, second == Second::Repeat, "{name}: {}", again.text);
    assert_eq!(flows(gateway, name) - before, 1, "{name}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_preset_refuses_a_replay_or_answers_it_as_the_first() {
    let senders = senders();
    let named: BTreeSet<&str> = senders.iter().map(|(name, ..)| *name).collect();
    assert_eq!(named, documented(), "the page and this table have the same senders");
    assert_eq!(named.len(), 15);
    let gateway = gateway(&senders).await;
    let now = gateway.clock.now().0;
    for (name, _, second, delivery) in &senders {
        let delivery = delivery(now);
        check(&gateway, name, *second, &delivery).await;
        // Not under another name either, where the name is not signed.
        let names = ["x-github-delivery", "x-shopify-webhook-id", "i-twilio-idempotency-token", "request-id"];
        if let Some((header, _)) = delivery.headers.iter().find(|(header, _)| names.contains(header)) {
            let others = delivery.headers.iter().filter(|(name, _)| name != header).cloned();
            let headers = others.chain([(*header, "another".to_owned())]).collect();
            let renamed = Delivery { headers, ..delivery };
            assert_eq!(send(&gateway, name, &renamed).await.status, 401, "{name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_plain_token_only_the_name_and_the_bytes_tell_a_repeat_from_news() {
    let senders: Vec<Sender> = senders().into_iter().filter(|(name, ..)| *name == "gitlab").collect();
    let gateway = gateway(&senders).await;
    let named = |uuid: &str| Delivery::json("{}", &[("x-gitlab-token", SECRET), ("x-gitlab-event-uuid", uuid)]);
    check(&gateway, "gitlab", Second::Repeat, &named("uuid-1")).await;
    // Whoever has seen one request has the token, and makes news of it.
    check(&gateway, "gitlab", Second::Repeat, &named("uuid-2")).await;
    check(&gateway, "gitlab", Second::Repeat, &Delivery::json("{}", &[("x-gitlab-token", SECRET)])).await;
}
