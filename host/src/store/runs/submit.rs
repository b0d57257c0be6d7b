//! Writing a run that is new.

use rusqlite::{Connection, named_params};

use super::{events, turn};
use crate::model::{Millis, NewRun, RunState, SessionMode};
use crate::store::StoreError;
use crate::store::outbox::Stamp;

/// Writes a new run, queued, with its events.
pub(in crate::store) fn put(db: &Connection, stamp: &Stamp, run: &NewRun, now: Millis) -> Result<(), StoreError> {
    let is_new_session = match run.mode {
        SessionMode::Isolated => true,
        SessionMode::Persistent => enter(db, run, now)?,
    };
    insert(db, run, now)?;
    turn::settle(db, run.agent.as_str(), run.session.as_str())?;
    if is_new_session {
        events::session_created(db, stamp, run)?;
    }
    events::received(db, stamp, run)?;
    stamp.news.runs_changed();
    Ok(())
}

/// Notes that the session is used. True if it is new.
fn enter(db: &Connection, run: &NewRun, now: Millis) -> Result<bool, StoreError> {
    const NEW: &str = "INSERT INTO agent_sessions (agent_id, session_key, created_at, used_at) VALUES (?1, ?2, ?3, ?3) \
         ON CONFLICT DO NOTHING";
    const USED: &str = "UPDATE agent_sessions SET used_at = ?3 WHERE agent_id = ?1 AND session_key = ?2";
    let session = (run.agent.as_str(), run.session.as_str(), now.0);
    if db.prepare_cached(NEW)?.execute(session)? > 0 {
        return Ok(true);
    }
    db.prepare_cached(USED)?.execute(session)?;
    Ok(false)
}

fn insert(db: &Connection, run: &NewRun, now: Millis) -> Result<(), StoreError> {
    let options = serde_json::to_string(&run.options).map_err(|error| StoreError::Refused(error.to_string()))?;
    let mut insert = db.prepare_cached(
        "INSERT INTO runs (run_id, agent_id, session_key, session_mode, kind, trust, origin, name, state, owner_key, flow_id, \
         task_id, callback_url, created_at, updated_at, options, message) VALUES (:run_id, :agent_id, :session_key, \
         :session_mode, :kind, :trust, :origin, :name, :state, :owner_key, :flow_id, :task_id, :callback_url, :now, :now, \
         :options, :message)",
    )?;
    insert.execute(named_params! {
        ":run_id": run.id.as_str(),
        ":agent_id": run.agent.as_str(),
        ":session_key": run.session.as_str(),
        ":session_mode": run.mode.as_str(),
        ":kind": run.kind.as_str(),
        ":trust": run.trust.as_str(),
        ":origin": run.origin,
        ":name": run.name,
        ":state": RunState::Queued.as_str(),
        ":owner_key": run.task.as_ref().map(|link| link.owner.as_str()),
        ":flow_id": run.task.as_ref().map(|link| link.flow.as_str()),
        ":task_id": run.task.as_ref().map(|link| link.task.as_str()),
        ":callback_url": run.callback_url,
        ":now": now.0,
        ":options": options,
        ":message": run.message,
    })?;
    Ok(())
}
