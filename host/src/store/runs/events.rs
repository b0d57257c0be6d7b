//! The events of runs, in the words of OpenClaw's webhook guide. Each is written in the transaction of what it tells of.

use rusqlite::Connection;
use serde_json::{Map, Value, json};

use crate::model::{EventKind, Millis, NewEvent, NewRun, Run, RunEnd, RunKind};
use crate::store::StoreError;
use crate::store::outbox::{self, Stamp};

/// What is told as the channel where nobody named one.
const CHANNEL: &str = "webhook";

/// The agent got the message.
pub(super) fn received(db: &Connection, stamp: &Stamp, run: &NewRun) -> Result<(), StoreError> {
    // A wake-up is a note of the operator's systems.
    let role = if run.kind == RunKind::Wake { "system" } else { "user" };
    let message = json!({ "role": role, "content": run.message, "messageId": format!("msg_{}", run.id) });
    note(db, stamp, EventKind::MessageReceived, run, json!({ "message": message }))
}

/// A session began.
pub(super) fn session_created(db: &Connection, stamp: &Stamp, run: &NewRun) -> Result<(), StoreError> {
    note(db, stamp, EventKind::SessionCreated, run, json!({ "sessionMode": run.mode.as_str() }))
}

/// A session ended with its run.
pub(super) fn session_ended(db: &Connection, stamp: &Stamp, run: &NewRun) -> Result<(), StoreError> {
    note(db, stamp, EventKind::SessionEnded, run, json!({ "reason": "run ended" }))
}

/// A session that nobody used for long is forgotten.
pub(super) fn session_timed_out(db: &Connection, stamp: &Stamp, agent: &str, session: &str) -> Result<(), StoreError> {
    let data = json!({ "agentId": agent, "sessionId": session, "channel": CHANNEL, "reason": "timeout" });
    let event = NewEvent::new(stamp.ids.event(), EventKind::SessionEnded.as_str(), data.to_string());
    outbox::put(db, stamp, &NewEvent { session: Some(crate::model::SessionKey::new(session)), ..event })?;
    Ok(())
}

/// The agent answered.
pub(super) fn sent(db: &Connection, stamp: &Stamp, run: &NewRun, reply: &str, end: &RunEnd) -> Result<(), StoreError> {
    let message = json!({ "role": "assistant", "content": reply, "messageId": format!("msg_{}_reply", run.id) });
    let mut more = json!({ "message": message });
    if let Some(model) = &end.model {
        more["model"] = json!(model);
    }
    if let Some((input, output)) = end.usage {
        more["usage"] = json!({ "inputTokens": input, "outputTokens": output });
    }
    note(db, stamp, EventKind::MessageSent, run, more)
}

/// A tool was called.
pub(super) fn tool_called(
    db: &Connection,
    stamp: &Stamp,
    run: &NewRun,
    id: &str,
    name: &str,
) -> Result<(), StoreError> {
    note(db, stamp, EventKind::ToolCalled, run, json!({ "tool": { "name": name, "callId": id } }))
}

/// A tool call has ended.
pub(super) fn tool_completed(
    db: &Connection,
    stamp: &Stamp,
    run: &NewRun,
    id: &str,
    name: &str,
    ok: bool,
) -> Result<(), StoreError> {
    note(db, stamp, EventKind::ToolCompleted, run, json!({ "tool": { "name": name, "callId": id, "ok": ok } }))
}

/// Something went wrong.
pub(super) fn error(db: &Connection, stamp: &Stamp, run: &NewRun, message: &str) -> Result<(), StoreError> {
    note(db, stamp, EventKind::ErrorOccurred, run, json!({ "error": { "message": message } }))
}

/// A run has ended. Whoever gave a URL with it is told there; the URL is no part of what others are told.
pub(super) fn finished(
    db: &Connection,
    stamp: &Stamp,
    run: &Run,
    end: &RunEnd,
    ended_at: Millis,
) -> Result<(), StoreError> {
    const CALL_BACK: &str = "INSERT INTO callbacks (event, url) SELECT seq, ?2 FROM events WHERE event_id = ?1";
    let more = json!({
        "status": end.state.as_str(),
        "reply": end.reply,
        "error": end.error,
        "startedAt": run.started_at.map(|at| at.0),
        "endedAt": ended_at.0,
    });
    let event = event(stamp, EventKind::RunFinished, &run.asked, more);
    outbox::put(db, stamp, &event)?;
    if let Some(url) = &run.asked.callback_url {
        db.prepare_cached(CALL_BACK)?.execute((event.id.as_str(), url))?;
    }
    Ok(())
}

fn note(db: &Connection, stamp: &Stamp, kind: EventKind, run: &NewRun, more: Value) -> Result<(), StoreError> {
    outbox::put(db, stamp, &event(stamp, kind, run, more))?;
    Ok(())
}

fn event(stamp: &Stamp, kind: EventKind, run: &NewRun, more: Value) -> NewEvent {
    let mut data = Map::new();
    data.insert("agentId".into(), json!(run.agent.as_str()));
    data.insert("sessionId".into(), json!(run.session.as_str()));
    data.insert("channel".into(), json!(run.options.channel.as_deref().unwrap_or(CHANNEL)));
    data.insert("runId".into(), json!(run.id.as_str()));
    if let Value::Object(more) = more {
        data.extend(more);
    }
    let event = NewEvent::new(stamp.ids.event(), kind.as_str(), Value::Object(data).to_string());
    NewEvent { session: Some(run.session.clone()), ..event }
}
