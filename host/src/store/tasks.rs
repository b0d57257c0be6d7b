//! Child tasks: what can be read of them, and recording one.

use rusqlite::Connection;

use super::flows::{self, one};
use super::outbox::{self, Stamp};
use super::rows::{self, task_columns};
use super::{Op, Store, StoreError, runs};
use crate::model::{EventKind, Flow, FlowId, NewRun, SessionKey, Task, TaskCounts, TaskRuntime, TaskStatus};

/// Most tasks that one answer lists; a flow may have more.
pub const LISTED_MAX: u32 = 1000;

/// What to do about a task that is to be recorded, decided by pure rules. May be asked for twice.
#[derive(Debug)]
pub enum TaskDecision<R> {
    /// It is recorded already, as this one; nothing to write.
    Keep(Task),
    /// It is recorded already; write that one as it is here.
    Update(Task),
    /// Record it.
    Create(Task),
    /// Record nothing, for this reason.
    Refuse(R),
}

/// How recording went.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one at a time, moved twice; a box would only be one more allocation")]
pub enum Recorded<R> {
    /// The session has no such flow.
    Missing,
    /// Nothing changed; this is the flow.
    Refused(Flow, R),
    /// Durable; these are the flow and the task.
    Done(Flow, Task),
}

impl Store {
    /// How many tasks the session's flow has; `None` if it has no such flow.
    pub fn task_counts(&self, owner: &SessionKey, id: &str) -> Result<Option<TaskCounts>, StoreError> {
        let id = FlowId::new(id);
        self.0.readers.read_at_once(|db| {
            let owned = "SELECT 1 FROM flows WHERE flow_id = ?1 AND owner_key = ?2";
            match one(db, owned, (id.as_str(), owner.as_str()), |_| Ok(()))? {
                Some(()) => counts(db, &id).map(Some),
                None => Ok(None),
            }
        })
    }

    /// A flow's tasks, newest first, at most [`LISTED_MAX`], and how many there are. For the operator.
    pub fn tasks_of(&self, flow: &FlowId) -> Result<(Vec<Task>, TaskCounts), StoreError> {
        self.0.readers.read_at_once(|db| Ok((of_flow(db, flow)?, counts(db, flow)?)))
    }

    /// Records `proposed` in the session's flow as `decide` says. It is shown the flow, and the task that is already there for the
    /// same run: same flow, runtime and child session, rather the one with the same label and text. If it is a new one, `run` is stored
    /// with it.
    pub fn run_task<R, D>(proposed: Task, run: Option<NewRun>, mut decide: D) -> Op<Recorded<R>>
    where
        D: FnMut(&Flow, Option<&Task>, &Task) -> TaskDecision<R> + Send + 'static,
    {
        Op::new(move |db, stamp| {
            let Some(flow) = flows::get(db, &proposed.owner, &proposed.flow)? else { return Ok(Recorded::Missing) };
            let earlier = of_same_run(db, &proposed)?;
            let (task, kind) = match decide(&flow, earlier.as_ref(), &proposed) {
                TaskDecision::Refuse(why) => return Ok(Recorded::Refused(flow, why)),
                TaskDecision::Keep(task) => return Ok(Recorded::Done(flow, task)),
                TaskDecision::Update(task) => (task, EventKind::TaskUpdated),
                TaskDecision::Create(task) => (task, EventKind::TaskCreated),
            };
            put(db, stamp, &flow, &task, kind)?;
            if let Some(run) = run.as_ref().filter(|_| kind == EventKind::TaskCreated) {
                runs::put(db, stamp, run, stamp.clock.now())?;
            }
            Ok(Recorded::Done(flow, task))
        })
    }
}

/// Writes a new or changed task and notes what happened to it.
pub(super) fn put(db: &Connection, stamp: &Stamp, flow: &Flow, task: &Task, kind: EventKind) -> Result<(), StoreError> {
    let sql = if kind == EventKind::TaskCreated { INSERT } else { UPDATE };
    rows::put_task(db, sql, task)?;
    outbox::note(db, stamp, kind, flow, Some(task))
}

