//! Rows and records: which column is which field. Nobody else reads a column.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, named_params};

use super::StoreError;
use crate::json::JsonText;
use crate::model::{
    DeliveryStatus, Flow, FlowId, FlowStatus, FlowView, Millis, NotifyPolicy, ScopeKind, SessionKey, SyncMode, Task,
    TaskId, TaskOutcome, TaskRuntime, TaskStatus,
};

/// The columns of [`flow`] and [`flow_view`], in their order.
macro_rules! flow_columns {
    () => {
        "flow_id, owner_key, sync_mode, controller_id, current_step, blocked_task_id, blocked_summary, revision, status, \
         notify_policy, goal, state_json, wait_json, cancel_requested_at, created_at, updated_at, ended_at"
    };
}

/// The columns of [`task`], in their order.
macro_rules! task_columns {
    () => {
        "task_id, owner_key, flow_id, runtime, source_id, child_session_key, parent_task_id, agent_id, run_id, label, error, \
         progress_summary, terminal_summary, terminal_outcome, scope_kind, task, status, delivery_status, notify_policy, \
         created_at, started_at, ended_at, last_event_at, cleanup_after"
    };
}

pub(super) use {flow_columns, task_columns};

/// What callers may see of a flow, without copying anything.
pub(super) fn flow_view<'r>(row: &'r Row<'_>) -> Result<FlowView<'r>, StoreError> {
    Ok(FlowView {
        id: text(row, 0)?,
        owner: None,
        sync_mode: text(row, 2)?,
        controller: optional_text(row, 3)?,
        current_step: optional_text(row, 4)?,
        blocked_task: optional_text(row, 5)?,
        blocked_summary: optional_text(row, 6)?,
        revision: revision(row, 7)?,
        status: text(row, 8)?,
        notify: text(row, 9)?,
        goal: text(row, 10)?,
        state: optional_text(row, 11)?,
        wait: optional_text(row, 12)?,
        cancel_requested_at: optional_time(row, 13)?,
        created_at: time(row, 14)?,
        updated_at: time(row, 15)?,
        ended_at: optional_time(row, 16)?,
    })
}

pub(super) fn flow(row: &Row<'_>) -> Result<Flow, StoreError> {
    Ok(Flow {
        id: FlowId::new(text(row, 0)?),
        owner: SessionKey::new(text(row, 1)?),
        sync_mode: word(row, 2, SyncMode::parse)?,
        controller: optional_json(row, 3)?,
        current_step: optional_json(row, 4)?,
        blocked_task: optional_json(row, 5)?,
        blocked_summary: optional_json(row, 6)?,
        revision: revision(row, 7)?,
        status: word(row, 8, FlowStatus::parse)?,
        notify: word(row, 9, NotifyPolicy::parse)?,
        goal: json(row, 10)?,
        state: optional_json(row, 11)?,
        wait: optional_json(row, 12)?,
        cancel_requested_at: optional_time(row, 13)?,
        created_at: time(row, 14)?,
        updated_at: time(row, 15)?,
        ended_at: optional_time(row, 16)?,
    })
}

pub(super) fn task(row: &Row<'_>) -> Result<Task, StoreError> {
    Ok(Task {
        id: TaskId::new(text(row, 0)?),
        owner: SessionKey::new(text(row, 1)?),
        flow: FlowId::new(text(row, 2)?),
        runtime: word(row, 3, TaskRuntime::parse)?,
        source: optional_json(row, 4)?,
        child_session: optional_json(row, 5)?,
        parent_task: optional_json(row, 6)?,
        agent: optional_json(row, 7)?,
        run: optional_json(row, 8)?,
        label: optional_json(row, 9)?,
        error: optional_json(row, 10)?,
        progress_summary: optional_json(row, 11)?,
        terminal_summary: optional_json(row, 12)?,
        terminal_outcome: match optional_text(row, 13)? {
            Some(_) => Some(word(row, 13, TaskOutcome::parse)?),
            None => None,
        },
        scope: word(row, 14, ScopeKind::parse)?,
        task: json(row, 15)?,
        status: word(row, 16, TaskStatus::parse)?,
        delivery: word(row, 17, DeliveryStatus::parse)?,
        notify: word(row, 18, NotifyPolicy::parse)?,
        created_at: time(row, 19)?,
        started_at: optional_time(row, 20)?,
        ended_at: optional_time(row, 21)?,
        last_event_at: optional_time(row, 22)?,
        cleanup_after: optional_time(row, 23)?,
    })
}

