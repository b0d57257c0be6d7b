use super::*;
use crate::json::canonical;

fn read(body: &str) -> Result<Vec<NewEvent>, String> {
    events(&canonical(body.as_bytes()).unwrap(), Ids).map_err(|wrong| wrong.to_string())
}

#[track_caller]
fn refused(body: &str, expected: &str) {
    assert_eq!(read(body).map(|events| events.len()), Err(expected.to_owned()), "{body}");
}

#[test]
fn an_event_is_taken_as_it_was_sent() {
    let events = read(
        r#"{"id":"evt_abc-DEF_1","type":"message.sent","timestamp":"2026-03-14T18:30:00+08:00",
            "instanceId":"node-1","data":{"agentId":"a","sessionId":"session-001","text":"\ud800 hi","n":1.50}}"#,
    );
    let expected = NewEvent {
        id: EventId::new("evt_abc-DEF_1"),
        kind: "message.sent".into(),
        timestamp: Some("2026-03-14T10:30:00Z".into()),
        instance: Some("node-1".into()),
        session: Some(SessionKey::new("session-001")),
        data: r#"{"agentId":"a","sessionId":"session-001","text":"\ud800 hi","n":1.5}"#.into(),
    };
    assert_eq!(events, Ok(vec![expected]));
}

#[test]
fn what_is_left_out_is_filled_in() {
    let events = read(r#"[{"type":"a","data":{}},{"type":"a.b","data":{}}]"#).unwrap();
    assert_eq!(events.len(), 2);
    assert!(events.iter().all(|event| event.id.as_str().starts_with("evt_") && event.id.as_str().len() == 36));
    assert_ne!(events[0].id, events[1].id);
    assert_eq!((&events[0].timestamp, &events[0].session, events[0].data.as_str()), (&None, &None, "{}"));
    assert_eq!(events[0].instance, None);
}

#[test]
fn the_session_is_its_key_or_else_its_id() {
    for (data, expected) in [
        (r#"{"sessionKey":"k","sessionId":"i"}"#, Some("k")),
        (r#"{"sessionId":"i","sessionKey":7}"#, Some("i")),
        (r#"{"sessionId":"i"}"#, Some("i")),
        (r#"{"sessionKey":""}"#, None),
        (r#"{"sessionKey":null}"#, None),
        (r#"{"deep":{"sessionKey":"k"}}"#, None),
    ] {
        let events = read(&format!(r#"{{"type":"a.b","data":{data}}}"#)).unwrap();
        assert_eq!(events[0].session.as_ref().map(SessionKey::as_str), expected, "{data}");
    }
}

#[test]
fn types_are_lower_case_words_with_dots_and_none_of_the_gateways_own() {
    let words = "must be lower-case words with dots between them, such as `message.sent`";
    let reserved = |prefix: &str| format!("`{prefix}*` is reserved for events of the gateway itself; use another word");
    let of = |kind: &str| read(&format!(r#"{{"type":"{kind}","data":{{}}}}"#)).map(|events| events[0].kind.clone());
    for good in ["ping", "message.sent", "a.b.c", "order_2.line-item.x9", "flows.created", "tasks", &"a".repeat(100)] {
        assert_eq!(of(good).as_deref(), Ok(good));
    }
    for bad in ["", ".", "a.", ".a", "a..b", "Message.sent", "a b", "9a", "-a", "a/b", "消息.sent", "a.*"] {
        assert_eq!(of(bad), Err(format!("type: {words}")), "{bad}");
    }
    for prefix in RESERVED {
        assert_eq!(of(&format!("{prefix}x")), Err(format!("type: {}", reserved(prefix))));
    }
    assert_eq!(of(&"a".repeat(101)), Err("type: too long; at most 100 characters".into()));
}

#[test]
fn ids_have_their_prefix_and_a_short_plain_rest() {
    let of =
        |id: &str| read(&format!(r#"{{"id":"{id}","type":"a.b","data":{{}}}}"#)).map(|events| events[0].id.to_string());
    for good in ["evt_1", &format!("evt_{}", "x".repeat(64))] {
        assert_eq!(of(good).as_deref(), Ok(good));
    }
    for bad in ["", "evt_", "evt", "abc", "EVT_1", "evt_a b", "evt_a.b", "evt_é", &format!("evt_{}", "x".repeat(65))] {
        assert_eq!(of(bad), Err("id: must be `evt_` and 1 to 64 letters, digits, `_` or `-`".into()), "{bad}");
    }
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    refused("7", "must be an event or an array of events, not a number");
    refused("null", "must be an event or an array of events, not null");
    refused("[]", "no events; send one, or an array of at least one");
    refused(r#"[{"type":"a.b","data":{}},"x"]"#, "[1]: must be an event, not a string");
    refused("{}", "type: is missing; every event has one, such as `message.sent`");
    refused(r#"{"type":"a.b","data":{},"instanceId":7}"#, "instanceId: must be a string, not a number");
    let long = format!(r#"{{"type":"a.b","data":{{}},"instanceId":"{}"}}"#, "n".repeat(129));
    refused(&long, "instanceId: must be 1 to 128 bytes without control characters");
    refused(r#"{"type":"a.b"}"#, "data: is missing; every event has one, if only `{}`");
    refused(r#"{"type":7,"data":{}}"#, "type: must be a string, not a number");
    refused(r#"{"type":"a.b","data":[]}"#, "data: must be an object, not an array");
    refused(r#"{"type":"a.b","data":null}"#, "data: must be an object, not null");
    refused(r#"{"type":"a.b","data":{},"id":null}"#, "id: must be a string, not null");
    refused(r#"{"type":"a.b","data":{},"timestamp":1710400200}"#, "timestamp: must be a string, not a number");
    refused(
        r#"{"type":"a.b","data":{},"timestamp":"2026-03-14"}"#,
        "timestamp: must be an RFC 3339 date and time with its zone, such as `2026-03-14T10:30:00Z`",
    );
    refused(
        r#"{"type":"a.b","data":{"x":[1e999]}}"#,
        "data: holds a number beyond the range of doubles; send it as a string",
    );
    refused(
        r#"{"type":"a.b","data":{},"dta":{}}"#,
        "dta: unknown member; an event has type, data, id, timestamp and instanceId",
    );
    refused(
        r#"[{"type":"a.b","data":{}},{"type":"a.b","data":{}},{"type":"a.b","data":{}},{"type":"A","data":{}}]"#,
        "[3].type: must be lower-case words with dots between them, such as `message.sent`",
    );
}

#[test]
fn a_thousand_events_and_no_more() {
    let body = |count: usize| format!("[{}]", vec![r#"{"type":"a.b","data":{}}"#; count].join(","));
    assert_eq!(read(&body(1000)).map(|events| events.len()), Ok(1000));
    refused(&body(1001), "too many events; send at most 1000 in one request");
}

#[test]
fn a_name_from_outside_stays_short_and_on_one_line() {
    let long = format!(r#"{{"{}":1}}"#, "\\n".repeat(100));
    refused(
        &long,
        &format!("{}…: unknown member; an event has type, data, id, timestamp and instanceId", "\\n".repeat(40)),
    );
}