pub(super) fn count_active(db: &Connection, flow: &FlowId) -> Result<u64, StoreError> {
    const SQL: &str = "SELECT count(*) FROM tasks WHERE flow_id = ?1 AND status IN ('queued', 'running')";
    let count: i64 = db.prepare_cached(SQL)?.query_row([flow.as_str()], |row| row.get(0))?;
    Ok(count.unsigned_abs())
}

/// Newest created first, at most [`LISTED_MAX`].
pub(super) fn of_flow(db: &Connection, flow: &FlowId) -> Result<Vec<Task>, StoreError> {
    const SQL: &str = concat!(
        "SELECT ",
        task_columns!(),
        " FROM tasks WHERE flow_id = ?1 ORDER BY created_at DESC, seq DESC LIMIT ?2"
    );
    let mut select = db.prepare_cached(SQL)?;
    let mut found = select.query((flow.as_str(), LISTED_MAX))?;
    let mut tasks = Vec::new();
    while let Some(row) = found.next()? {
        tasks.push(rows::task(row)?);
    }
    Ok(tasks)
}

const INSERT: &str = concat!(
    "INSERT INTO tasks (",
    task_columns!(),
    ") VALUES (:task_id, :owner_key, :flow_id, :runtime, :source_id, :child_session_key, \
     :parent_task_id, :agent_id, :run_id, :label, :error, :progress_summary, :terminal_summary, :terminal_outcome, :scope_kind, \
     :task, :status, :delivery_status, :notify_policy, :created_at, :started_at, :ended_at, :last_event_at, :cleanup_after)"
);

const UPDATE: &str = "UPDATE tasks SET runtime = :runtime, source_id = :source_id, child_session_key = :child_session_key, \
     parent_task_id = :parent_task_id, agent_id = :agent_id, run_id = :run_id, label = :label, error = :error, \
     progress_summary = :progress_summary, terminal_summary = :terminal_summary, terminal_outcome = :terminal_outcome, \
     scope_kind = :scope_kind, task = :task, status = :status, delivery_status = :delivery_status, notify_policy = :notify_policy, \
     created_at = :created_at, started_at = :started_at, ended_at = :ended_at, last_event_at = :last_event_at, \
     cleanup_after = :cleanup_after WHERE task_id = :task_id AND flow_id = :flow_id AND owner_key = :owner_key";

fn of_same_run(db: &Connection, task: &Task) -> Result<Option<Task>, StoreError> {
    const SQL: &str = concat!(
        "SELECT ",
        task_columns!(),
        " FROM tasks WHERE flow_id = ?1 AND run_id = ?2 AND runtime = ?3 AND child_session_key IS ?4 \
         ORDER BY (label IS ?5 AND task = ?6) DESC, seq LIMIT 1"
    );
    let Some(run) = &task.run else { return Ok(None) };
    let child = task.child_session.as_ref().map(|key| key.as_str());
    let label = task.label.as_ref().map(|label| label.as_str());
    let same = (task.flow.as_str(), run.as_str(), task.runtime.as_str(), child, label, task.task.as_str());
    one(db, SQL, same, rows::task)
}

fn counts(db: &Connection, flow: &FlowId) -> Result<TaskCounts, StoreError> {
    const SQL: &str = "SELECT status, runtime, count(*) FROM tasks WHERE flow_id = ?1 GROUP BY status, runtime";
    let mut select = db.prepare_cached(SQL)?;
    let mut found = select.query([flow.as_str()])?;
    let mut counts = TaskCounts::default();
    while let Some(row) = found.next()? {
        let count: i64 = row.get(2)?;
        counts.add(
            rows::word(row, 0, TaskStatus::parse)?,
            rows::word(row, 1, TaskRuntime::parse)?,
            count.unsigned_abs(),
        );
    }
    Ok(counts)
}
