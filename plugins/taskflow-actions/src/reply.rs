//! What the caller is told: results, status codes and sentences, as OpenClaw gives them.

use alloc::string::String;
use alloc::vec::Vec;

use sandclaw_sdk::{Error, Json, Refusal, Reply};

use crate::json::{member, quoted};

/// 200 `{"flow": FLOW}`.
pub fn created(outcome: Result<Json, Refusal>) -> Result<Reply, Error> {
    let refusal = match outcome {
        Ok(flow) => return Ok(Reply::ok(["{\"flow\":", &flow, "}"].concat())),
        Err(refusal) => refusal,
    };
    let (status, code, error) = match refusal.code.as_str() {
        "invalid_argument" => return Err(Error::Invalid(refusal.message)),
        "persist_failed" => (503, "persist_failed", "TaskFlow persistence failed."),
        _ => (409, "create_rejected", refusal.message.as_str()),
    };
    Ok(Reply::refuse(status, code, error, ["{\"created\":false,\"code\":\"", code, "\"}"].concat()))
}

/// 200 `{"flow": FLOW | null}`, or `summary`.
pub fn found(name: &str, value: Option<Json>) -> Result<Reply, Error> {
    Ok(Reply::ok(["{\"", name, "\":", value.as_deref().unwrap_or("null"), "}"].concat()))
}

/// 200 `{"flows": [FLOW…]}` from pages, each an array.
pub fn list(pages: &[Json]) -> Reply {
    let bytes = pages.iter().map(|page| page.len()).sum::<usize>();
    let mut result = String::with_capacity(bytes + "{\"flows\":[]}".len());
    result.push_str("{\"flows\":[");
    let start = result.len();
    for flows in pages.iter().filter_map(|page| inside(page)).filter(|flows| !flows.is_empty()) {
        if result.len() > start {
            result.push(',');
        }
        result.push_str(flows);
    }
    result.push_str("]}");
    Reply::ok(result)
}

fn inside(array: &str) -> Option<&str> {
    array.strip_prefix('[')?.strip_suffix(']')
}

/// 200 `{"applied": true, "flow": FLOW}`; refused `{"applied": false, "code", "current"?: FLOW}`.
pub fn changed(outcome: Result<Json, Refusal>) -> Result<Reply, Error> {
    let refusal = match outcome {
        Ok(flow) => return Ok(Reply::ok(["{\"applied\":true,\"flow\":", &flow, "}"].concat())),
        Err(refusal) => refusal,
    };
    let (status, code, error) = match refusal.code.as_str() {
        "not_found" => (404, "not_found", "TaskFlow not found."),
        "not_managed" => (409, "not_managed", "TaskFlow is not managed by this webhook surface."),
        "revision_conflict" => (409, "revision_conflict", "TaskFlow changed since the caller's expected revision."),
        "persist_failed" => (503, "persist_failed", "TaskFlow persistence failed."),
        "invalid_argument" => return Err(Error::Invalid(refusal.message)),
        _ => (409, "mutation_rejected", "TaskFlow mutation was rejected."),
    };
    let current = member(&refusal.data, "current");
    let result = object(&[("applied", Some("false")), ("code", Some(&quoted(code))), ("current", current)]);
    Ok(Reply::refuse(status, code, error, result))
}

/// 200, or 202 while a task is still active: `{"found", "cancelled", "reason"?, "flow"?, "tasks"?}`.
pub fn cancelled(outcome: Result<Json, Refusal>) -> Result<Reply, Error> {
    let refusal = match outcome {
        Ok(told) => return Ok(cancelled_or_pending(&told)),
        Err(refusal) => refusal,
    };
    let ended = already(&refusal);
    let (status, code, reason) = match refusal.code.as_str() {
        "not_found" => (404, "not_found", "Flow not found."),
        "terminal" => (409, "terminal", ended.as_str()),
        "revision_conflict" => (409, "revision_conflict", "Flow changed while cancellation was in progress."),
        "persist_failed" => (503, "persist_failed", "Flow persistence failed."),
        "invalid_argument" => return Err(Error::Invalid(refusal.message)),
        _ => (409, "cancel_rejected", refusal.message.as_str()),
    };
    Ok(Reply::refuse(status, code, error_of(code, reason), unfound("cancelled", code, reason, &refusal.data)))
}

fn cancelled_or_pending(told: &str) -> Reply {
    let is_cancelled = member(told, "cancelled") == Some("true");
    let result = object(&[
        ("found", Some("true")),
        ("cancelled", Some(if is_cancelled { "true" } else { "false" })),
        ("reason", member(told, "reason")),
        ("flow", member(told, "flow")),
        ("tasks", member(told, "tasks")),
    ]);
    if is_cancelled { Reply::ok(result) } else { Reply::accepted("cancel_pending", result) }
}

/// 200 `{"created": true, "flow": FLOW, "task": TASK}`; refused `{"found", "created": false, "reason", "flow"?}`.
pub fn task(outcome: Result<Json, Refusal>) -> Result<Reply, Error> {
    let refusal = match outcome {
        Ok(told) => {
            let (flow, task) = (member(&told, "flow"), member(&told, "task"));
            return Ok(Reply::ok(object(&[("created", Some("true")), ("flow", flow), ("task", task)])));
        }
        Err(refusal) => refusal,
    };
    let ended = already(&refusal);
    let (status, code, reason) = match refusal.code.as_str() {
        "not_found" => (404, "not_found", "Flow not found."),
        "not_managed" => (409, "not_managed", "Flow does not accept managed child tasks."),
        "cancel_requested" => (409, "cancel_requested", "Flow cancellation has already been requested."),
        "terminal" => (409, "terminal", ended.as_str()),
        "persist_failed" => (503, "persist_failed", "Task persistence failed."),
        "invalid_argument" => return Err(Error::Invalid(refusal.message)),
        _ => (409, "task_not_created", refusal.message.as_str()),
    };
    Ok(Reply::refuse(status, code, error_of(code, reason), unfound("created", code, reason, &refusal.data)))
}

/// The sentence of the answer is the reason, but for the one that all actions share.
fn error_of<'a>(code: &str, reason: &'a str) -> &'a str {
    if code == "not_found" { "TaskFlow not found." } else { reason }
}

fn unfound(what: &str, code: &str, reason: &str, data: &str) -> Json {
    object(&[
        ("found", Some(if code == "not_found" { "false" } else { "true" })),
        (what, Some("false")),
        ("reason", Some(&quoted(reason))),
        ("flow", member(data, "flow")),
        ("tasks", member(data, "tasks")),
    ])
}

/// The sentence names the status, so it is made from the flow, or taken from the host if there is none to look at.
fn already(refusal: &Refusal) -> String {
    let status = member(&refusal.data, "flow").and_then(|flow| member(flow, "status"));
    match status {
        Some(status) => ["Flow is already ", status.trim_matches('"'), "."].concat(),
        None => refusal.message.clone(),
    }
}

/// A JSON object of the members that are there.
fn object(members: &[(&str, Option<&str>)]) -> Json {
    let mut parts: Vec<&str> = Vec::with_capacity(members.len() * 4 + 1);
    for (name, value) in members {
        let Some(value) = value else { continue };
        parts.extend([if parts.is_empty() { "{\"" } else { ",\"" }, name, "\":", value]);
    }
    parts.push("}");
    parts.concat()
}
