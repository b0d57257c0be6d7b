//! Writing what happens in a run: a step that begins, a step that has a result, and what the flow tells of it.

use rusqlite::{Connection, named_params};

use crate::json::JsonText;
use crate::model::{EventKind, Flow, FlowId, Millis, NewAsk, RunRecord, SessionKey, StepRow, StepState};
use crate::store::flows::{self, one};
use crate::store::outbox::{self, Stamp};
use crate::store::{Store, StoreError};

/// Whether what was to be written counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recording {
    /// It is durable.
    Written,
    /// The run has ended, or somebody else carries it out: nothing was written, and whoever asked is to stop.
    Fenced,
}

impl Store {
    /// Notes that a step begins, before anything of it is done. The flow shows it as its current step, which is no change that others are
    /// told of.
    pub async fn begin_step(
        &self,
        flow: &FlowId,
        lease: i64,
        step: StepRow,
        shown: String,
    ) -> Result<Recording, StoreError> {
        let (stamp, flow) = (self.0.stamp.clone(), flow.clone());
        let shown = JsonText::string(&shown);
        self.0
            .writer
            .write(move |db| {
                if !is_held(db, &flow, lease)? {
                    return Ok(Recording::Fenced);
                }
                let now = stamp.clock.now();
                put_step(db, &flow, &step, now)?;
                db.prepare_cached("UPDATE flows SET current_step = ?2, updated_at = ?3 WHERE flow_id = ?1")?
                    .execute((flow.as_str(), shown.as_str(), now.0))?;
                Ok(Recording::Written)
            })
            .await
    }

    /// Lays the run aside until `until`: nobody works on it then. If one of the questions of these ids is not open any more, it is due at once. Moves the flow as `decide` says.
    pub async fn park_workflow<D>(
        &self,
        owner: &SessionKey,
        flow: &FlowId,
        lease: i64,
        until: Millis,
        asked: Vec<String>,
        mut decide: D,
    ) -> Result<Recording, StoreError>
    where
        D: FnMut(&Flow) -> Option<(Flow, EventKind)> + Send + 'static,
    {
        const OPEN: &str = "SELECT 1 FROM approvals WHERE approval_id = ?1 AND state = 'open'";
        const PARK: &str = "UPDATE workflow_runs SET state = ?2, due_at = ?3 WHERE flow_id = ?1";
        let (stamp, owner, flow) = (self.0.stamp.clone(), owner.clone(), flow.clone());
        self.0
            .writer
            .write(move |db| {
                if !is_held(db, &flow, lease)? {
                    return Ok(Recording::Fenced);
                }
                let mut is_answered = false;
                for id in &asked {
                    is_answered |= one(db, OPEN, [id], |_| Ok(()))?.is_none();
                }
                let (state, due) = if is_answered { ("ready", stamp.clock.now()) } else { ("waiting", until) };
                db.prepare_cached(PARK)?.execute((flow.as_str(), state, due.0))?;
                if !is_answered {
                    move_flow(db, &stamp, (&owner, &flow), &mut decide)?;
                }
                Ok(Recording::Written)
            })
            .await
    }

    /// Writes what came of a step, moves the flow as `decide` says, and notes its event. May be asked twice.
    pub async fn record_step<D>(
        &self,
        owner: &SessionKey,
        flow: &FlowId,
        lease: i64,
        record: RunRecord,
        mut decide: D,
    ) -> Result<Recording, StoreError>
    where
        D: FnMut(&Flow) -> Option<(Flow, EventKind)> + Send + 'static,
    {
        let (stamp, owner, flow) = (self.0.stamp.clone(), owner.clone(), flow.clone());
        self.0
            .writer
            .write(move |db| {
                if !is_held(db, &flow, lease)? {
                    return Ok(Recording::Fenced);
                }
                put_record(db, &stamp, &flow, &record)?;
                let is_there = move_flow(db, &stamp, (&owner, &flow), &mut decide)?;
                Ok(if is_there { Recording::Written } else { Recording::Fenced })
            })
            .await
    }
}

/// Moves the flow as `decide` says, if it is there.
pub(super) fn move_flow(
    db: &Connection,
    stamp: &Stamp,
    (owner, flow): (&SessionKey, &FlowId),
    decide: &mut impl FnMut(&Flow) -> Option<(Flow, EventKind)>,
) -> Result<bool, StoreError> {
    let Some(now) = flows::get(db, owner, flow)? else { return Ok(false) };
    if let Some((next, kind)) = decide(&now) {
        flows::put(db, stamp, &next, kind)?;
    }
    Ok(true)
}

