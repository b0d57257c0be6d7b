//! Whose turn it is: of the runs of a session that have not ended, the first one is running or has its turn, and the others wait. Whoever
//! opens or ends a run calls [`settle`] in the same transaction. An index holds that two are never in front.

use rusqlite::Connection;

use crate::store::StoreError;

/// Gives the first open run of the session its turn, unless it is running.
pub(super) fn settle(db: &Connection, agent: &str, session: &str) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE runs SET turn = 1 WHERE state = 'queued' AND turn = 0 AND seq = (SELECT seq FROM runs \
         WHERE agent_id = ?1 AND session_key = ?2 AND state IN ('queued', 'running') ORDER BY seq LIMIT 1)";
    db.prepare_cached(SQL)?.execute((agent, session))?;
    Ok(())
}
