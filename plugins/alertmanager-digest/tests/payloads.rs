//! What a receiver of Alertmanager's webhooks gets.

#![allow(clippy::unwrap_used, reason = "a test stops where it is surprised, in its helpers too")]

use alertmanager_digest::{AlertmanagerDigest, Labels, fingerprint};
use sandclaw_sdk::{Decision, Failure, Transform};
use serde_json::{Value, json};

fn event(kind: &str, data: &Value) -> String {
    json!({"id": "evt_abc123def456", "type": kind, "timestamp": "2026-03-14T10:30:00Z", "instanceId": "node-1", "data": data})
        .to_string()
}

fn payload(event: &str, config: &Value) -> Value {
    match AlertmanagerDigest::transform(event, &config.to_string()) {
        Ok(Decision::Send(message)) => {
            assert_eq!((message.content_type, message.headers), (None, vec![]));
            serde_json::from_slice(&message.body).unwrap()
        }
        other => panic!("{other:?}"),
    }
}

fn labels(labels: &[(&str, &str)]) -> Labels {
    labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn an_error_fires_with_every_member_that_alertmanager_sends() {
    let event = event(
        "error.occurred",
        &json!({"agentId": "my-agent", "sessionId": "session-001", "error": {"message": "tool timed out"}}),
    );
    let payload = payload(&event, &json!({}));
    let labels = labels(&[
        ("agent_id", "my-agent"),
        ("alertname", "SandclawErrorOccurred"),
        ("instance", "node-1"),
        ("session_id", "session-001"),
        ("severity", "critical"),
    ]);
    let annotations = json!({"summary": "An error occurred", "description": "tool timed out",
        "event_id": "evt_abc123def456", "event_type": "error.occurred"});
    assert_eq!(
        payload,
        json!({
            "version": "4",
            "groupKey": r#"{}:{agent_id="my-agent", alertname="SandclawErrorOccurred", instance="node-1", session_id="session-001", severity="critical"}"#,
            "truncatedAlerts": 0,
            "status": "firing",
            "receiver": "sandclaw",
            "groupLabels": labels,
            "commonLabels": labels,
            "commonAnnotations": annotations,
            "externalURL": "",
            "alerts": [{
                "status": "firing",
                "labels": labels,
                "annotations": annotations,
                "startsAt": "2026-03-14T10:30:00Z",
                "endsAt": "0001-01-01T00:00:00Z",
                "generatorURL": "",
                "fingerprint": fingerprint(&labels),
            }],
        })
    );
}

#[test]
fn a_sent_message_is_skipped_with_a_reason() {
    let event = r#"{"id":"evt_abc123def456","type":"message.sent","timestamp":"2026-03-14T10:30:00Z","instanceId":"node-1","data":{
        "agentId":"my-agent","sessionId":"session-001","channel":"telegram","userId":"user_12345",
        "message":{"role":"assistant","content":"这是AI的回复内容...","messageId":"msg_xyz789"},
        "model":"claude-sonnet-4-20250514","usage":{"inputTokens":200,"outputTokens":450}}}"#;
    let skipped = |reason: &str| Ok(Decision::Skip(reason.into()));
    assert_eq!(AlertmanagerDigest::transform(event, "{}"), skipped("message.sent is no alert"));
    for kind in ["flow.created", "flow.waiting", "task.updated", "session.ended", "tool.completed", "deploy.done"] {
        let outcome = AlertmanagerDigest::transform(&self::event(kind, &json!({})), "{}");
        assert_eq!(outcome, skipped(&format!("{kind} is no alert")));
    }
}

#[test]
fn what_comes_right_resolves_what_failed() {
    let flow = json!({"flow": {"flowId": "f-1", "controllerId": "webhooks/zapier", "goal": "Review", "revision": 3}});
    let session = json!({"agentId": "a", "sessionId": "s", "error": {"message": "boom"}});
    let file = json!({"route": "zapier", "file": "zapier.wasm", "reason": "it needs more than it was granted"});
    for (bad, good, data) in [
        ("flow.failed", "flow.finished", &flow),
        ("flow.failed", "flow.cancelled", &flow),
        ("flow.failed", "flow.resumed", &flow),
        ("error.occurred", "session.ended", &session),
        ("plugin.refused", "plugin.swapped", &file),
        ("plugin.poisoned", "plugin.swapped", &file),
    ] {
        let (bad, good) = (payload(&event(bad, data), &json!({})), payload(&event(good, data), &json!({})));
        for member in ["groupKey", "groupLabels"] {
            assert_eq!(bad[member], good[member]);
        }
        let (bad, good) = (&bad["alerts"][0], &good["alerts"][0]);
        assert_eq!((&bad["status"], &good["status"]), (&json!("firing"), &json!("resolved")));
        assert_eq!(bad["fingerprint"], good["fingerprint"]);
        assert_eq!((&good["startsAt"], &good["endsAt"]), (&bad["startsAt"], &bad["startsAt"]));
    }
}

