//! What the actions answer: every row of the contract's tables of results and refusals.

#![allow(clippy::unwrap_used, reason = "a test stops where it is surprised, in its helpers too")]

use sandclaw_sdk::testing::MemorySession;
use sandclaw_sdk::{Action, Error, Reply, Request, Session};
use serde_json::Value;
use taskflow_actions::TaskFlowActions;

fn act(session: &MemorySession, body: &str) -> Reply {
    TaskFlowActions::handle(session, &Request::new(body)).unwrap()
}

/// An action on a flow, at a revision.
fn act_on(session: &MemorySession, action: &str, flow_id: &str, rest: &str) -> Reply {
    act(session, &format!(r#"{{"action":"{action}","flowId":"{flow_id}"{rest}}}"#))
}

fn create(session: &MemorySession) -> String {
    let reply = act(session, r#"{"action":"create_flow","goal":"g"}"#);
    text(&reply, "/flow/flowId")
}

/// A string of the result; half a surrogate pair, which serde_json cannot read, is left out first.
fn text(reply: &Reply, pointer: &str) -> String {
    let result: Value = serde_json::from_str(&reply.result.replace(r"\ud800", "")).unwrap();
    result.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_string()
}

/// Status, code, error, and the result with each FLOW and TASK as a word.
#[track_caller]
fn told(reply: &Reply, status: u16, code: Option<&str>, error: Option<&str>, result: &str) {
    assert_eq!((reply.status, reply.code.as_deref(), reply.error.as_deref()), (status, code, error), "{reply:?}");
    let mut given = reply.result.clone();
    for (start, word) in [(r#"{"flowId""#, "FLOW"), (r#"{"taskId""#, "TASK")] {
        while let Some(at) = given.find(start) {
            let end = at + given[at..].find('}').unwrap() + 1;
            given.replace_range(at..end, word);
        }
    }
    assert_eq!(given, result);
}

#[test]
fn reads_find_a_flow_or_null_and_never_404() {
    let session = MemorySession::new();
    for action in ["get_flow", "get_task_summary"] {
        let name = if action == "get_flow" { "flow" } else { "summary" };
        told(&act_on(&session, action, "x", ""), 200, None, None, &format!(r#"{{"{name}":null}}"#));
        told(&act_on(&session, action, r"\ud800", ""), 200, None, None, &format!(r#"{{"{name}":null}}"#));
    }
    told(&act(&session, r#"{"action":"find_latest_flow"}"#), 200, None, None, r#"{"flow":null}"#);
    told(&act(&session, r#"{"action":"list_flows"}"#), 200, None, None, r#"{"flows":[]}"#);
    let id = create(&session);
    create(&session);
    told(&act_on(&session, "get_flow", &format!(r"\n {id}\u00a0"), ""), 200, None, None, r#"{"flow":FLOW}"#);
    told(&act(&session, r#"{"action":"find_latest_flow"}"#), 200, None, None, r#"{"flow":FLOW}"#);
    told(&act(&session, r#"{"action":"list_flows"}"#), 200, None, None, r#"{"flows":[FLOW,FLOW]}"#);
    for (token, found) in [(" agent:main:main ", "FLOW"), (id.as_str(), "FLOW"), ("nope", "null"), (r"\udc00", "null")]
    {
        let reply = act(&session, &format!(r#"{{"action":"resolve_flow","token":"{token}"}}"#));
        told(&reply, 200, None, None, &format!(r#"{{"flow":{found}}}"#));
    }
    let summary = act_on(&session, "get_task_summary", &id, "");
    assert!(
        summary
            .result
            .starts_with(r#"{"summary":{"total":0,"active":0,"terminal":0,"failures":0,"byStatus":{"queued":0,"#)
    );
}

#[test]
fn what_is_created_is_what_was_sent_trimmed() {
    let session = MemorySession::new();
    session.hold_clock_at(5);
    let reply = act(
        &session,
        r#"{"waitJson":"\ud800","action":"create_flow","goal":"　\u000b\"a\\n\\ \ud800\n","currentStep":" s\t","stateJson":{"z":1e+21,"":[" x "]},"status":"running"}"#,
    );
    assert_eq!(
        reply.result.replace(&text(&reply, "/flow/flowId"), "ID"),
        r#"{"flow":{"flowId":"ID","syncMode":"managed","controllerId":"webhooks/test","currentStep":"s","revision":0,"status":"running","notifyPolicy":"done_only","goal":"\"a\\n\\ \ud800","stateJson":{"z":1e+21,"":[" x "]},"waitJson":"\ud800","createdAt":5,"updatedAt":5}}"#
    );
}

#[test]
fn the_five_changes_apply_or_say_why_not() {
    let session = MemorySession::new();
    let mirrored = session.insert_mirrored("m");
    for action in ["set_waiting", "resume_flow", "finish_flow", "fail_flow", "request_cancel"] {
        let id = create(&session);
        let at = |id: &str, revision| act_on(&session, action, id, &format!(r#","expectedRevision":{revision}"#));
        told(&at(&id, 0), 200, None, None, r#"{"applied":true,"flow":FLOW}"#);
        for unknown in ["x", r"\ud800"] {
            let result = r#"{"applied":false,"code":"not_found"}"#;
            told(&at(unknown, 0), 404, Some("not_found"), Some("TaskFlow not found."), result);
        }
        let sentence = "TaskFlow is not managed by this webhook surface.";
        let result = r#"{"applied":false,"code":"not_managed","current":FLOW}"#;
        told(&at(&mirrored, 9), 409, Some("not_managed"), Some(sentence), result);
        let sentence = "TaskFlow changed since the caller's expected revision.";
        let result = r#"{"applied":false,"code":"revision_conflict","current":FLOW}"#;
        told(&at(&id, 0), 409, Some("revision_conflict"), Some(sentence), result);
        told(&at(&id, 2), 409, Some("revision_conflict"), Some(sentence), result);
        session.refuse_next("persist_failed", "disk");
        let result = r#"{"applied":false,"code":"persist_failed"}"#;
        told(&at(&id, 1), 503, Some("persist_failed"), Some("TaskFlow persistence failed."), result);
        session.refuse_next("of_tomorrow", "?");
        let result = r#"{"applied":false,"code":"mutation_rejected"}"#;
        told(&at(&id, 1), 409, Some("mutation_rejected"), Some("TaskFlow mutation was rejected."), result);
    }
}

#[test]
fn absent_keeps_null_clears_and_a_value_sets() {
    let session = MemorySession::new();
    let id = create(&session);
    let wait = |revision, rest| {
        act_on(&session, "set_waiting", &id, &format!(r#","expectedRevision":{revision}{rest}"#)).result
    };
    let has = |result: &str, parts: &[&str]| {
        parts.iter().for_each(|part| assert!(result.contains(part), "{part} in {result}"))
    };
    let set = wait(0, r#","blockedSummary":" why ","stateJson":{"n":1},"currentStep":"s""#);
    has(
        &set,
        &[r#""status":"blocked""#, r#""blockedSummary":"why""#, r#""stateJson":{"n":1}"#, r#""currentStep":"s""#],
    );
    let kept = wait(1, "");
    has(
        &kept,
        &[r#""status":"waiting""#, r#""blockedSummary":"why""#, r#""stateJson":{"n":1}"#, r#""currentStep":"s""#],
    );
    let cleared = wait(2, r#","blockedSummary":null,"stateJson":null,"currentStep":null"#);
    has(&cleared, &[r#""status":"waiting""#, r#""stateJson":null"#]);
    assert!(!cleared.contains("blockedSummary") && !cleared.contains("currentStep"), "{cleared}");
}

#[test]
fn a_flow_is_cancelled_or_waits_for_its_tasks_or_cannot_be() {
    let session = MemorySession::new();
    for unknown in ["x", r"\udfff"] {
        let result = r#"{"found":false,"cancelled":false,"reason":"Flow not found."}"#;
        told(
            &act_on(&session, "cancel_flow", unknown, ""),
            404,
            Some("not_found"),
            Some("TaskFlow not found."),
            result,
        );
    }
    let id = create(&session);
    told(
        &act_on(&session, "cancel_flow", &id, ""),
        200,
        None,
        None,
        r#"{"found":true,"cancelled":true,"flow":FLOW,"tasks":[]}"#,
    );
    let sentence = "Flow is already cancelled.";
    let result = r#"{"found":true,"cancelled":false,"reason":"Flow is already cancelled.","flow":FLOW,"tasks":[]}"#;
    told(&act_on(&session, "cancel_flow", &id, ""), 409, Some("terminal"), Some(sentence), result);

    let id = create(&session);
    let task = act_on(&session, "run_task", &id, r#","runtime":"acp","task":"t""#);
    let result = r#"{"found":true,"cancelled":false,"reason":"One or more child tasks are still active.","flow":FLOW,"tasks":[TASK]}"#;
    for _ in 0..2 {
        told(&act_on(&session, "cancel_flow", &id, ""), 202, Some("cancel_pending"), None, result);
    }
    assert!(session.end_task(&text(&task, "/task/taskId"), "succeeded"));
    assert!(session.get_flow(&id).unwrap().unwrap().contains(r#""status":"cancelled""#));

    for (code, status, said, sentence) in [
        ("revision_conflict", 409, "revision_conflict", "Flow changed while cancellation was in progress."),
        ("persist_failed", 503, "persist_failed", "Flow persistence failed."),
        ("of_tomorrow", 409, "cancel_rejected", "No \"way\"."),
        ("terminal", 409, "terminal", "No \"way\"."),
    ] {
        session.refuse_next(code, "No \"way\".");
        let reason = Value::from(sentence);
        let result = format!(r#"{{"found":true,"cancelled":false,"reason":{reason}}}"#);
        told(&act_on(&session, "cancel_flow", &id, ""), status, Some(said), Some(sentence), &result);
    }
}

#[test]
fn a_task_is_recorded_or_the_flow_takes_none() {
    let session = MemorySession::new();
    let run = |id: &str| act_on(&session, "run_task", id, r#","runtime":"acp","task":" t ""#);
    let id = create(&session);
    told(&run(&id), 200, None, None, r#"{"created":true,"flow":FLOW,"task":TASK}"#);
    assert!(run(&id).result.contains(r#""task":"t","status":"queued""#));
    let refused = |reply: &Reply, status, code: &str, sentence: &str| {
        let reason = Value::from(sentence);
        let result = format!(r#"{{"found":true,"created":false,"reason":{reason},"flow":FLOW}}"#);
        told(reply, status, Some(code), Some(sentence), &result);
    };
    let result = r#"{"found":false,"created":false,"reason":"Flow not found."}"#;
    told(&run("x"), 404, Some("not_found"), Some("TaskFlow not found."), result);
    refused(&run(&session.insert_mirrored("m")), 409, "not_managed", "Flow does not accept managed child tasks.");
    act_on(&session, "request_cancel", &id, r#","expectedRevision":0"#);
    refused(&run(&id), 409, "cancel_requested", "Flow cancellation has already been requested.");
    let id = create(&session);
    act_on(&session, "fail_flow", &id, r#","expectedRevision":0"#);
    refused(&run(&id), 409, "terminal", "Flow is already failed.");
    for (code, status, said, sentence) in [
        ("persist_failed", 503, "persist_failed", "Task persistence failed."),
        ("of_tomorrow", 409, "task_not_created", "Task backing ownership could not be verified."),
    ] {
        session.refuse_next(code, "Task backing ownership could not be verified.");
        let reason = Value::from(sentence);
        let result = format!(r#"{{"found":true,"created":false,"reason":{reason}}}"#);
        told(&run(&id), status, Some(said), Some(sentence), &result);
    }
}

#[test]
fn a_creation_that_fails_says_so() {
    let session = MemorySession::new();
    let create = r#"{"action":"create_flow","goal":"g"}"#;
    session.refuse_next("persist_failed", "disk");
    let result = r#"{"created":false,"code":"persist_failed"}"#;
    told(&act(&session, create), 503, Some("persist_failed"), Some("TaskFlow persistence failed."), result);
    session.refuse_next("of_tomorrow", "No room.");
    let result = r#"{"created":false,"code":"create_rejected"}"#;
    told(&act(&session, create), 409, Some("create_rejected"), Some("No room."), result);
}

#[test]
fn a_read_that_fails_is_a_refusal_and_a_value_the_host_refuses_is_the_callers() {
    let session = MemorySession::new();
    session.refuse_next("persist_failed", "disk");
    let outcome = TaskFlowActions::handle(&session, &Request::new(r#"{"action":"list_flows"}"#));
    assert!(matches!(outcome, Err(Error::Refused(refusal)) if Reply::refused(refusal.clone()).status == 503));
    for body in [r#"{"action":"create_flow","goal":"g"}"#, r#"{"action":"cancel_flow","flowId":"x"}"#] {
        session.refuse_next("invalid_argument", "fields.stateJson is too deep");
        let outcome = TaskFlowActions::handle(&session, &Request::new(body));
        assert_eq!(outcome, Err(Error::invalid("fields.stateJson is too deep")));
    }
}

#[test]
fn a_list_of_thousands_is_whole_and_in_order() {
    let session = MemorySession::new();
    for _ in 0..2_500 {
        session.create_flow(r#"{"goal":"g"}"#).unwrap();
    }
    let reply = act(&session, r#"{"action":"list_flows"}"#);
    let result: Value = serde_json::from_str(&reply.result).unwrap();
    let created: Vec<i64> =
        result["flows"].as_array().unwrap().iter().map(|flow| flow["createdAt"].as_i64().unwrap()).collect();
    assert_eq!(created.len(), 2_500);
    assert!(created.is_sorted_by(|a, b| a > b));
}