fn put_record(db: &Connection, stamp: &Stamp, flow: &FlowId, record: &RunRecord) -> Result<(), StoreError> {
    let now = stamp.clock.now();
    if let Some(step) = &record.step {
        put_step(db, flow, step, now)?;
        if let StepState::Ended | StepState::Again = step.state {
            take_back(db, flow, &step.path, now)?;
        }
        if let Some(ask) = &record.ask {
            put_ask(db, flow, &step.path, ask, now)?;
        }
    }
    for event in &record.events {
        outbox::put(db, stamp, event)?;
    }
    Ok(())
}

/// Whether the run is carried out under this lease.
fn is_held(db: &Connection, flow: &FlowId, lease: i64) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT 1 FROM workflow_runs WHERE flow_id = ?1 AND lease = ?2 AND state = 'running'";
    Ok(one(db, SQL, (flow.as_str(), lease), |_| Ok(()))?.is_some())
}

pub(super) fn put_step(db: &Connection, flow: &FlowId, step: &StepRow, now: Millis) -> Result<(), StoreError> {
    let mut insert = db.prepare_cached(
        "INSERT INTO workflow_steps (flow_id, path, step_id, attempt, state, is_safe, started_at, ended_at, wake_at, result) \
         VALUES (:flow_id, :path, :step_id, :attempt, :state, :is_safe, :now, :ended_at, :wake_at, :result) \
         ON CONFLICT (flow_id, path) DO UPDATE SET attempt = excluded.attempt, state = excluded.state, \
         ended_at = excluded.ended_at, wake_at = excluded.wake_at, result = excluded.result \
         WHERE workflow_steps.state <> 'ended'",
    )?;
    insert.execute(named_params! {
        ":flow_id": flow.as_str(),
        ":path": step.path,
        ":step_id": step.id,
        ":attempt": step.attempt,
        ":state": step.state.as_str(),
        ":is_safe": step.is_safe,
        ":now": now.0,
        ":ended_at": (step.state == StepState::Ended).then_some(now.0),
        ":wake_at": step.wake_at.map(|at| at.0),
        ":result": step.result,
    })?;
    Ok(())
}

/// Takes back what was asked inside of a step that goes on without an answer: a later one would move a flow that does not wait for it.
fn take_back(db: &Connection, flow: &FlowId, path: &str, now: Millis) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE approvals SET state = 'void', decided_at = ?4 WHERE flow_id = ?1 AND path > ?2 AND path < ?3 AND state = 'open'";
    // Whatever begins with the path and one of the two signs; each bound is the character behind it.
    for (from, to) in [('.', '/'), ('~', '\u{7f}')] {
        db.prepare_cached(SQL)?.execute((flow.as_str(), format!("{path}{from}"), format!("{path}{to}"), now.0))?;
    }
    Ok(())
}

fn put_ask(db: &Connection, flow: &FlowId, path: &str, ask: &NewAsk, now: Millis) -> Result<(), StoreError> {
    let approvers = serde_json::to_string(&ask.approvers).map_err(|error| StoreError::Refused(error.to_string()))?;
    let mut insert = db.prepare_cached(
        "INSERT INTO approvals (approval_id, flow_id, path, kind, workflow, state, approvers, approvers_of, initiated_by, not_by, \
         created_at, expires_at, prompt, preview, schema) VALUES (:id, :flow_id, :path, :kind, \
         (SELECT workflow FROM workflow_runs WHERE flow_id = :flow_id), 'open', :approvers, :approvers_of, :initiated_by, :not_by, \
         :now, :expires_at, :prompt, :preview, :schema)",
    )?;
    insert.execute(named_params! {
        ":id": ask.id,
        ":flow_id": flow.as_str(),
        ":path": path,
        ":kind": ask.kind.as_str(),
        ":approvers": approvers,
        ":approvers_of": ask.approvers_of,
        ":initiated_by": ask.initiated_by,
        ":not_by": ask.not_by,
        ":now": now.0,
        ":expires_at": ask.expires_at.0,
        ":prompt": ask.prompt,
        ":preview": ask.preview,
        ":schema": ask.schema,
    })?;
    Ok(())
}
