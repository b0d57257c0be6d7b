//! What a Feishu custom bot gets.

#![allow(clippy::unwrap_used, reason = "a test stops where it is surprised, in its helpers too")]

use std::collections::BTreeSet;

use feishu_bot::FeishuBot;
use sandclaw_sdk::{Decision, Failure, Transform};
use serde_json::{Value, json};

/// What Feishu takes, less what the host's `timestamp` and `sign` take: their names, ten digits and 44 characters.
const BODY_MAX_BYTES: usize = 20_000 - 100;

fn event(kind: &str, data: &Value) -> String {
    json!({"id": "evt_abc123def456", "type": kind, "timestamp": "2026-03-14T10:30:00Z", "instanceId": "node-1", "data": data})
        .to_string()
}

fn an_error() -> String {
    event("error.occurred", &json!({"agentId": "my-agent", "error": {"message": "tool timed out\nafter 30 s"}}))
}

fn body(event: &str, config: &Value) -> Vec<u8> {
    match FeishuBot::transform(event, &config.to_string()) {
        Ok(Decision::Send(message)) => {
            assert_eq!((message.content_type, message.headers), (None, vec![]));
            message.body
        }
        other => panic!("{other:?}"),
    }
}

fn message(event: &str, config: &Value) -> Value {
    serde_json::from_slice(&body(event, config)).unwrap()
}

#[test]
fn an_error_is_a_post_with_a_title() {
    assert_eq!(
        message(&an_error(), &json!({})),
        json!({"msg_type": "post", "content": {"post": {"zh_cn": {
            "title": "🚨 An error occurred",
            "content": [
                [{"tag": "text", "text": "tool timed out\nafter 30 s"}],
                [{"tag": "text", "text": "Agent: my-agent"}],
                [{"tag": "text", "text": "Instance: node-1"}],
                [{"tag": "text", "text": "Time: 2026-03-14T10:30:00Z"}],
                [{"tag": "text", "text": "Event: evt_abc123def456"}],
            ],
        }}}})
    );
}

#[test]
fn a_sent_message_is_told_as_text_with_who_and_where() {
    let event = r#"{"id":"evt_abc123def456","type":"message.sent","timestamp":"2026-03-14T10:30:00Z","instanceId":"node-1","data":{
        "agentId":"my-agent","sessionId":"session-001","channel":"telegram","userId":"user_12345",
        "message":{"role":"assistant","content":"这是AI的回复内容...","messageId":"msg_xyz789"},
        "model":"claude-sonnet-4-20250514","usage":{"inputTokens":200,"outputTokens":450}}}"#;
    assert_eq!(
        message(event, &json!({"format": "text"})),
        json!({"msg_type": "text", "content": {"text": "A message was sent\n这是AI的回复内容...\nAgent: my-agent\n\
            Session: session-001\nChannel: telegram\nUser: user_12345\nModel: claude-sonnet-4-20250514\nTokens in: 200\n\
            Tokens out: 450\nInstance: node-1\nTime: 2026-03-14T10:30:00Z\nEvent: evt_abc123def456"}})
    );
}

#[test]
fn a_card_has_the_colour_of_what_happened() {
    for (kind, colour) in [("flow.failed", "red"), ("flow.finished", "green"), ("flow.created", "blue")] {
        let message = message(&event(kind, &json!({"flow": {"goal": "Review"}})), &json!({"format": "interactive"}));
        assert_eq!(message["msg_type"], "interactive");
        assert_eq!(message["card"]["header"]["template"], colour);
        let content = &message["card"]["elements"][0]["text"];
        let facts = "Instance: node-1\nTime: 2026-03-14T10:30:00Z\nEvent: evt_abc123def456";
        assert_eq!(content, &json!({"tag": "plain_text", "content": facts}));
    }
}

#[test]
fn the_operator_can_call_people_in_every_format() {
    let config = |format| json!({"format": format, "atAll": true, "atUserIds": ["ou_18eac8"], "keyword": "OpenClaw"});
    let post = message(&an_error(), &config("post"));
    let post = &post["content"]["post"]["zh_cn"];
    assert_eq!(post["title"], "OpenClaw 🚨 An error occurred");
    assert_eq!(post["content"][5], json!([{"tag": "at", "user_id": "all"}, {"tag": "at", "user_id": "ou_18eac8"}]));
    let text = message(&an_error(), &config("text"));
    let text = text["content"]["text"].as_str().unwrap();
    assert!(text.starts_with("OpenClaw 🚨 An error occurred\n"), "{text}");
    assert!(text.ends_with("\n<at user_id=\"all\"></at>\n<at user_id=\"ou_18eac8\"></at>"), "{text}");
    let card = message(&an_error(), &config("interactive"));
    assert_eq!(card["card"]["elements"][2]["text"]["content"], "<at id=all></at><at id=ou_18eac8></at>");
}

