//! What a Slack incoming webhook gets.

#![allow(clippy::unwrap_used, reason = "a test stops where it is surprised, in its helpers too")]

use sandclaw_sdk::{Decision, Failure, Transform};
use serde_json::{Value, json};
use slack::Slack;

fn event(kind: &str, data: &Value) -> String {
    json!({"id": "evt_abc123def456", "type": kind, "timestamp": "2026-03-14T10:30:00Z", "instanceId": "node-1", "data": data})
        .to_string()
}

fn message(event: &str, config: &Value) -> Value {
    match Slack::transform(event, &config.to_string()) {
        Ok(Decision::Send(message)) => {
            assert_eq!((message.content_type, message.headers), (None, vec![]));
            serde_json::from_slice(&message.body).unwrap()
        }
        other => panic!("{other:?}"),
    }
}

fn units(text: &Value) -> usize {
    text.as_str().unwrap().encode_utf16().count()
}

/// The texts of all blocks.
fn texts(message: &Value) -> Vec<Value> {
    let text = |block: &Value| match block["type"].as_str() {
        Some("section") => block["text"].clone(),
        Some("context") => block["elements"][0].clone(),
        other => panic!("{other:?}"),
    };
    message["blocks"].as_array().unwrap().iter().map(text).collect()
}

#[test]
fn an_error_is_an_alarm() {
    let event = event("error.occurred", &json!({"agentId": "my-agent", "error": {"message": "tool timed out"}}));
    assert_eq!(
        message(&event, &json!({})),
        json!({
            "text": "🚨 An error occurred: tool timed out",
            "blocks": [
                {"type": "section", "text": {"type": "mrkdwn", "text": "🚨 An error occurred", "verbatim": true}},
                {"type": "section", "text": {"type": "mrkdwn", "text": "tool timed out", "verbatim": true}},
                {"type": "context", "elements": [{"type": "mrkdwn", "verbatim": true,
                    "text": "*Agent:* my-agent\n*Instance:* node-1\n*Time:* 2026-03-14T10:30:00Z\n*Event:* evt_abc123def456"}]},
            ],
        })
    );
}

#[test]
fn a_sent_message_is_told_with_who_and_where() {
    let event = r#"{"id":"evt_abc123def456","type":"message.sent","timestamp":"2026-03-14T10:30:00Z","instanceId":"node-1","data":{
        "agentId":"my-agent","sessionId":"session-001","channel":"telegram","userId":"user_12345",
        "message":{"role":"assistant","content":"这是AI的回复内容...","messageId":"msg_xyz789"},
        "model":"claude-sonnet-4-20250514","usage":{"inputTokens":200,"outputTokens":450}}}"#;
    let message = message(event, &json!({}));
    assert_eq!(message["text"], "A message was sent: 这是AI的回复内容...");
    assert_eq!(texts(&message)[1]["text"], "这是AI的回复内容...");
    assert_eq!(
        texts(&message)[2]["text"],
        "*Agent:* my-agent\n*Session:* session-001\n*Channel:* telegram\n*User:* user_12345\n\
         *Model:* claude-sonnet-4-20250514\n*Tokens in:* 200\n*Tokens out:* 450\n\
         *Instance:* node-1\n*Time:* 2026-03-14T10:30:00Z\n*Event:* evt_abc123def456"
    );
}

#[test]
fn an_event_can_mention_nobody() {
    let event = event("message.received", &json!({"message": {"content": "<!channel> & <https://evil|here>"}}));
    let message = message(&event, &json!({}));
    assert_eq!(message["text"], "A message was received: &lt;!channel&gt; &amp; &lt;https://evil|here&gt;");
    assert!(
        texts(&message).iter().all(|text| text["verbatim"] == true && !text["text"].as_str().unwrap().contains('<'))
    );
}