#[test]
fn the_gateways_own_failures_fire() {
    for (kind, data, alert, about) in [
        ("plugin.refused", json!({"file": "z.wasm"}), "SandclawPluginFailing", ("plugin", "z.wasm")),
        ("plugin.poisoned", json!({"plugin": "z.wasm"}), "SandclawPluginFailing", ("plugin", "z.wasm")),
        ("endpoint.disabled", json!({"endpoint": "crm"}), "SandclawEndpointDisabled", ("endpoint", "crm")),
        ("delivery.dead", json!({"endpoint": "crm"}), "SandclawDeliveryDead", ("endpoint", "crm")),
        ("flow.failed", json!({"flow": {"flowId": "f"}}), "SandclawFlowFailed", ("flow_id", "f")),
    ] {
        let payload = payload(&event(kind, &data), &json!({}));
        assert_eq!((&payload["status"], &payload["commonLabels"]["alertname"]), (&json!("firing"), &json!(alert)));
        assert_eq!(payload["commonLabels"][about.0], about.1);
    }
}

/// The labels with which Prometheus tests its own.
#[test]
fn a_fingerprint_is_the_one_that_prometheus_gives() {
    let labels = labels(&[("name", "garland, briggs"), ("fear", "love is not enough")]);
    assert_eq!(fingerprint(&labels), format!("{:016x}", 5_799_056_148_416_392_346_u64));
    assert_eq!(fingerprint(&Labels::new()), "cbf29ce484222325");
}

#[test]
fn the_operator_names_receiver_and_labels_and_wins() {
    let config = json!({"receiver": "ops", "externalURL": "https://sandclaw.example", "labels": {"team": "ai", "severity": "page"}});
    let payload = payload(&event("flow.failed", &json!({"flow": {"flowId": "f"}})), &config);
    assert_eq!((&payload["receiver"], &payload["externalURL"]), (&json!("ops"), &json!("https://sandclaw.example")));
    assert_eq!(payload["alerts"][0]["generatorURL"], "https://sandclaw.example");
    assert_eq!(
        (&payload["commonLabels"]["team"], &payload["commonLabels"]["severity"]),
        (&json!("ai"), &json!("page"))
    );
}

#[test]
fn a_time_that_is_none_does_not_hold_an_alarm_back() {
    let event = event("flow.failed", &json!({})).replace("2026-03-14T10:30:00Z", "half past ten");
    assert_eq!(payload(&event, &json!({}))["alerts"][0]["startsAt"], "0001-01-01T00:00:00Z");
}

#[test]
fn long_texts_are_cut_and_control_characters_replaced() {
    for filling in ["漢", "😀", "\"", "\u{1}", "\n"] {
        let long = format!("x{}x", filling.repeat(50_000));
        let data = json!({"agentId": long, "sessionId": long, "error": {"message": long}});
        let payload = payload(&event("error.occurred", &data), &json!({}));
        assert!(payload["commonLabels"]["agent_id"].as_str().unwrap().len() <= 256);
        assert!(payload["commonAnnotations"]["description"].as_str().unwrap().len() <= 4_096);
        assert!(!payload.to_string().contains(r"\u00") && payload.to_string().len() < 32_000, "{filling}");
    }
}

#[test]
fn a_config_that_makes_no_alert_is_refused_by_name() {
    let many: serde_json::Map<String, Value> = (0..31).map(|n| (format!("l{n}"), "x".into())).collect();
    for (config, expected) in [
        (json!({"externalUrl": "x"}), "`externalUrl` is not known here; there are receiver, externalURL, labels"),
        (json!({"labels": ["team"]}), "`labels` is to be a map of strings, not a list"),
        (json!({"labels": {"team": 5}}), "`labels.team` is to be a string, not a number"),
        (
            json!({"labels": {"my-team": "ai"}}),
            "`labels`: \"my-team\" is no name of a label: letters, digits and _ make one",
        ),
        (json!({"labels": {"team": "x".repeat(257)}}), "`labels.team` has 257 bytes; there may be 256"),
        (json!({"labels": many}), "`labels` has more than 30 members"),
    ] {
        let outcome = AlertmanagerDigest::transform(&event("flow.failed", &json!({})), &config.to_string());
        assert_eq!(outcome, Err(Failure::new("bad_config", expected)));
    }
}

#[test]
fn the_readme_shows_what_is_sent() {
    let blocks: Vec<String> =
        include_str!("../README.md").split("\n\n").map(|block| block.replace("\n    ", "")).collect();
    let after = |start: &str| {
        blocks.iter().map(|block| block.trim()).rfind(|block| block.starts_with(start)).unwrap().to_owned()
    };
    let shown = after(r#"{"alerts""#);
    let mut sent = payload(&after(r#"{"id""#), &json!({"receiver": "ops", "labels": {"team": "ai"}}));
    // As they are in the component. Beside the gateway this is built with its libraries' features, one of which keeps the written order.
    sent.sort_all_objects();
    let sent = sent.to_string();
    // The pieces between the places where it says `…`.
    for piece in shown.split("{…}").flat_map(|piece| piece.split(" …")) {
        assert!(sent.contains(piece), "{piece}\nis not in\n{sent}");
    }
}