/// Runs the INSERT or UPDATE of a flow.
pub(super) fn put_flow(db: &Connection, sql: &str, flow: &Flow) -> Result<(), StoreError> {
    let revision = i64::try_from(flow.revision).map_err(|_| StoreError::Refused("the revision is too large".into()))?;
    db.prepare_cached(sql)?.execute(named_params! {
        ":flow_id": flow.id.as_str(),
        ":owner_key": flow.owner.as_str(),
        ":sync_mode": flow.sync_mode.as_str(),
        ":controller_id": plain(&flow.controller),
        ":current_step": plain(&flow.current_step),
        ":blocked_task_id": plain(&flow.blocked_task),
        ":blocked_summary": plain(&flow.blocked_summary),
        ":revision": revision,
        ":status": flow.status.as_str(),
        ":notify_policy": flow.notify.as_str(),
        ":goal": flow.goal.as_str(),
        ":state_json": plain(&flow.state),
        ":wait_json": plain(&flow.wait),
        ":cancel_requested_at": flow.cancel_requested_at.map(|at| at.0),
        ":created_at": flow.created_at.0,
        ":updated_at": flow.updated_at.0,
        ":ended_at": flow.ended_at.map(|at| at.0),
    })?;
    Ok(())
}

/// Runs the INSERT or UPDATE of a task.
pub(super) fn put_task(db: &Connection, sql: &str, task: &Task) -> Result<(), StoreError> {
    db.prepare_cached(sql)?.execute(named_params! {
        ":task_id": task.id.as_str(),
        ":owner_key": task.owner.as_str(),
        ":flow_id": task.flow.as_str(),
        ":runtime": task.runtime.as_str(),
        ":source_id": plain(&task.source),
        ":child_session_key": plain(&task.child_session),
        ":parent_task_id": plain(&task.parent_task),
        ":agent_id": plain(&task.agent),
        ":run_id": plain(&task.run),
        ":label": plain(&task.label),
        ":error": plain(&task.error),
        ":progress_summary": plain(&task.progress_summary),
        ":terminal_summary": plain(&task.terminal_summary),
        ":terminal_outcome": task.terminal_outcome.map(TaskOutcome::as_str),
        ":scope_kind": task.scope.as_str(),
        ":task": task.task.as_str(),
        ":status": task.status.as_str(),
        ":delivery_status": task.delivery.as_str(),
        ":notify_policy": task.notify.as_str(),
        ":created_at": task.created_at.0,
        ":started_at": task.started_at.map(|at| at.0),
        ":ended_at": task.ended_at.map(|at| at.0),
        ":last_event_at": task.last_event_at.map(|at| at.0),
        ":cleanup_after": task.cleanup_after.map(|at| at.0),
    })?;
    Ok(())
}

/// The word in a column, of a type that has words.
pub(super) fn word<T>(row: &Row<'_>, at: usize, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, StoreError> {
    let word = text(row, at)?;
    parse(word).ok_or_else(|| StoreError::unreadable(row.as_ref().column_name(at).unwrap_or("a column"), word))
}

fn plain(value: &Option<JsonText>) -> Option<&str> {
    value.as_ref().map(JsonText::as_str)
}

pub(super) fn text<'r>(row: &'r Row<'_>, at: usize) -> Result<&'r str, StoreError> {
    Ok(row.get_ref(at)?.as_str()?)
}

pub(super) fn optional_text<'r>(row: &'r Row<'_>, at: usize) -> Result<Option<&'r str>, StoreError> {
    Ok(row.get_ref(at)?.as_str_or_null()?)
}

fn json(row: &Row<'_>, at: usize) -> Result<JsonText, StoreError> {
    text(row, at).map(JsonText::of_canonical)
}

fn optional_json(row: &Row<'_>, at: usize) -> Result<Option<JsonText>, StoreError> {
    Ok(optional_text(row, at)?.map(JsonText::of_canonical))
}

pub(super) fn time(row: &Row<'_>, at: usize) -> Result<Millis, StoreError> {
    Ok(Millis(row.get_ref(at)?.as_i64()?))
}

pub(super) fn optional_time(row: &Row<'_>, at: usize) -> Result<Option<Millis>, StoreError> {
    match row.get_ref(at)? {
        ValueRef::Null => Ok(None),
        value => Ok(Some(Millis(value.as_i64()?))),
    }
}

fn revision(row: &Row<'_>, at: usize) -> Result<u64, StoreError> {
    let value = row.get_ref(at)?.as_i64()?;
    u64::try_from(value).map_err(|_| StoreError::unreadable("flows.revision", &value.to_string()))
}
