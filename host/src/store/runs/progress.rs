//! What is told of a run while it goes on.

use rusqlite::Connection;

use super::follow::{TaskRules, follow};
use super::{RunTold, events, reading};
use crate::model::{Millis, Run, RunNews, SessionMode};
use crate::store::outbox::Stamp;
use crate::store::{Store, StoreError};

impl Store {
    /// Writes news of a run, if the lease still holds; with `until`, a client's lease ends then and not before.
    pub async fn tell_run(
        &self,
        seq: i64,
        lease: i64,
        news: Vec<RunNews>,
        until: Option<Millis>,
        rules: TaskRules,
    ) -> Result<RunTold, StoreError> {
        let stamp = self.0.stamp.clone();
        self.0
            .writer
            .write(move |db| {
                let Some(run) = reading::held(db, seq, lease)? else { return Ok(RunTold::Stale) };
                news.iter().try_for_each(|news| tell(db, &stamp, &run, news, rules))?;
                if let Some(until) = until {
                    extend(db, seq, until, stamp.clock.now())?;
                }
                Ok(RunTold::Done { is_to_stop: run.cancel_at.is_some() })
            })
            .await
    }
}

fn tell(db: &Connection, stamp: &Stamp, run: &Run, news: &RunNews, rules: TaskRules) -> Result<(), StoreError> {
    let now = stamp.clock.now();
    match news {
        RunNews::Session(name) => remember(db, run, name, now),
        RunNews::Summary(line) => {
            const SQL: &str = "UPDATE runs SET summary = ?2, updated_at = ?3 WHERE seq = ?1";
            db.prepare_cached(SQL)?.execute((run.seq, line, now.0))?;
            follow(db, stamp, run, |task| (rules.progress)(task, line, now))?;
            Ok(())
        }
        RunNews::ToolCalled { id, name } => events::tool_called(db, stamp, &run.asked, id, name),
        RunNews::ToolCompleted { id, name, ok } => events::tool_completed(db, stamp, &run.asked, id, name, *ok),
    }
}

/// The runner's name for the session. An isolated run's is nobody's afterwards.
fn remember(db: &Connection, run: &Run, name: &str, now: Millis) -> Result<(), StoreError> {
    const SQL: &str =
        "UPDATE agent_sessions SET runner_session = ?3, used_at = ?4 WHERE agent_id = ?1 AND session_key = ?2";
    if run.asked.mode == SessionMode::Persistent {
        let session = (run.asked.agent.as_str(), run.asked.session.as_str(), name, now.0);
        db.prepare_cached(SQL)?.execute(session)?;
    }
    Ok(())
}

/// Never shorter: what was promised to the client holds.
fn extend(db: &Connection, seq: i64, until: Millis, now: Millis) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE runs SET leased_until = max(leased_until, ?2), updated_at = ?3 \
         WHERE seq = ?1 AND leased_until IS NOT NULL";
    db.prepare_cached(SQL)?.execute((seq, until.0, now.0))?;
    Ok(())
}
