//! Deliveries whose bodies are made by components: what arrives, how it is signed, and what is on record of it.

use std::process::Command;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use gateway_tests::{Gateway, Process, Received, Receiver, guest, plugin};
use hmac::{Hmac, Mac};
use sandclaw::model::{AttemptOutcome, DeliveryState, Digest};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::PROGRAM;

/// The event whose messages the pages of the first-party transforms show.
fn event() -> Value {
    json!({
        "id": "evt_abc123def456", "type": "error.occurred", "timestamp": "2026-03-14T10:30:00Z",
        "data": { "agentId": "my-agent", "error": { "message": "tool timed out" } }
    })
}

/// A gateway whose endpoint `e` is this receiver, with a component of `plugins/` and these members more.
async fn with_plugin(name: &str, config: &str, url_path: &str, more: &str, receiver: &Receiver) -> Gateway {
    let members = format!(
        "{}, events: ['*'], transform: {{ plugin: '{name}.wasm', config: {config} }}, {more}",
        receiver.members(url_path)
    );
    Gateway::builder()
        .file(&format!("{name}.wasm"), &plugin(name))
        .webhooks("instanceId: 'node-1',")
        .ingest()
        .endpoint("e", &members)
        .start()
        .await
}

async fn hand_in(gateway: &Gateway, event: &Value) {
    let answer = gateway.client.post("/events", event.to_string()).secret("ingest-secret").send().await;
    assert_eq!(answer.status, 202, "{}", answer.text);
}

fn digest(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}

fn mac(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}

#[tokio::test]
async fn slack_gets_a_message_of_blocks_and_both_digests_are_on_record() {
    let receiver = Receiver::start().await;
    let config = "{ prefix: '<!here>' }";
    let mut gateway = with_plugin("slack", config, "/services/T00/B00/xxxxx", "signing: 'none'", &receiver).await;
    hand_in(&gateway, &event()).await;
    let received = receiver.wait_for(1).await;
    let section = |text: &str| json!({"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": true}});
    let facts = "*Agent:* my-agent\n*Instance:* node-1\n*Time:* 2026-03-14T10:30:00Z\n*Event:* evt_abc123def456";
    assert_eq!(
        received[0].json(),
        json!({
            "text": "<!here> 🚨 An error occurred: tool timed out",
            "blocks": [
                section("<!here> 🚨 An error occurred"),
                section("tool timed out"),
                { "type": "context", "elements": [{ "type": "mrkdwn", "text": facts, "verbatim": true }] }
            ]
        })
    );
    assert_eq!(received[0].header("content-type"), "application/json");
    let (row, attempts) = gateway.delivery_once("e", &[DeliveryState::Delivered]).await;
    let component = Some(digest(&plugin("slack")));
    assert_eq!((row.transform, attempts[0].transform), (component, component));
    assert_eq!(attempts[0].body_digest, Some(digest(&received[0].body)));
    assert_eq!(attempts[0].body_bytes, received[0].body.len() as u64);
    assert!(attempts[0].timing.transform_us.is_some());
    gateway.stop().await;
}

#[tokio::test]
async fn a_feishu_bot_finds_timestamp_and_sign_in_the_body() {
    let receiver = Receiver::start().await;
    let more = "secret: 'this is secret', signing: 'feishu'";
    let mut gateway = with_plugin("feishu_bot", "{}", "/open-apis/bot/v2/hook/x", more, &receiver).await;
    hand_in(&gateway, &event()).await;
    let received = receiver.wait_for(1).await;
    let mut body = received[0].json();
    let seconds = (gateway.clock.now().0 / 1000).to_string();
    // The time and the secret are the key, and nothing is signed.
    let sign = BASE64_STANDARD.encode(mac(format!("{seconds}\nthis is secret").as_bytes(), &[]));
    let members = body.as_object_mut().unwrap();
    assert_eq!((members.remove("timestamp"), members.remove("sign")), (Some(json!(seconds)), Some(json!(sign))));
    let line = |text: &str| json!([{ "tag": "text", "text": text }]);
    let content = json!([
        line("tool timed out"),
        line("Agent: my-agent"),
        line("Instance: node-1"),
        line("Time: 2026-03-14T10:30:00Z"),
        line("Event: evt_abc123def456")
    ]);
    let post = json!({ "zh_cn": { "title": "🚨 An error occurred", "content": content } });
    assert_eq!(body, json!({ "msg_type": "post", "content": { "post": post } }));
    let (_, attempts) = gateway.delivery_once("e", &[DeliveryState::Delivered]).await;
    assert_eq!(attempts[0].body_digest, Some(digest(&received[0].body)), "of what was sent, signature and all");
    assert_eq!(
        (received[0].target.as_str(), received[0].header("x-openclaw-signature")),
        ("/open-apis/bot/v2/hook/x", "")
    );
    gateway.stop().await;
}

