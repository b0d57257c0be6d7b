//! Exchanges with a real OpenClaw 2026.4.7 (`exchanges.jsonl`), played again in order: the answers must be equal to the letter,
//! member order included.
//!
//! A line holds the session, the route's controller, the body as the host hands it on, and the answer. In a body, `{{case.result.…}}`
//! is a value of an earlier answer; in an answer, `<flowId@case>` is the id that this case was first told, and `<t:case>` the time it ran.

#![allow(clippy::unwrap_used, reason = "a test stops where it is surprised, in its helpers too")]

use std::collections::HashMap;

use sandclaw_sdk::testing::MemorySession;
use sandclaw_sdk::{Action, Error, Reply, Request};
use serde_json::Value;
use taskflow_actions::TaskFlowActions;

/// When the first case runs, in milliseconds; each later one runs a millisecond after the one before.
const START: u64 = 1_795_177_700_000;

#[test]
fn recorded_exchanges_are_answered_to_the_letter() {
    let mut sessions: HashMap<String, MemorySession> = HashMap::new();
    let mut marks: Vec<(String, String)> = Vec::new();
    let mut told: HashMap<String, Value> = HashMap::new();
    let exchanges = include_str!("exchanges.jsonl").lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    for (exchange, now) in exchanges.zip(START..) {
        let text = |pointer: &str| exchange.pointer(pointer).and_then(Value::as_str);
        let (case, key) = (text("/case").unwrap(), text("/session").unwrap());
        let session = sessions.entry(key.into()).or_insert_with(|| MemorySession::new().with_key(key));
        session.set_controller_id(text("/controller").unwrap());
        session.hold_clock_at(now);

        let body = filled_in(text("/body").unwrap(), &told);
        let reply = answer(session, &body);

        let result: Value = serde_json::from_str(&reply.result).unwrap();
        for (pointer, name) in [("/flow/flowId", "flowId"), ("/task/taskId", "taskId")] {
            if let Some(id) = result.pointer(pointer).and_then(Value::as_str) {
                marks.push((format!("<{name}@{case}>"), id.into()));
            }
        }
        marks.push((format!("\"<t:{case}>\""), now.to_string()));
        told.insert(case.into(), serde_json::json!({ "result": result }));
        let expected =
            marks.iter().fold(text("/answer/result").unwrap_or("{}").to_string(), |expected, (mark, value)| {
                expected.replace(mark, value)
            });

        let status = exchange["answer"]["status"].as_u64().unwrap();
        assert_eq!(u64::from(reply.status), status, "{case}: {reply:?}");
        assert_eq!(reply.code.as_deref(), text("/answer/code"), "{case}");
        assert_eq!(reply.error.as_deref(), text("/answer/error"), "{case}");
        assert_eq!(reply.result, expected, "{case}");
    }
    assert!(told.len() > 100, "only {} exchanges", told.len());
}

/// As the host answers: an error of the caller's is a 400 without a result.
fn answer(session: &MemorySession, body: &str) -> Reply {
    match TaskFlowActions::handle(session, &Request::new(body)) {
        Ok(reply) => reply,
        Err(Error::Invalid(message)) => Reply::refuse(400, "invalid_request", message, "{}"),
        Err(error) => panic!("{body}: {error}"),
    }
}

fn filled_in(body: &str, told: &HashMap<String, Value>) -> String {
    let mut parts = body.split("{{");
    let mut filled = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let (place, rest) = part.split_once("}}").unwrap();
        let (case, path) = place.split_once('.').unwrap();
        let value = told[case].pointer(&format!("/{}", path.replace('.', "/"))).unwrap();
        filled.push_str(value.as_str().unwrap_or(&value.to_string()));
        filled.push_str(rest);
    }
    filled
}
