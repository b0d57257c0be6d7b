//! The end of a run: how it ended, the events of that, its task record, and whose turn it is now, in one transaction.

use rusqlite::{Connection, named_params};

use super::follow::{self, TaskRules};
use super::reading::{self, run_columns};
use super::{RunCancelled, RunEnded, events, turn};
use crate::model::{FlowId, Millis, Run, RunEnd, RunId, RunState, SessionMode};
use crate::store::outbox::Stamp;
use crate::store::{Store, StoreError};

/// Why a run ended that somebody did not want any more.
const CANCELLED: &str = "cancelled on request";
const CANCELLED_WITH_FLOW: &str = "cancelled with its flow";

impl Store {
    /// Ends a run, if the lease still holds. Told twice, it counts once.
    pub async fn complete_run(
        &self,
        seq: i64,
        lease: i64,
        ending: RunEnd,
        rules: TaskRules,
    ) -> Result<RunEnded, StoreError> {
        const SAME: &str = "SELECT count(*) FROM runs WHERE seq = ?1 AND lease = ?2 AND state = ?3";
        let stamp = self.0.stamp.clone();
        self.0
            .writer
            .write(move |db| {
                if let Some(run) = reading::held(db, seq, lease)? {
                    end(db, &stamp, &run, &ending, rules)?;
                    return Ok(RunEnded::Done);
                }
                let is_same: bool =
                    db.prepare_cached(SAME)?.query_row((seq, lease, ending.state.as_str()), |row| row.get(0))?;
                Ok(if is_same { RunEnded::Repeated } else { RunEnded::Stale })
            })
            .await
    }

    /// Ends a run that was not begun; notes of one that is under way that it is to be stopped.
    pub async fn cancel_run(&self, id: &RunId, rules: TaskRules) -> Result<RunCancelled, StoreError> {
        let (stamp, id) = (self.0.stamp.clone(), id.clone());
        self.0
            .writer
            .write(move |db| match reading::by_id(db, &id)? {
                None => Ok(RunCancelled::Missing),
                Some(run) => cancel(db, &stamp, &run, CANCELLED, rules),
            })
            .await
    }
}

/// Cancels the runs behind the active tasks of a flow. Returns whether there were any.
pub(in crate::store) fn cancel_of_flow(
    db: &Connection,
    stamp: &Stamp,
    flow: &FlowId,
    rules: TaskRules,
) -> Result<bool, StoreError> {
    const SQL: &str = concat!(
        "SELECT ",
        run_columns!(),
        " FROM runs WHERE state IN ('queued', 'running') AND task_id IN \
         (SELECT task_id FROM tasks WHERE flow_id = ?1 AND status IN ('queued', 'running'))"
    );
    let runs = reading::all(db, SQL, [flow.as_str()])?;
    // The flow's own end is whoever's who cancels it.
    let rules = TaskRules { end_flow: |_, _| None, ..rules };
    for run in &runs {
        cancel(db, stamp, run, CANCELLED_WITH_FLOW, rules)?;
    }
    Ok(!runs.is_empty())
}

fn cancel(db: &Connection, stamp: &Stamp, run: &Run, why: &str, rules: TaskRules) -> Result<RunCancelled, StoreError> {
    const ASK: &str = "UPDATE runs SET cancel_at = coalesce(cancel_at, ?2), updated_at = ?2 WHERE seq = ?1";
    match run.state {
        RunState::Queued => {
            end(db, stamp, run, &RunEnd::without_reply(RunState::Cancelled, why), rules)?;
            Ok(RunCancelled::Done)
        }
        RunState::Running => {
            db.prepare_cached(ASK)?.execute((run.seq, stamp.clock.now().0))?;
            stamp.news.runs_changed();
            Ok(RunCancelled::Asked)
        }
        ended => Ok(RunCancelled::Ended(ended)),
    }
}

/// Ends an open run.
pub(super) fn end(
    db: &Connection,
    stamp: &Stamp,
    run: &Run,
    ending: &RunEnd,
    rules: TaskRules,
) -> Result<(), StoreError> {
    let now = stamp.clock.now();
    write(db, run.seq, ending, now)?;
    let asked = &run.asked;
    if let Some(reply) = &ending.reply {
        events::sent(db, stamp, asked, reply, ending)?;
    }
    if ending.state.is_failure() {
        events::error(db, stamp, asked, ending.error.as_deref().unwrap_or(ending.state.as_str()))?;
    }
    match asked.mode {
        SessionMode::Isolated => events::session_ended(db, stamp, asked)?,
        SessionMode::Persistent => {
            const USED: &str = "UPDATE agent_sessions SET used_at = ?3 WHERE agent_id = ?1 AND session_key = ?2";
            db.prepare_cached(USED)?.execute((asked.agent.as_str(), asked.session.as_str(), now.0))?;
        }
    }
    events::finished(db, stamp, run, ending, now)?;
    follow::end(db, stamp, run, ending, rules, now)?;
    turn::settle(db, asked.agent.as_str(), asked.session.as_str())?;
    stamp.news.runs_changed();
    Ok(())
}

/// The lease stays, so that whoever tells the end twice is known.
fn write(db: &Connection, seq: i64, ending: &RunEnd, now: Millis) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE runs SET state = :state, turn = 0, leased_until = NULL, ended_at = :now, updated_at = :now, \
         model = :model, input_tokens = :input, output_tokens = :output, error = :error, reply = :reply WHERE seq = :seq";
    let tokens = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    db.prepare_cached(SQL)?.execute(named_params! {
        ":seq": seq,
        ":state": ending.state.as_str(),
        ":now": now.0,
        ":model": ending.model,
        ":input": ending.usage.map(|(input, _)| tokens(input)),
        ":output": ending.usage.map(|(_, output)| tokens(output)),
        ":error": ending.error,
        ":reply": ending.reply,
    })?;
    Ok(())
}
