//! What senders show that is secret by itself stays at the door: nothing behind it is handed it, and nothing keeps it.

use std::fs;
use std::path::Path;

use gateway_tests::{Answer, Client, Gateway, guest};
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const TOKEN: &str = "the-verification-token-of-feishu";
const KEY: &str = "an-encrypt-key-of-the-app-32-chr";
const SLACK: &str = "8f742231b10e8888abcd99yyyzzz85a5";

/// A plugin route, a workflow, a hook and an inbound template, all of them told the whole body, behind this `auth`.
async fn doors(auth: &str) -> Gateway {
    let flow = "steps:\n  - id: say\n    tool: message\n    args: { channel: 'slack:ops', text: '${webhook.body} ${webhook.headers} ${webhook.query}' }\n";
    let told = "{{payload.token}} {{payload.header}} {{payload.text}} {{query.sign}}";
    let top = format!(
        "hooks: {{ enabled: true, token: 'a-token-that-is-long-enough',
            mappings: [{{ match: {{ path: 'f' }}, auth: {auth}, messageTemplate: '{told}' }}],
            webhooks: {{ endpoints: [{{ flow: 'f', auth: {auth} }}] }} }},
         channels: {{ 'slack:ops': {{ url: 'http://127.0.0.1:9/x', allowPrivate: ['127.0.0.1'] }} }},"
    );
    let route = format!("a: {{ sessionKey: 'agent:a:main', auth: {auth}, plugin: 'echoes.wasm', bodies: ['form'] }},");
    let builder = Gateway::builder().file("echoes.wasm", &guest("echoes")).raw_route(&route).top(&top);
    let folder = builder.write().1.path().to_owned();
    fs::create_dir(folder.join("workflows")).unwrap();
    fs::write(folder.join("workflows/f.yaml"), flow).unwrap();
    builder.start().await
}

const PATHS: [&str; 3] = ["/plugins/webhooks/a", "/taskflow/f?wait=true", "/hooks/f"];

/// How often a text stands in what the gateway keeps: events, runs, flows, results.
fn kept(folder: &Path, text: &str) -> usize {
    let mut count = 0;
    for file in fs::read_dir(folder.join("state")).unwrap().flatten().filter(|file| file.path().is_file()) {
        let bytes = fs::read(file.path()).unwrap();
        count += bytes.windows(text.len()).filter(|window| *window == text.as_bytes()).count();
    }
    count
}

#[track_caller]
fn is_taken(path: &str, answer: &Answer) {
    assert!(answer.status.is_success(), "{path}: {} {}", answer.status, answer.text);
}

async fn feishu(client: &Client, path: &str, seconds: i64, body: &str) -> Answer {
    let (time, nonce) = (seconds.to_string(), format!("nonce of {path}"));
    let digest = Sha256::new().chain_update(&time).chain_update(&nonce).chain_update(KEY).chain_update(body).finalize();
    let signature: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let post = client.post(path, body).header("x-lark-signature", &signature);
    post.header("x-lark-request-timestamp", &time).header("x-lark-request-nonce", &nonce).send().await
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_behind_a_door_is_told_feishus_verification_token() {
    let gateway = doors(&format!("{{ scheme: 'feishu', secret: '{KEY}', verificationToken: '{TOKEN}' }}")).await;
    let seconds = gateway.clock.now().0 / 1_000;
    for path in PATHS {
        for (at, body) in [
            json!({"uuid": format!("1 {path}"), "token": TOKEN, "text": "the marker"}),
            json!({"schema": "2.0", "header": {"event_id": format!("2 {path}"), "token": TOKEN}, "text": "the marker"}),
        ]
        .iter()
        .enumerate()
        {
            let answer = feishu(&gateway.client, path, seconds - at as i64, &body.to_string()).await;
            is_taken(path, &answer);
            assert!(!answer.text.contains(TOKEN), "{path}: {}", answer.text);
        }
    }
    let texts = (kept(gateway.path(), TOKEN), kept(gateway.path(), "the marker") > 0);
    assert_eq!(texts, (0, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_behind_a_door_is_told_slacks_old_token() {
    let gateway = doors(&format!("{{ scheme: 'slack', secret: '{SLACK}' }}")).await;
    let time = (gateway.clock.now().0 / 1_000).to_string();
    let form = format!("payload=%7B%22token%22%3A%22{TOKEN}%22%2C%22text%22%3A%22the+marker%22%7D");
    let fields = format!("token={TOKEN}&text=the+marker");
    let json = json!({"token": TOKEN, "text": "the marker"}).to_string();
    for (body, kind) in [
        (&form, "application/x-www-form-urlencoded"),
        (&fields, "application/x-www-form-urlencoded"),
        (&json, "application/json"),
    ] {
        // A hook takes JSON alone.
        for path in PATHS.iter().filter(|path| !path.starts_with("/hooks") || kind.ends_with("json")) {
            let mut mac = Hmac::<Sha256>::new_from_slice(SLACK.as_bytes()).unwrap();
            mac.update(format!("v0:{time}:{body}").as_bytes());
            let signature: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
            let post = gateway.client.post(path, body.clone()).content_type(kind);
            let post = post.header("x-slack-signature", &format!("v0={signature}"));
            let answer = post.header("x-slack-request-timestamp", &time).send().await;
            is_taken(path, &answer);
            if path.starts_with("/plugins") {
                assert_eq!(answer.result()["body"], json!({"text": "the marker"}));
            }
        }
    }
    assert_eq!((kept(gateway.path(), TOKEN), kept(gateway.path(), "the marker") > 0), (0, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_behind_a_door_is_told_dingtalks_sign() {
    use base64::Engine as _;
    let gateway = doors(&format!("{{ scheme: 'dingtalk', secret: '{KEY}' }}")).await;
    for (at, path) in PATHS.iter().enumerate() {
        let ms = gateway.clock.now().0 - at as i64;
        let mut mac = Hmac::<Sha256>::new_from_slice(KEY.as_bytes()).unwrap();
        mac.update(format!("{ms}\n{KEY}").as_bytes());
        let sign = base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes());
        let with = if path.contains('?') { '&' } else { '?' };
        let query = format!("{path}{with}a=the-marker&sign={TOKEN}");
        let post = gateway.client.post(&query, json!({"msgId": path, "text": "the marker"}).to_string());
        let answer = post.header("timestamp", &ms.to_string()).header("sign", &sign).send().await;
        is_taken(path, &answer);
        if path.starts_with("/plugins") {
            let told: Value = answer.result();
            assert_eq!(told["query"], "a=the-marker");
            assert!(!told["headers"].to_string().contains("sign="), "{told}");
        }
        assert_eq!(kept(gateway.path(), &sign), 0, "{path}");
    }
    assert_eq!((kept(gateway.path(), TOKEN), kept(gateway.path(), "the-marker") > 0), (0, true));
}