#[test]
fn the_operator_can_mention_somebody_and_name_the_sender() {
    let config =
        json!({"prefix": "<!here>", "channel": "#ops", "username": "sandclaw", "iconEmoji": ":rotating_light:"});
    let message = message(&event("flow.failed", &json!({"flow": {"goal": "Review"}})), &config);
    assert_eq!(message["text"], "<!here> 🚨 A flow failed: Review");
    assert_eq!(
        [&message["channel"], &message["username"], &message["icon_emoji"]],
        ["#ops", "sandclaw", ":rotating_light:"]
    );
}

#[test]
fn no_text_is_longer_than_slack_takes() {
    for filling in ["a", "&", "<", "漢", "😀", "\n", "&😀"] {
        let long = filling.repeat(20_000);
        let data = json!({"agentId": long, "sessionId": long, "channel": long, "userId": long, "model": long,
            "error": {"message": long}, "flow": {"goal": long, "flowId": long, "currentStep": long, "blockedSummary": long}});
        for kind in ["error.occurred", "flow.failed", &long] {
            let message = message(&event(kind, &data), &json!({"prefix": "x".repeat(200)}));
            assert!(units(&message["text"]) <= 3_000, "{filling}: {}", units(&message["text"]));
            for text in texts(&message) {
                assert!((1..=3_000).contains(&units(&text["text"])), "{filling}: {}", units(&text["text"]));
                let rest = text["text"].as_str().unwrap().replace("&amp;", "").replace("&lt;", "").replace("&gt;", "");
                assert!(!rest.contains('&'), "an escape is cut: {filling}");
            }
            assert!(message["blocks"].as_array().unwrap().len() <= 50);
        }
    }
}

#[test]
fn control_characters_and_half_an_emoji_arrive_as_replacement_characters() {
    let event = event("error.occurred", &json!({"error": {"message": "a\u{0}b\u{1b}[31m\u{202e}cut"}}));
    let event = event.replace("cut", r"\ud83d");
    assert_eq!(texts(&message(&event, &json!({})))[1]["text"], "a\u{fffd}b\u{fffd}[31m\u{fffd}\u{fffd}");
}

#[test]
fn a_type_that_is_not_known_is_told_by_its_name() {
    let message = message(&event("deploy.done", &json!("anything")), &Value::Null);
    assert_eq!(message["text"], "Event deploy.done");
    assert_eq!(texts(&message).len(), 2);
}

#[test]
fn a_config_that_slack_would_not_take_is_refused_by_name() {
    for (config, expected) in [
        (json!({"chanel": "#ops"}), "`chanel` is not known here; there are prefix, channel, username, iconEmoji"),
        (json!({"channel": 5}), "`channel` is to be a string, not a number"),
        (json!({"iconEmoji": " "}), "`iconEmoji` is empty"),
        (json!({"prefix": "x".repeat(201)}), "`prefix` is longer than 200 characters"),
        (json!("#ops"), "the config is to be a map, not a string"),
    ] {
        let outcome = Slack::transform(&event("flow.failed", &json!({})), &config.to_string());
        assert_eq!(outcome, Err(Failure::new("bad_config", expected)));
    }
}

#[test]
fn the_same_event_makes_the_same_bytes() {
    let event = event("flow.created", &json!({"flow": {"goal": "Review", "flowId": "f"}}));
    assert_eq!(Slack::transform(&event, "{}"), Slack::transform(&event, "{}"));
    assert_eq!(Slack::transform("5", "{}").unwrap_err().code, "bad_event");
}

#[test]
fn the_readme_shows_what_is_sent() {
    let blocks: Vec<String> =
        include_str!("../README.md").split("\n\n").map(|block| block.replace("\n    ", "")).collect();
    let after = |start: &str| {
        blocks.iter().map(|block| block.trim()).rfind(|block| block.starts_with(start)).unwrap().to_owned()
    };
    let shown: Value = serde_json::from_str(&after(r#"{"blocks""#)).unwrap();
    let sent = message(&after(r#"{"id""#), &json!({"prefix": "<!here>"}));
    assert_eq!(shown, sent);
}
