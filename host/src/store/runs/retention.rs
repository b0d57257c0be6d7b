//! Forgetting: runs that ended long ago, and sessions that nobody uses, in small steps.

use rusqlite::Connection;

use super::events;
use crate::model::Millis;
use crate::store::outbox::Stamp;
use crate::store::sweep::STEP;
use crate::store::{Store, StoreError};

const FULL: usize = STEP as usize;

impl Store {
    /// Deletes, in one small step, runs that ended before `before` and sessions that were last used before `sessions_before` and have no
    /// open run. True if there is more.
    pub async fn forget_runs(&self, before: Millis, sessions_before: Millis) -> Result<bool, StoreError> {
        const RUNS: &str =
            "DELETE FROM runs WHERE seq IN (SELECT seq FROM runs WHERE ended_at < ?1 ORDER BY ended_at LIMIT ?2)";
        let stamp = self.0.stamp.clone();
        self.0
            .writer
            .write(move |db| {
                let runs = db.prepare_cached(RUNS)?.execute((before.0, STEP))?;
                let sessions = end_sessions(db, &stamp, sessions_before)?;
                Ok(runs.max(sessions) == FULL)
            })
            .await
    }
}

fn end_sessions(db: &Connection, stamp: &Stamp, before: Millis) -> Result<usize, StoreError> {
    const SQL: &str = "DELETE FROM agent_sessions WHERE (agent_id, session_key) IN (SELECT agent_id, session_key \
         FROM agent_sessions s WHERE used_at < ?1 AND NOT EXISTS (SELECT 1 FROM runs WHERE runs.agent_id = s.agent_id \
         AND runs.session_key = s.session_key AND runs.state IN ('queued', 'running')) ORDER BY used_at LIMIT ?2) \
         RETURNING agent_id, session_key";
    let mut delete = db.prepare_cached(SQL)?;
    let ended = delete.query_map((before.0, STEP), |row| Ok((row.get(0)?, row.get(1)?)))?;
    let ended: Vec<(String, String)> = ended.collect::<Result<_, _>>()?;
    for (agent, session) in &ended {
        events::session_timed_out(db, stamp, agent, session)?;
    }
    Ok(ended.len())
}
