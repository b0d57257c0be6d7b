//! The outbox: what happened, written in the transaction in which it happened. Delivering it is somebody else's work.

use rusqlite::{Connection, named_params};

use super::StoreError;
use crate::clock::Clock;
use crate::model::{EventKind, Flow, Ids, Millis, Task};

/// Gives events their ids and times.
#[derive(Clone, Debug)]
pub(super) struct Stamp {
    pub clock: Clock,
    pub ids: Ids,
}

/// Notes that `kind` happened to `flow`, and to `task` if it is about one. What receivers will see names no owner.
pub(super) fn note(
    db: &Connection,
    stamp: &Stamp,
    kind: EventKind,
    flow: &Flow,
    task: Option<&Task>,
) -> Result<(), StoreError> {
    let mut data = String::from("{\"flow\":");
    flow.write_view(&mut data);
    if let Some(task) = task {
        data.push_str(",\"task\":");
        task.write_view(&mut data);
    }
    data.push('}');
    let mut insert = db.prepare_cached(
        "INSERT INTO outbox (event_id, type, owner_key, flow_id, task_id, data, created_at) \
         VALUES (:event_id, :type, :owner_key, :flow_id, :task_id, :data, :created_at)",
    )?;
    insert.execute(named_params! {
        ":event_id": stamp.ids.event().as_str(),
        ":type": kind.as_str(),
        ":owner_key": flow.owner.as_str(),
        ":flow_id": flow.id.as_str(),
        ":task_id": task.map(|task| task.id.as_str()),
        ":data": data,
        ":created_at": stamp.clock.now().0,
    })?;
    Ok(())
}

/// Deletes at most `limit` events from before `before`, delivered or not. Returns how many there were.
pub(super) fn forget(db: &Connection, before: Millis, limit: u32) -> Result<usize, StoreError> {
    let mut delete = db.prepare_cached(
        "DELETE FROM outbox WHERE seq IN (SELECT seq FROM outbox WHERE created_at < ?1 ORDER BY created_at LIMIT ?2)",
    )?;
    Ok(delete.execute((before.0, limit))?)
}
