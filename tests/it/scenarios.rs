//! The outbound configs that people copy, each served as it stands in `seeds/003/`, and what each promises looked at by its receiver. Two things
//! are put in: where the receiver of the test is instead of the one that is named, and the door that events come in by.

use std::path::Path;
use std::process::Command;

use gateway_tests::{Client, Gateway, Process, Received, Receiver, eventually};
use sandclaw::model::DeliveryState;
use serde_json::{Value, json};

use crate::PROGRAM;
use crate::seeds::snippet;
use crate::verifiers::{Verifier, verify};

/// The secret of `003/basic.json5`.
const SECRET: &str = "whsec_xxxxxxxxxxxxxxxx";

/// The config with the receiver at the place of `host`, and a door for events.
#[track_caller]
pub fn moved(config: &str, host: &str, receiver: &Receiver) -> String {
    let address = receiver.address();
    let url = format!("allowPrivate: [\"127.0.0.1/32:{}\"], url: \"http://{address}/", address.port());
    let door = "{ gateway: { listen: \"127.0.0.1:0\" },\nwebhooks: { instanceId: \"node-1\", \
         ingest: { path: \"/events\", secret: \"ingest-secret\" },";
    let there = config.replacen(&format!("url: \"https://{host}/"), &url, 1);
    let moved = there.replacen("{\nwebhooks: {", door, 1);
    assert!(there != config && moved != there, "{config}");
    moved
}

async fn serve(config: &str, host: &str, receiver: &Receiver) -> Gateway {
    Gateway::builder().config(&moved(config, host, receiver)).start().await
}

/// Hands an event in as it stands in the document.
pub async fn hand_in(client: &Client, event: &Value) {
    let answer = client.post("/events", event.to_string()).secret("ingest-secret").send().await;
    assert_eq!(answer.status, 202, "{}", answer.text);
}

fn event() -> Value {
    serde_json::from_str(snippet("003/event.json")).unwrap()
}

pub fn of_agent(kind: &str, agent: &str) -> Value {
    json!({ "type": kind, "data": { "agentId": agent, "sessionId": "session-001" } })
}

fn agents(received: &[Received]) -> Vec<Value> {
    let mut agents: Vec<Value> = received.iter().map(|request| request.json()["data"]["agentId"].clone()).collect();
    agents.sort_by_key(Value::to_string);
    agents
}

/// What is there to verify a request with.
const SIGNED: [&str; 5] =
    ["x-openclaw-signature", "x-openclaw-timestamp", "webhook-id", "webhook-timestamp", "webhook-signature"];

/// By the function of `003/verify.js` too, which `openclaw.js` calls.
fn accepts(verifier: Verifier, headers: &[(&str, String)], body: &str) -> bool {
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    verify(verifier, SECRET, &headers, body)
}

