//! Who may knock: senders that sign, at a plugin route from the socket to the store. What each scheme signs, and the published vectors, are
//! tested beside the schemes; here is what the door makes of it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gateway_tests::{Answer, Client, Gateway, Post};
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const PATH: &str = "/plugins/webhooks/a";
const CREATE: &str = r#"{"action":"create_flow","goal":"signed"}"#;

fn signed_by(auth: &str) -> gateway_tests::GatewayBuilder {
    Gateway::builder().raw_route(&format!("a: {{ sessionKey: 'agent:a:main', auth: {auth} }},"))
}

fn hmac_hex(secret: &str, parts: &[&str]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    parts.iter().for_each(|part| mac.update(part.as_bytes()));
    hex(&mac.finalize().into_bytes())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn flows(gateway: &Gateway) -> usize {
    gateway.store().all_flows(None).unwrap().len()
}

const GITHUB: &str = "{ scheme: 'github', secret: 'it-is-a-secret-to-everybody' }";

fn github(client: &Client, delivery: &str, body: &str) -> Post {
    let signature = format!("sha256={}", hmac_hex("it-is-a-secret-to-everybody", &[body]));
    client.post(PATH, body).header("x-hub-signature-256", &signature).header("x-github-delivery", delivery)
}

fn slack(client: &Client, secret: &str, seconds: i64, body: &str) -> Post {
    let time = seconds.to_string();
    let signature = format!("v0={}", hmac_hex(secret, &["v0:", &time, ":", body]));
    client.post(PATH, body).header("x-slack-signature", &signature).header("x-slack-request-timestamp", &time)
}

#[track_caller]
fn is_unauthorized(answer: &Answer) {
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (401, "unauthorized"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_request_runs_and_one_with_a_changed_byte_does_not() {
    let gateway = signed_by(GITHUB).start().await;
    assert_eq!(github(&gateway.client, "d1", CREATE).send().await.status, 200);
    let changed = CREATE.replace("signed", "forged");
    let signature = format!("sha256={}", hmac_hex("it-is-a-secret-to-everybody", &[CREATE]));
    let forged = gateway.client.post(PATH, changed).header("x-hub-signature-256", &signature);
    is_unauthorized(&forged.header("x-github-delivery", "d2").send().await);
    is_unauthorized(&gateway.client.post(PATH, CREATE).secret("it-is-a-secret-to-everybody").send().await);
    assert_eq!(flows(&gateway), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redelivery_is_answered_like_the_first_and_changes_nothing() {
    let gateway = signed_by(GITHUB).start().await;
    let first = github(&gateway.client, "d1", CREATE).send().await;
    let again = github(&gateway.client, "d1", CREATE).send().await;
    assert_eq!((again.status, &again.text), (first.status, &first.text));
    assert_eq!(again.headers["idempotency-replayed"], "true");
    // The name of a delivery is not signed: whoever shows the same bytes under another one is no sender.
    is_unauthorized(&github(&gateway.client, "d2", CREATE).send().await);
    assert_eq!(flows(&gateway), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_signed_with_a_time_is_good_once_and_not_for_long() {
    let gateway = signed_by("{ scheme: 'slack', secret: '8f742231b10e8888abcd99yyyzzz85a5' }").start().await;
    let (client, secret) = (&gateway.client, "8f742231b10e8888abcd99yyyzzz85a5");
    let now = gateway.clock.now().0 / 1000;
    assert_eq!(slack(client, secret, now, CREATE).send().await.status, 200);
    is_unauthorized(&slack(client, secret, now, CREATE).send().await);
    is_unauthorized(&slack(client, secret, now - 301, CREATE).send().await);
    is_unauthorized(&slack(client, secret, now + 301, CREATE).send().await);
    // Slack delivers again with a new time and the same event.
    let event = json!({"action": "create_flow", "goal": "an event"}).to_string();
    assert_eq!(slack(client, secret, now - 1, &event).send().await.status, 200);
    assert_eq!(flows(&gateway), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_once_with_one_signature_one_gets_in() {
    let gateway = signed_by("{ scheme: 'slack', secret: '8f742231b10e8888abcd99yyyzzz85a5' }").start().await;
    let now = gateway.clock.now().0 / 1000;
    let knocking: Vec<_> = (0..7)
        .map(|_| {
            let post = slack(&gateway.client, "8f742231b10e8888abcd99yyyzzz85a5", now, CREATE);
            tokio::spawn(async move { post.send().await.status.as_u16() })
        })
        .collect();
    let mut statuses = Vec::new();
    for knock in knocking {
        statuses.push(knock.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401, 401, 401, 401, 401, 401]);
    assert_eq!(flows(&gateway), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_host_answers_slacks_question_and_no_component_sees_it() {
    let gateway = signed_by("{ scheme: 'slack', secret: '8f742231b10e8888abcd99yyyzzz85a5' }").start().await;
    let question = r#"{"type":"url_verification","token":"t","challenge":"3eZbrw1aB10FEMAGAZd4FyFQ"}"#;
    let now = gateway.clock.now().0 / 1000;
    let answer = slack(&gateway.client, "8f742231b10e8888abcd99yyyzzz85a5", now, question).send().await;
    assert_eq!((answer.status.as_u16(), answer.json()["challenge"].as_str()), (200, Some("3eZbrw1aB10FEMAGAZd4FyFQ")));
    is_unauthorized(&slack(&gateway.client, "another-secret-of-thirty-two-char", now, question).send().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn feishu_asks_unsigned_and_is_answered_if_it_shows_the_token() {
    let auth = "{ scheme: 'feishu', secret: 'an-encrypt-key-of-the-app-32-chr', verificationToken: 'the-verification-token-of-feishu' }";
    let gateway = signed_by(auth).start().await;
    let ask = |token: &str| json!({"type": "url_verification", "challenge": "c-1", "token": token}).to_string();
    let answer = gateway.client.post(PATH, ask("the-verification-token-of-feishu")).send().await;
    assert_eq!(answer.json(), json!({"challenge": "c-1"}));
    is_unauthorized(&gateway.client.post(PATH, ask("another")).send().await);

    let now = (gateway.clock.now().0 / 1000).to_string();
    let body = CREATE;
    let digest =
        Sha256::new().chain_update(&now).chain_update("nonce-1").chain_update("an-encrypt-key-of-the-app-32-chr");
    let signature = hex(&digest.chain_update(body).finalize());
    let post = gateway.client.post(PATH, body).header("x-lark-signature", &signature);
    let post = post.header("x-lark-request-timestamp", &now).header("x-lark-request-nonce", "nonce-1");
    assert_eq!(post.send().await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn both_secrets_of_a_rotation_let_in_and_a_third_does_not() {
    let auth = "{ scheme: 'slack', secrets: ['the-old-secret-of-the-sender-001', 'the-new-secret-of-the-sender-002'] }";
    let gateway = signed_by(auth).start().await;
    let now = gateway.clock.now().0 / 1000;
    for (secret, status) in [
        ("the-old-secret-of-the-sender-001", 200),
        ("the-new-secret-of-the-sender-002", 200),
        ("the-wrong-secret-of-a-sender-003", 401),
    ] {
        let body = json!({"action": "create_flow", "goal": secret}).to_string();
        assert_eq!(slack(&gateway.client, secret, now, &body).send().await.status, status, "{secret}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_nobody_has_a_preset_for_is_described_as_data() {
    let auth = "{ scheme: 'hmac', secret: 'a-secret-of-thirty-two-characters', header: 'X-Acme-Signature', algorithm: 'sha256', \
                encoding: 'base64', signed: '{timestamp}.{body}', timestampHeader: 'X-Acme-Time', idHeader: 'X-Acme-Id' }";
    let gateway = signed_by(auth).start().await;
    let time = (gateway.clock.now().0 / 1000).to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(b"a-secret-of-thirty-two-characters").unwrap();
    mac.update(format!("{time}.{CREATE}").as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    let post = || {
        let post = gateway.client.post(PATH, CREATE).header("x-acme-signature", &signature);
        post.header("x-acme-time", &time).header("x-acme-id", "1")
    };
    assert_eq!(post().send().await.status, 200);
    is_unauthorized(&post().send().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_equal_alert_is_a_repeat_for_minutes_and_news_after_that() {
    let gateway = signed_by("{ scheme: 'grafana', secret: 'a-secret-of-thirty-two-characters' }").start().await;
    let signature = hmac_hex("a-secret-of-thirty-two-characters", &[CREATE]);
    let alert = async || {
        let post = gateway.client.post(PATH, CREATE).header("x-grafana-alerting-signature", &signature);
        let answer = post.send().await;
        (answer.status.as_u16(), answer.headers.contains_key("idempotency-replayed"))
    };
    assert_eq!((alert().await, alert().await), ((200, false), (200, true)));
    gateway.clock.advance(301_000);
    assert_eq!((alert().await, alert().await), ((200, false), (200, true)));
    assert_eq!(flows(&gateway), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signing_sender_may_post_a_form_and_its_bytes_are_what_is_signed() {
    let gateway = signed_by(GITHUB).start().await;
    let form = format!("payload={}", CREATE.replace('"', "%22").replace('{', "%7B").replace('}', "%7D"));
    let post = github(&gateway.client, "d1", &form).content_type("application/x-www-form-urlencoded");
    assert_eq!(post.send().await.status, 200);
    let post = github(&gateway.client, "d2", "<x/>").content_type("application/xml");
    assert_eq!(post.send().await.status, 415);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_takes_the_bodies_that_it_says() {
    let gateway = Gateway::builder().guest("echoes", "bodies: ['form', 'text', 'raw']").start().await;
    let echo = async |content_type: &str, body: &str| -> Value {
        let answer = gateway.client.route("echoes", body).content_type(content_type).send().await;
        answer.result()["body"].clone()
    };
    let form = "application/x-www-form-urlencoded";
    assert_eq!(echo(form, "a=1&b=x+y&a=2&c=%7B").await, json!({"a": ["1", "2"], "b": "x y", "c": "{"}));
    assert_eq!(echo(form, "payload=%7B%22a%22%3A1%7D").await, json!({"a": 1}));
    assert_eq!(echo("text/plain; charset=utf-8", "plain \"text\"").await, json!("plain \"text\""));
    assert_eq!(echo("application/json", r#"{"a":1}"#).await, json!({"a": 1}));
    assert_eq!(
        echo("application/octet-stream", "\u{1}").await,
        json!({"contentType": "application/octet-stream", "base64": "AQ=="})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_not_on_the_list_gets_a_403_before_anything_is_looked_at() {
    let proxied = "gateway: { listen: '127.0.0.1:0', trustedProxies: ['127.0.0.1'], allowedIps: ['203.0.113.0/24', '2001:db8::/32'] },";
    let gateway =
        Gateway::builder().top(proxied).route("a", "agent:a:main", "allowedIps: ['203.0.113.7', '2001:db8:1::/48']");
    let gateway = gateway.route("b", "agent:b:main", "").start().await;
    let from = async |route: &str, address: &str| {
        let list = r#"{"action":"list_flows"}"#;
        gateway.client.route(route, list).header("x-forwarded-for", address).send().await.status.as_u16()
    };
    for (address, a, b) in [
        ("203.0.113.7", 200, 200),
        ("203.0.113.8", 403, 200),
        ("198.51.100.1", 403, 403),
        ("2001:db8:1::9", 200, 200),
        ("2001:db8:2::9", 403, 200),
        ("::ffff:203.0.113.7", 200, 200),
        ("2001:db9::1", 403, 403),
    ] {
        assert_eq!((from("a", address).await, from("b", address).await), (a, b), "{address}");
    }
    let nobody = gateway.client.post("/plugins/webhooks/nowhere", "x").header("x-forwarded-for", "198.51.100.1");
    assert_eq!(nobody.send().await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_door_without_a_lock_is_open_only_where_it_is_written_out() {
    let gateway = signed_by("'none'").start().await;
    assert_eq!(gateway.client.post(PATH, CREATE).send().await.status, 200);
    let refused = Gateway::builder().raw_route("a: { sessionKey: 's' },").try_start().await;
    assert!(refused.err().unwrap().to_string().contains("secret"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_may_sign_the_events_that_it_hands_in() {
    let ingest = "ingest: { auth: { scheme: 'standard-webhooks', secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' } },";
    let gateway = Gateway::builder().webhooks(ingest).start().await;
    let (body, time) = (r#"{"type":"message.sent","data":{}}"#, (gateway.clock.now().0 / 1000).to_string());
    let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let hand_in = |id: &str, body: &str| {
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        mac.update(format!("{id}.{time}.{body}").as_bytes());
        let signature = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        let post = gateway.client.post("/events", body).header("webhook-id", id);
        post.header("webhook-timestamp", &time).header("webhook-signature", &signature)
    };
    assert_eq!(hand_in("msg_1", body).send().await.status, 202);
    is_unauthorized(&hand_in("msg_1", body).send().await);
    is_unauthorized(
        &gateway.client.post("/events", body).secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").send().await,
    );
}
