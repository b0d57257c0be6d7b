use serde_json::{Value, json};

use super::*;

fn event() -> Value {
    json!({
        "id": "evt_1",
        "type": "message.sent",
        "timestamp": "2026-03-14T10:30:00Z",
        "instanceId": "node-1",
        "session": "agent:main:main",
        "data": {
            "agentId": "support",
            "channel": "telegram",
            "usage": { "inputTokens": 200, "outputTokens": 450.5 },
            "tags": ["vip", "de", 7, null],
            "items": [{ "id": "a", "parts": ["x"] }, { "id": "b", "parts": ["y", "z"] }],
            "note": null,
            "héllo wörld": true,
        },
    })
}

#[test]
fn an_expression_is_asked_about_the_event() {
    for (text, expected) in [
        ("true", true),
        ("type == 'message.sent'", true),
        ("type.startsWith('message.') && !type.endsWith('received')", true),
        ("type in ['flow.failed', 'flow.cancelled']", false),
        ("id == 'evt_1' && timestamp >= '2026' && instanceId == 'node-1'", true),
        ("session == 'agent:main:main'", true),
        ("event.data.channel == data.channel && event['type'] == type", true),
        ("data.usage.inputTokens > 100", true),
        ("data.usage.inputTokens == 200 && data.usage.inputTokens == 200.0", true),
        ("data.usage.inputTokens + data.usage.outputTokens < 650.6", true),
        ("data.usage.outputTokens * 2.0 == 901.0 && int(data.usage.inputTokens) % 7 == 4", true),
        ("data.note == null", true),
        ("data['héllo wörld']", true),
        ("has(data.missing) || data.channel.contains('gram')", true),
        ("has(data.missing) && data.missing > 5", false),
        ("'vip' in data.tags && 7 in data.tags && null in data.tags", true),
        ("data.tags.exists(tag, tag == 'de')", true),
        ("data.tags.all(tag, tag != 'fr') && data.tags.exists_one(tag, tag == 7)", true),
        ("data.items.filter(item, item.id == 'b').map(item, item.parts.size())[0] == 2", true),
        ("data.items.exists(item, item.parts.exists(part, part == 'z'))", true),
        ("data.items.exists(item, item['parts'].exists(part, part == data.channel))", false),
        ("data.items.exists(data, data.id == 'a')", true),
        ("data.exists(name, name == 'agentId')", true),
        ("size(data.items) == 2 && data.tags[0] == 'vip'", true),
        ("type(data.tags) == list && type(data.channel) == string", true),
        ("data.agentId == 5", false),
        // What is decided by the other side needs no answer of this one.
        ("data.missing == 1 || true", true),
        ("data.channel == 'telegram' ? data.usage.inputTokens >= 200 : false", true),
        ("'wörld' + '!' == 'wörld!'", true),
    ] {
        let expr = Expr::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(expr.is_true(&event()), Ok(expected), "{text}");
    }
}

#[test]
fn a_member_that_an_event_lacks_is_null() {
    for text in ["session == null", "data == null", "id == null && event != null"] {
        assert_eq!(Expr::parse(text).unwrap().is_true(&json!({})), Ok(true), "{text}");
    }
    assert_eq!(Expr::parse("event == null").unwrap().is_true(&Value::Null), Ok(true));
}

#[test]
fn a_question_without_an_answer_is_an_error_that_tells_nothing_of_the_event() {
    for (text, expected) in [
        ("data.missing == 'telegram'", ExprError::NoSuchKey),
        ("has(data.missing.deeper)", ExprError::NoSuchKey),
        ("data.channel", ExprError::NoAnswer),
        ("data.note", ExprError::NoAnswer),
        ("data.channel > 5", ExprError::Failed),
        ("data.usage.inputTokens + 1 > 5", ExprError::Failed),
        ("data.channel.size() > 'a'", ExprError::Failed),
        ("data.tags[9] == 1", ExprError::Failed),
        ("int(data.channel) == 1", ExprError::Failed),
        ("1 / 0 == 1", ExprError::Failed),
        ("9223372036854775807 + 1 > 0", ExprError::Failed),
        ("data.channel.exists(x, true)", ExprError::Failed),
    ] {
        let error = Expr::parse(text).unwrap().is_true(&event()).unwrap_err();
        assert_eq!(error, expected, "{text}");
        assert!(!error.to_string().contains("telegram"), "{error}");
    }
}

