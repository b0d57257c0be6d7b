//! What a DingTalk custom robot gets.

#![allow(clippy::unwrap_used, reason = "a test stops where it is surprised, in its helpers too")]

use dingtalk_bot::DingTalkBot;
use sandclaw_sdk::{Decision, Failure, Transform};
use serde_json::{Value, json};

/// What DingTalk takes.
const BODY_MAX_BYTES: usize = 20_000;

fn event(kind: &str, data: &Value) -> String {
    json!({"id": "evt_abc123def456", "type": kind, "timestamp": "2026-03-14T10:30:00Z", "instanceId": "node-1", "data": data})
        .to_string()
}

fn an_error() -> String {
    event("error.occurred", &json!({"agentId": "my-agent", "error": {"message": "tool timed out\nafter 30 s"}}))
}

fn body(event: &str, config: &Value) -> Vec<u8> {
    match DingTalkBot::transform(event, &config.to_string()) {
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
fn an_error_is_markdown_with_a_title() {
    assert_eq!(
        message(&an_error(), &json!({})),
        json!({
            "msgtype": "markdown",
            "markdown": {
                "title": "🚨 An error occurred",
                "text": "### 🚨 An error occurred\n\n> tool timed out  \n> after 30 s\n\n- **Agent**: my-agent\n- **Instance**: node-1\n\
                    - **Time**: 2026-03-14T10:30:00Z\n- **Event**: evt_abc123def456",
            },
            "at": {"atMobiles": [], "atUserIds": [], "isAtAll": false},
        })
    );
}

#[test]
fn a_sent_message_is_told_as_text_with_who_and_where() {
    let event = r#"{"id":"evt_abc123def456","type":"message.sent","timestamp":"2026-03-14T10:30:00Z","instanceId":"node-1","data":{
        "agentId":"my-agent","sessionId":"session-001","channel":"telegram","userId":"user_12345",
        "message":{"role":"assistant","content":"这是AI的回复内容...","messageId":"msg_xyz789"},
        "model":"claude-sonnet-4-20250514","usage":{"inputTokens":200,"outputTokens":450}}}"#;
    let message = message(event, &json!({"format": "text"}));
    assert_eq!(message["msgtype"], "text");
    assert_eq!(
        message["text"]["content"],
        "A message was sent\n这是AI的回复内容...\nAgent: my-agent\nSession: session-001\nChannel: telegram\nUser: user_12345\n\
         Model: claude-sonnet-4-20250514\nTokens in: 200\nTokens out: 450\nInstance: node-1\nTime: 2026-03-14T10:30:00Z\n\
         Event: evt_abc123def456"
    );
}

#[test]
fn those_who_are_called_stand_in_the_text_too() {
    let config = |format| json!({"format": format, "keyword": "告警", "atMobiles": ["13800138000"], "atUserIds": ["user123"], "atAll": true});
    let markdown = message(&an_error(), &config("markdown"));
    assert_eq!(markdown["markdown"]["title"], "告警 🚨 An error occurred");
    assert!(markdown["markdown"]["text"].as_str().unwrap().ends_with("\n\n@13800138000 @user123"));
    let text = message(&an_error(), &config("text"));
    assert!(text["text"]["content"].as_str().unwrap().starts_with("告警 🚨 An error occurred\n"));
    assert!(text["text"]["content"].as_str().unwrap().ends_with("\n@13800138000 @user123"));
    for message in [markdown, text] {
        assert_eq!(message["at"], json!({"atMobiles": ["13800138000"], "atUserIds": ["user123"], "isAtAll": true}));
    }
}

#[test]
fn an_event_makes_neither_links_nor_pictures() {
    let trick = "![p](https://evil/p.png)[safe](https://evil)<img src=x><https://evil>";
    let data = json!({"agentId": trick, "message": {"content": trick}, "flow": {"goal": trick}});
    for kind in ["message.received", "flow.created", trick] {
        let message = message(&event(kind, &data), &json!({}));
        let text = message["markdown"]["text"].as_str().unwrap();
        assert!(!text.contains("](") && !text.contains('<') && text.contains("[safe] (https://evil)"), "{text}");
    }
}

#[test]
fn no_message_is_longer_than_dingtalk_takes() {
    let people: Vec<String> = (0..20).map(|_| "1".repeat(32)).collect();
    for filling in ["a", "\"", "\n", "漢", "😀", "<", "](", "\\😀", "\u{1}"] {
        let long = filling.repeat(30_000);
        let data = json!({"agentId": long, "sessionId": long, "channel": long, "userId": long, "model": long,
            "error": {"message": format!("x{long}x")}, "flow": {"goal": long, "flowId": long, "currentStep": long}});
        for format in ["markdown", "text"] {
            let config = json!({"format": format, "atAll": true, "atMobiles": people, "atUserIds": people, "keyword": "漢".repeat(60)});
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
    let message = message(&event, &json!({}));
    let text = message["markdown"]["text"].as_str().unwrap();
    assert!(text.contains("\n> a\u{fffd}b\u{fffd}[31m \u{fffd}\n"), "{text}");
}

#[test]
fn a_config_that_dingtalk_would_not_take_is_refused_by_name() {
    for (config, expected) in [
        (json!({"format": "link"}), "`format` is to be one of markdown, text, not \"link\""),
        (json!({"atMobiles": [13800138000_u64]}), "`atMobiles[0]` is to be a string, not a number"),
        (json!({"atMobiles": ["everybody"]}), "`atMobiles`: \"everybody\" is none"),
        (json!({"atUserIds": ["a b"]}), "`atUserIds`: \"a b\" is none"),
        (json!({"atUserIds": vec!["u"; 21]}), "`atUserIds` names more than 20 people"),
        (
            json!({"isAtAll": true}),
            "`isAtAll` is not known here; there are format, keyword, atMobiles, atUserIds, atAll",
        ),
        (json!({"keyword": "x".repeat(61)}), "`keyword` is longer than 60 characters"),
    ] {
        let outcome = DingTalkBot::transform(&an_error(), &config.to_string());
        assert_eq!(outcome, Err(Failure::new("bad_config", expected)));
    }
}

#[test]
fn the_same_event_makes_the_same_bytes() {
    assert_eq!(DingTalkBot::transform(&an_error(), "{}"), DingTalkBot::transform(&an_error(), "null"));
    assert_eq!(DingTalkBot::transform("{}", "{}").unwrap_err().code, "bad_event");
}

#[test]
fn the_readme_shows_what_is_sent() {
    let blocks: Vec<String> =
        include_str!("../README.md").split("\n\n").map(|block| block.replace("\n    ", "")).collect();
    let after = |start: &str| {
        blocks.iter().map(|block| block.trim()).rfind(|block| block.starts_with(start)).unwrap().to_owned()
    };
    let shown: Value = serde_json::from_str(&after(r#"{"at""#)).unwrap();
    let sent = message(&after(r#"{"id""#), &json!({"atMobiles": ["13800138000"]}));
    assert_eq!(shown, sent);
}