#[tokio::test]
async fn a_dingtalk_robot_finds_timestamp_and_sign_in_the_query() {
    let receiver = Receiver::start().await;
    let more = "secret: 'this is secret', signing: 'dingtalk'";
    let path = "/robot/send?access_token=xxxxxxxx";
    let mut gateway = with_plugin("dingtalk_bot", "{ atMobiles: ['13800138000'] }", path, more, &receiver).await;
    hand_in(&gateway, &event()).await;
    let received = receiver.wait_for(1).await;
    let millis = gateway.clock.now().0.to_string();
    let sign = BASE64_STANDARD.encode(mac(b"this is secret", &[millis.as_bytes(), b"\nthis is secret"]));
    let sign = sign.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    assert_eq!(received[0].target, format!("{path}&timestamp={millis}&sign={sign}"));
    let text = "### 🚨 An error occurred\n\n> tool timed out\n\n- **Agent**: my-agent\n- **Instance**: node-1\n\
         - **Time**: 2026-03-14T10:30:00Z\n- **Event**: evt_abc123def456\n\n@13800138000";
    assert_eq!(
        received[0].json(),
        json!({
            "msgtype": "markdown", "markdown": { "title": "🚨 An error occurred", "text": text },
            "at": { "atMobiles": ["13800138000"], "atUserIds": [], "isAtAll": false }
        })
    );
    let (_, attempts) = gateway.delivery_once("e", &[DeliveryState::Delivered]).await;
    assert_eq!(attempts[0].body_digest, Some(digest(&received[0].body)));
    gateway.stop().await;
}

#[tokio::test]
async fn the_digest_for_pagers_tells_what_fails_and_skips_the_rest_with_a_reason() {
    let receiver = Receiver::start().await;
    let config = "{ receiver: 'ops', labels: { team: 'ai' } }";
    let mut gateway = with_plugin("alertmanager_digest", config, "/api/alertmanager", "", &receiver).await;
    hand_in(&gateway, &json!({ "type": "message.sent", "data": { "agentId": "my-agent" } })).await;
    let (row, attempts) = gateway.delivery_once("e", &[DeliveryState::Skipped]).await;
    let reason = row.reason.unwrap();
    assert!(reason.contains("message.sent"), "{reason}");
    assert_eq!((attempts.len(), attempts[0].outcome, attempts[0].status), (1, AttemptOutcome::Skipped, None));
    assert_eq!((attempts[0].error.as_deref(), attempts[0].body_digest), (Some(reason.as_str()), None));
    assert_eq!(attempts[0].transform, Some(digest(&plugin("alertmanager_digest"))));

    hand_in(&gateway, &event()).await;
    let received = receiver.wait_for(1).await;
    let alert = received[0].json();
    assert_eq!(
        (&alert["version"], &alert["receiver"], &alert["status"]),
        (&json!("4"), &json!("ops"), &json!("firing"))
    );
    assert_eq!(alert["alerts"][0]["labels"]["alertname"], "SandclawErrorOccurred");
    assert_eq!(alert["alerts"][0]["labels"]["team"], "ai");
    gateway.stop().await;
    assert_eq!(receiver.received().len(), 1, "what is skipped is sent to nobody");
}

#[tokio::test]
async fn the_operators_headers_win_over_a_transforms() {
    let receiver = Receiver::start().await;
    let sets = json!({ "contentType": "text/plain", "headers": [["x-api-key", "theirs"], ["x-of-its-own", "theirs"]] });
    let members = format!(
        "{}, events: ['*'], headers: {{ 'X-API-Key': 'ours', 'Content-Type': 'text/x-ours' }}, \
         transform: {{ plugin: 'sets.wasm', config: {sets} }}",
        receiver.members("/")
    );
    let builder = Gateway::builder().file("sets.wasm", &guest("transform_sets_headers"));
    let mut gateway = builder.ingest().endpoint("e", &members).start().await;
    gateway.emit("tool.called", json!({})).await;
    let request = &receiver.wait_for(1).await[0];
    let all = |name: &str| request.headers.get_all(name).iter().collect::<Vec<_>>();
    for (name, value) in [("x-api-key", "ours"), ("content-type", "text/x-ours"), ("x-of-its-own", "theirs")] {
        assert_eq!(all(name), [value], "{name}");
    }
    gateway.stop().await;
}

#[tokio::test]
pub async fn transform_sends_bytes() {
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let receiver = Receiver::start().await;
    let members = format!(
        "{}, events: ['*'], secret: '{SECRET}', signing: 'both', transform: {{ plugin: 'bytes.wasm' }}",
        receiver.members("/")
    );
    let builder = Gateway::builder().file("bytes.wasm", &guest("transform_sends_bytes"));
    let mut gateway = builder.ingest().endpoint("e", &members).start().await;
    let id = gateway.emit("tool.called", json!({})).await;
    let request = &receiver.wait_for(1).await[0];
    let every: Vec<u8> = (0..=255).collect();
    assert_eq!((&request.body[..], request.header("content-type")), (&every[..], "application/octet-stream"));
    let time = request.header("x-openclaw-timestamp");
    let hex: String =
        mac(SECRET.as_bytes(), &[time.as_bytes(), b".", &every]).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(request.header("x-openclaw-signature"), format!("sha256={hex}"));
    let key = BASE64_STANDARD.decode(SECRET.strip_prefix("whsec_").unwrap()).unwrap();
    let signed = mac(&key, &[id.as_bytes(), b".", request.header("webhook-timestamp").as_bytes(), b".", &every]);
    assert_eq!(request.header("webhook-signature"), format!("v1,{}", BASE64_STANDARD.encode(signed)));
    gateway.stop().await;
}