#[test]
fn what_can_never_work_is_refused_when_it_is_read() {
    for (text, expected) in [
        ("", "not valid CEL at line 1, column 1: "),
        ("data.channel = 'x'", "not valid CEL at line 1, column 14: "),
        ("data.channel ==", "not valid CEL at line 1, column 16: "),
        ("data.a &&\n  ) ", "not valid CEL at line 2, column 3: "),
        (
            "channel == 'x'",
            "there is no variable `channel`; there are id, type, timestamp, instanceId, session, data, event",
        ),
        ("data.tags.exists(tag, tga == 'x')", "there is no variable `tga`"),
        ("data.tags.exists(tag, true) && tag == 'x'", "there is no variable `tag`"),
        (".channel == 'x'", "there is no variable `channel`"),
        ("type.startWith('x')", "there is no function `startWith`; there are size, string, int, "),
        ("contains(type, 'x')", "there is no function `contains`"),
        ("type.matches('x.*')", "there is no function `matches`"),
        ("timestamp('2026-01-01T00:00:00Z') == null", "there is no function `timestamp`"),
        ("data.tags.exists(tag)", "there is no function `exists`"),
        ("data.?tags.hasValue()", "not valid CEL"),
        ("Message{a: 1} == null", "there is no function `Message`"),
        ("1", "never true or false"),
        ("'true'", "never true or false"),
        ("null", "never true or false"),
        ("[true]", "never true or false"),
        ("{'a': true}", "never true or false"),
        ("data.usage.inputTokens + 1.0", "never true or false"),
        ("size(data.tags)", "never true or false"),
        ("data.tags.exists(x, data.tags.exists(y, x == y))", "a loop inside a loop may only go over"),
        ("data.items.exists(x, x.parts.exists(y, x.parts.exists(z, y == z)))", "a loop inside a loop may only go over"),
        ("data.items.map(x, [x, x].map(y, y)).size() > 0", "a loop inside a loop may only go over"),
        (&"a".repeat(TEXT_MAX_BYTES + 1), "longer than 4096 bytes"),
    ] {
        let error = Expr::parse(text).map(|_| ()).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{text}: {error}");
        assert!(!error.contains('\n') && error.len() < 400, "{error}");
    }
}

#[test]
fn hostile_nesting_is_refused_and_leaves_the_stack_alone() {
    let text = |before: &str, middle: &str, after: &str, count: usize| {
        let text = format!("{}{middle}{}", before.repeat(count), after.repeat(count));
        assert!(text.len() <= TEXT_MAX_BYTES);
        text
    };
    for text in [
        text("(", "", "", 4_096),
        text("(", "true", ")", 2_046),
        text("[", "", "", 4_096),
        text("{1:", "", "", 1_365),
        text("true?", "true", ":true", 409),
        text("", "1", "+1", 2_047),
        text("", "1", "==1", 1_365),
        text("", "data", ".a", 2_046),
        text("", "data", "[1]", 1_364),
        text("", "data", ".size()", 584),
        text("data.exists(x,", "", "", 292),
        text("data.exists(x,", "x", ")", 273),
        text("!true||(", "true", ")", 454),
    ] {
        let error = Expr::parse(&text).map(|_| ()).unwrap_err().to_string();
        assert!(error.len() < 400, "{}…: {error}", &text[..20]);
    }
    // Chains that people write are no nesting, and signs before a value are counted out.
    for text in [text("", "type=='a'", "||type=='a'", 371), text("!", "true", "", 4_092)] {
        assert!(Expr::parse(&text).unwrap().is_true(&event()).is_ok());
    }
}

#[test]
fn no_beginning_and_no_end_of_an_expression_makes_the_parser_panic() {
    let text = "data.items.exists(x, has(x.a) && x.b in [1, 2u, -3.5e1, b'q', r'\\', \"\\u00e9\"]) ? !data.c[\"d\"] : {1: null} == data";
    for at in (0..=text.len()).filter(|at| text.is_char_boundary(*at)) {
        let _ = Expr::parse(&text[..at]);
        let _ = Expr::parse(&text[at..]);
    }
}

#[test]
fn an_event_that_would_cost_too_much_has_no_answer() {
    let many = json!({ "data": { "tags": vec![0; values::LOOP_VALUES_MAX] } });
    assert_eq!(Expr::parse("data.tags.exists(x, x in data.tags)").unwrap().is_true(&many), Err(ExprError::TooMuch));
    assert_eq!(Expr::parse("0 in data.tags").unwrap().is_true(&many), Ok(true));
    assert_eq!(Expr::parse("[1, 2].exists(x, x == 2) && type == null").unwrap().is_true(&many), Ok(true));
    let deep = (0..200).fold(json!(1), |inner, _| json!([inner]));
    assert_eq!(Expr::parse("data == 1").unwrap().is_true(&json!({ "data": deep })), Err(ExprError::TooMuch));
}

#[test]
fn an_expression_shows_its_text() {
    let expr = Expr::parse("type == 'x'").unwrap();
    assert_eq!((expr.as_str(), format!("{expr:?}").as_str()), ("type == 'x'", "Expr(\"type == 'x'\")"));
}