#[test]
fn an_event_can_call_nobody() {
    let event =
        event("message.received", &json!({"userId": "<at user_id=\"all\">", "message": "<AT user_id='all'></at>"}));
    for format in ["post", "text", "interactive"] {
        let message = message(&event, &json!({"format": format}));
        let is_text_only = !message.to_string().contains(r#""tag":"at""#) && !message.to_string().contains("lark_md");
        assert!(is_text_only && (format != "text" || !message.to_string().contains('<')), "{message}");
    }
}

#[test]
fn no_request_is_longer_than_feishu_takes() {
    let ids: Vec<String> = (0..19).map(|_| "o".repeat(64)).collect();
    for filling in ["a", "\"", "\n", "漢", "😀", "<", "\\😀", "\u{1}"] {
        let long = filling.repeat(30_000);
        let data = json!({"agentId": long, "sessionId": long, "channel": long, "userId": long, "model": long,
            "error": {"message": format!("x{long}x")}, "flow": {"goal": long, "flowId": long, "currentStep": long}});
        for format in ["post", "text", "interactive"] {
            let config = json!({"format": format, "atAll": true, "atUserIds": ids, "keyword": "漢".repeat(60)});
            for kind in ["error.occurred", &long] {
                let body = body(&event(kind, &data), &config);
                assert!(body.len() <= BODY_MAX_BYTES, "{format} of {filling:?}: {}", body.len());
                assert!(String::from_utf8(body).is_ok());
            }
        }
    }
}

#[test]
fn control_characters_and_half_an_emoji_arrive_as_replacement_characters() {
    let event =
        event("error.occurred", &json!({"error": {"message": "a\u{0}b\u{1b}[31m cut"}})).replace("cut", r"\ud83d");
    let text = message(&event, &json!({}))["content"]["post"]["zh_cn"]["content"][0][0]["text"].clone();
    assert_eq!(text, "a\u{fffd}b\u{fffd}[31m \u{fffd}");
}

#[test]
fn a_config_that_feishu_would_not_take_is_refused_by_name() {
    let many: Vec<String> = (0..21).map(|n| format!("ou_{n}")).collect();
    for (config, expected) in [
        (json!({"format": "image"}), "`format` is to be one of post, text, interactive, not \"image\""),
        (json!({"atAll": "yes"}), "`atAll` is to be true or false, not a string"),
        (json!({"atUserIds": ["ou_1", 5]}), "`atUserIds[1]` is to be a string, not a number"),
        (json!({"atUserIds": ["a\"b"]}), "`atUserIds`: \"a\\\"b\" is no id, as ou_18eac8 is one"),
        (json!({"atUserIds": many}), "`atUserIds` names more than 20 people"),
        (json!({"keyword": "x".repeat(61)}), "`keyword` is longer than 60 characters"),
        (json!({"secret": "s"}), "`secret` is not known here; there are format, keyword, atUserIds, atAll"),
    ] {
        let outcome = FeishuBot::transform(&an_error(), &config.to_string());
        assert_eq!(outcome, Err(Failure::new("bad_config", expected)));
    }
}

#[test]
fn nothing_is_signed_here() {
    let message = message(&an_error(), &json!({}));
    let members: BTreeSet<&str> = message.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, BTreeSet::from(["content", "msg_type"]));
    assert_eq!(FeishuBot::transform(&an_error(), "{}"), FeishuBot::transform(&an_error(), "{}"));
}

#[test]
fn the_readme_shows_what_is_sent() {
    let blocks: Vec<String> =
        include_str!("../README.md").split("\n\n").map(|block| block.replace("\n    ", "")).collect();
    let after = |start: &str| {
        blocks.iter().map(|block| block.trim()).rfind(|block| block.starts_with(start)).unwrap().to_owned()
    };
    let mut shown: Value = serde_json::from_str(&after(r#"{"timestamp""#)).unwrap();
    let signed: Vec<_> = ["timestamp", "sign"].map(|name| shown.as_object_mut().unwrap().remove(name)).into();
    assert!(signed.iter().all(Option::is_some), "the host's part");
    let sent = message(&after(r#"{"id""#), &json!({}));
    assert_eq!(shown, sent);
}