/// Everything that is secret here reaches the receiver in the headers, where the operator wanted it. None of it went through the transform, and
/// what the program's environment, arguments and files say did not either.
#[tokio::test]
pub async fn transform_tells_all() {
    const SECRETS: [&str; 4] =
        ["whsec_s3cretOfTheEndpoint00", "k3y-of-the-environment", "t0ken-in-the-file", "ingest-secret"];
    let receiver = Receiver::start().await;
    let members = format!(
        "{}, events: ['*'], secret: '{}', headers: {{ 'X-API-Key': '${{CRM_API_KEY}}', Authorization: 'Bearer {}' }}, \
         transform: {{ plugin: 'tells.wasm', config: {{ channel: '#ops' }} }}",
        receiver.members("/hook/p4th-secret"),
        SECRETS[0],
        SECRETS[2]
    );
    let builder = Gateway::builder().file("tells.wasm", &guest("transform_tells_all"));
    let (file, _folder) = builder.ingest().endpoint("e", &members).write();
    let mut command = Command::new(PROGRAM);
    command.arg("serve").arg("--config").arg(&file).env("CRM_API_KEY", SECRETS[1]);
    let gateway = Process::spawn(&mut command, &file);
    gateway_tests::emit(&gateway.client, "tool.called", json!({"n": 1})).await;
    let request = &receiver.wait_for(1).await[0];
    assert_eq!(request.header("x-api-key"), SECRETS[1]);
    assert_eq!(request.header("authorization"), format!("Bearer {}", SECRETS[2]));
    assert!(request.header("x-openclaw-signature").starts_with("sha256="));
    let told = request.json();
    let event: Value = serde_json::from_str(told["event"].as_str().unwrap()).unwrap();
    assert_eq!((&event["data"], &told["config"]), (&json!({"n": 1}), &json!(r##"{"channel":"#ops"}"##)));
    for nothing in ["environment", "arguments", "files"] {
        assert_eq!(told[nothing], json!([]), "{nothing}");
    }
    let body = String::from_utf8_lossy(&request.body);
    for secret in SECRETS.iter().chain(&["p4th-secret", "127.0.0.1"]) {
        assert!(!body.contains(secret), "{secret} is in {body}");
    }
}

/// What was sent can be made again, on another machine and without a gateway, from the event and the component alone.
#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_event_gives_the_very_same_body_on_the_operators_desk() {
    let receiver = Receiver::start().await;
    let components = [
        ("slack", plugin("slack"), r##"{"prefix":"<!here>"}"##),
        ("echo", guest("transform_echo"), r#"{"n":1}"#),
        ("lots", guest("transform_draws_lots"), "null"),
    ];
    let mut builder =
        Gateway::builder().ingest().endpoint("plain", &format!("{}, events: ['*']", receiver.members("/plain")));
    for (name, component, config) in &components {
        let members = format!(
            "{}, events: ['*'], transform: {{ plugin: '{name}.wasm', config: {config} }}",
            receiver.members(&format!("/{name}"))
        );
        builder = builder.file(&format!("{name}.wasm"), component).endpoint(name, &members);
    }
    let mut gateway = builder.start().await;
    hand_in(&gateway, &event()).await;
    let received = receiver.wait_for(4).await;
    let recorded = received.iter().find(|request| request.target == "/plain").unwrap();
    let folder = gateway.path();
    std::fs::write(folder.join("event.json"), &recorded.body).unwrap();
    for (name, component, config) in &components {
        std::fs::write(folder.join("config.json"), config).unwrap();
        let file = folder.join("plugins").join(format!("{name}.wasm"));
        let mut command = Command::new(PROGRAM);
        command.current_dir(folder).args([
            "transform",
            "test",
            "--json",
            "--event",
            "event.json",
            "--config",
            "config.json",
        ]);
        let output = command.arg("--plugin").arg(&file).output().unwrap();
        let said: Value = serde_json::from_slice(&output.stdout).unwrap();
        let (_, attempts) = gateway.delivery_once(name, &[DeliveryState::Delivered]).await;
        let of_attempt = |digest: Option<Digest>| json!(digest.unwrap().to_string());
        assert_eq!(said["bodyDigest"], of_attempt(attempts[0].body_digest), "{name}");
        assert_eq!(said["component"], of_attempt(attempts[0].transform), "{name}");
        assert_eq!(attempts[0].transform, Some(digest(component)));
        let sent = |request: &&Received| request.target == format!("/{name}");
        assert_eq!(attempts[0].body_digest, Some(digest(&received.iter().find(sent).unwrap().body)));
    }
    gateway.stop().await;
}