/// The verifier accepts the request, and does not with one bit of its body or of one of these headers flipped.
#[track_caller]
fn is_believed(verifier: Verifier, request: &Received, signature: &[&str]) {
    let headers: Vec<_> = SIGNED.iter().map(|name| (*name, request.header(name).to_owned())).collect();
    let body = std::str::from_utf8(&request.body).unwrap();
    assert!(accepts(verifier, &headers, body), "{verifier:?} refuses {headers:?}");
    assert!(!accepts(verifier, &headers, &flipped(body)), "{verifier:?} accepts another body");
    for name in signature {
        let forged =
            |(sent, value): &(&'static str, String)| (*sent, if sent == name { flipped(value) } else { value.clone() });
        let headers: Vec<_> = headers.iter().map(forged).collect();
        assert!(!accepts(verifier, &headers, body), "{verifier:?} accepts {headers:?}");
    }
}

/// The text with one bit flipped, in an ASCII character near its middle.
fn flipped(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let at = (bytes.len() / 2..bytes.len()).find(|at| bytes[*at].is_ascii_alphanumeric()).unwrap();
    bytes[at] ^= 1;
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
pub async fn the_main_webhook_is_signed_for_the_function_that_users_copy_and_tried_three_times() {
    let receiver = Receiver::statuses(&[500, 500, 200, 500]).await;
    let mut gateway = serve(snippet("003/basic.json5"), "your-server.com", &receiver).await;
    hand_in(&gateway.client, &event()).await;
    for tries in 1..3 {
        let is_due_again = |row: &sandclaw::store::DeliveryRow| {
            row.attempts == tries && row.state == DeliveryState::Due && row.last_status == Some(500)
        };
        let rows = gateway.deliveries_once("main-webhook", |rows| rows.iter().any(is_due_again)).await;
        // A second, then two, each within its jitter of a fifth.
        let wait = rows[0].due_at.unwrap().0 - gateway.clock.now().0;
        let step = 1_000 * i64::from(tries);
        assert!((step * 4 / 5..=step * 6 / 5).contains(&wait), "{wait} ms before try {}", tries + 1);
        gateway.clock.advance(wait);
    }
    let received = receiver.wait_for(3).await;
    for request in &received {
        assert_eq!((request.target.as_str(), request.json()), ("/openclaw/events", event()));
        for line in snippet("003/headers.txt").lines() {
            let (name, shown) = line.split_once(": ").unwrap();
            let sent = request.header(&name.to_lowercase());
            let begins = if shown.starts_with("sha256=") { "sha256=" } else { "1" };
            assert!(shown.starts_with(begins) && sent.starts_with(begins), "{name}: {sent}");
        }
        is_believed(Verifier::OpenClaw, request, &["x-openclaw-signature", "x-openclaw-timestamp"]);
        assert_eq!(request.header("webhook-signature"), "", "signed as it is asked for, and no more");
    }
    let seconds = |request: &Received| request.header("x-openclaw-timestamp").parse::<i64>().unwrap();
    assert_eq!(seconds(&received[2]), gateway.clock.now().0 / 1000, "of the try, in seconds");

    hand_in(&gateway.client, &of_agent("error.occurred", "b")).await;
    for tries in 1..4 {
        gateway.deliveries_once("main-webhook", |rows| rows.len() == 2 && rows[1].attempts == tries).await;
        gateway.deliveries_once("main-webhook", |rows| rows[1].state != DeliveryState::Leased).await;
        gateway.clock.advance(5_000);
    }
    let rows = gateway.deliveries_once("main-webhook", |rows| rows[1].state == DeliveryState::Dead).await;
    assert_eq!((rows[0].state, rows[1].attempts), (DeliveryState::Delivered, 3));
    assert_eq!(receiver.received().len(), 6, "three tries, and no fourth");
    gateway.stop().await;
}

#[tokio::test]
pub async fn the_main_webhook_gets_its_seven_kinds_and_no_others() {
    let receiver = Receiver::start().await;
    let mut gateway = serve(snippet("003/basic.json5"), "your-server.com", &receiver).await;
    let wanted = [
        "message.received",
        "message.sent",
        "session.created",
        "session.ended",
        "tool.called",
        "tool.completed",
        "error.occurred",
    ];
    for kind in ["session.updated", "message", "message.sent.late", "error"].iter().chain(&wanted) {
        hand_in(&gateway.client, &of_agent(kind, "a")).await;
    }
    gateway
        .deliveries_once("main-webhook", |rows| {
            rows.iter().filter(|row| row.state == DeliveryState::Delivered).count() == 7
        })
        .await;
    let mut kinds: Vec<_> = receiver.received().iter().map(|request| request.json()["type"].clone()).collect();
    let mut wanted: Vec<Value> = wanted.iter().map(|kind| json!(kind)).collect();
    kinds.sort_by_key(Value::to_string);
    wanted.sort_by_key(Value::to_string);
    assert_eq!(kinds, wanted);
    gateway.stop().await;
}

/// By the real program and its clock: these verifiers want a timestamp of about now.
#[tokio::test]
pub async fn the_main_webhook_with_both_signatures_is_believed_by_every_verifier() {
    let receiver = Receiver::start().await;
    let config = moved(snippet("003/basic.json5"), "your-server.com", &receiver).replacen(
        "secret: \"whsec_",
        "signing: \"both\", secret: \"whsec_",
        1,
    );
    let (file, _folder) = Gateway::builder().config(&config).write();
    let gateway = Process::serve(PROGRAM, &file);
    hand_in(&gateway.client, &event()).await;
    let request = &receiver.wait_for(1).await[0];
    assert_eq!(request.json(), event());
    is_believed(Verifier::OpenClaw, request, &["x-openclaw-signature", "x-openclaw-timestamp"]);
    for verifier in [Verifier::StandardPython, Verifier::StandardNode] {
        is_believed(verifier, request, &["webhook-id", "webhook-signature"]);
    }
    assert_eq!(
        request.header("webhook-id"),
        event()["id"],
        "the id of the event, for receivers that keep what they have seen"
    );
}

#[tokio::test]
pub async fn the_audit_log_hears_what_two_agents_say_and_are_told() {
    let receiver = Receiver::start().await;
    let mut gateway = serve(snippet("003/audit.json5"), "audit.company.com", &receiver).await;
    for (kind, agent) in [
        ("message.sent", "sales"),
        ("message.sent", "customer-support-2"),
        ("session.created", "customer-support"),
        ("message.sent", "customer-support"),
        ("message.received", "hr-assistant"),
    ] {
        hand_in(&gateway.client, &of_agent(kind, agent)).await;
    }
    let received = receiver.wait_for(2).await;
    assert_eq!(agents(&received), ["customer-support", "hr-assistant"]);
    assert!(received.iter().all(|request| request.target == "/api/logs"));
    assert!(
        received
            .iter()
            .all(|request| SIGNED.iter().all(|name| { *name == "webhook-id" || request.header(name).is_empty() })),
        "no secret, no signature"
    );
    assert_eq!(gateway.deliveries_once("audit-log", |rows| rows.len() >= 2).await.len(), 2);
    gateway.stop().await;
}

#[tokio::test]
pub async fn slack_is_told_of_an_error_in_the_very_words_of_the_template() {
    let receiver = Receiver::start().await;
    let mut gateway = serve(snippet("003/slack.json5"), "hooks.slack.com", &receiver).await;
    let data =
        json!({ "agentId": "my-agent", "error": { "message": "tool \"search\" timed out\nafter 30 s {{timestamp}}" } });
    let event = json!({ "type": "error.occurred", "timestamp": "2026-03-14T10:30:00Z", "data": data });
    hand_in(&gateway.client, &event).await;
    let request = &receiver.wait_for(1).await[0];
    // What an event says is text, whatever it looks like: it is not filled in again.
    let text = r#"{"text":"🚨 OpenClaw 告警: tool \"search\" timed out\nafter 30 s {{timestamp}}\nAgent: my-agent\n时间: 2026-03-14T10:30:00Z"}"#;
    assert_eq!(String::from_utf8_lossy(&request.body), text);
    assert_eq!(
        (request.target.as_str(), request.header("content-type")),
        ("/services/T00/B00/xxxxx", "application/json")
    );
    gateway.stop().await;
}

#[tokio::test]
pub async fn the_crm_is_shown_the_key_from_the_environment_and_nobody_else_is() {
    const KEY: &str = "crm-k3y-of-the-environment";
    let receiver = Receiver::start().await;
    let (file, folder) =
        Gateway::builder().config(&moved(snippet("003/crm.json5"), "crm.company.com", &receiver)).write();
    let mut command = Command::new(PROGRAM);
    command.arg("serve").arg("--config").arg(&file).env("CRM_API_KEY", KEY).env("RUST_LOG", "trace");
    let gateway = Process::spawn(&mut command, &file);
    let event = of_agent("session.created", "my-agent");
    hand_in(&gateway.client, &event).await;
    let request = &receiver.wait_for(1).await[0];
    assert_eq!((request.target.as_str(), request.header("x-api-key")), ("/api/interactions", KEY));
    assert_eq!(request.json()["data"], event["data"]);
    eventually("it is on record", || async {
        std::fs::read_to_string(file.with_extension("log")).unwrap().contains("delivered")
    })
    .await;
    drop(gateway);
    assert!(!String::from_utf8_lossy(&request.body).contains(KEY));
    let holding = files_with(folder.path(), KEY.as_bytes());
    assert!(holding.is_empty(), "the key is written in {holding:?}");
}

/// The files somewhere in this folder that hold these bytes.
fn files_with(folder: &Path, bytes: &[u8]) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for path in std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            found.extend(files_with(&path, bytes));
        } else if path.is_file() && std::fs::read(&path).unwrap().windows(bytes.len()).any(|window| window == bytes) {
            found.push(path);
        }
    }
    found
}

#[tokio::test]
pub async fn a_ticket_is_opened_for_a_session_of_the_support_bot() {
    let receiver = Receiver::start().await;
    let mut gateway = serve(snippet("003/tickets.json5"), "ticketing.company.com", &receiver).await;
    for (kind, agent) in
        [("session.created", "sales-bot"), ("session.ended", "support-bot"), ("session.created", "support-bot")]
    {
        hand_in(&gateway.client, &of_agent(kind, agent)).await;
    }
    let received = receiver.wait_for(1).await;
    assert_eq!((received[0].target.as_str(), agents(&received)), ("/api/tickets", vec![json!("support-bot")]));
    assert_eq!(gateway.deliveries_once("create-ticket", |rows| !rows.is_empty()).await.len(), 1);
    gateway.stop().await;
}
