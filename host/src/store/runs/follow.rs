//! The task record that follows a run. What becomes of it is decided by pure rules that the caller brings; whatever else happened to the
//! record meanwhile (somebody ended it, it was deleted) stays as it is.

use rusqlite::Connection;

use crate::model::{EventKind, Flow, Millis, Run, RunEnd, Task, TaskLink};
use crate::store::flows::{self, one};
use crate::store::outbox::Stamp;
use crate::store::rows::{self, task_columns};
use crate::store::{StoreError, tasks};

/// What a run's task record says of it. Pure functions; the time is the last argument.
#[derive(Clone, Copy, Debug)]
pub struct TaskRules {
    /// The run is begun.
    pub begin: fn(&Task, Millis) -> Task,
    /// The run says what it is doing.
    pub progress: fn(&Task, &str, Millis) -> Task,
    /// The run was interrupted and waits to be begun again.
    pub requeue: fn(&Task, Millis) -> Task,
    /// The run has ended.
    pub end: fn(&Task, &RunEnd, Millis) -> Task,
    /// The flow whose last active task has ended, if it ends with it.
    pub end_flow: fn(&Flow, Millis) -> Option<Flow>,
}

/// Changes the record of the run, if it has an active one.
pub(super) fn follow(
    db: &Connection,
    stamp: &Stamp,
    run: &Run,
    change: impl FnOnce(&Task) -> Task,
) -> Result<Option<Flow>, StoreError> {
    let Some(link) = &run.asked.task else { return Ok(None) };
    let Some(task) = task(db, link)?.filter(|task| task.status.is_active()) else { return Ok(None) };
    let Some(flow) = flows::get(db, &link.owner, &link.flow)? else { return Ok(None) };
    let changed = change(&task);
    if changed != task {
        tasks::put(db, stamp, &flow, &changed, EventKind::TaskUpdated)?;
    }
    Ok(Some(flow))
}

/// Ends the record of the run, and the flow if that was to be cancelled and waited for it.
pub(super) fn end(
    db: &Connection,
    stamp: &Stamp,
    run: &Run,
    end: &RunEnd,
    rules: TaskRules,
    now: Millis,
) -> Result<(), StoreError> {
    let Some(flow) = follow(db, stamp, run, |task| (rules.end)(task, end, now))? else { return Ok(()) };
    if tasks::count_active(db, &flow.id)? == 0
        && let Some(ended) = (rules.end_flow)(&flow, now)
    {
        flows::put(db, stamp, &ended, EventKind::FlowCancelled)?;
    }
    Ok(())
}

fn task(db: &Connection, link: &TaskLink) -> Result<Option<Task>, StoreError> {
    const SQL: &str =
        concat!("SELECT ", task_columns!(), " FROM tasks WHERE task_id = ?1 AND flow_id = ?2 AND owner_key = ?3");
    one(db, SQL, (link.task.as_str(), link.flow.as_str(), link.owner.as_str()), rows::task)
}
