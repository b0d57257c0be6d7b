//! What the background rules need: find the rows whose time has come, let the rules decide, write. Each call is one short
//! transaction over at most [`STEP`] rows, so that nobody waits long behind it; call again while it says there is more.

use rusqlite::Connection;

use super::rows::{self, flow_columns, task_columns};
use super::{Store, StoreError, flows, tasks};
use crate::model::{EventKind, Flow, Millis, Task};

/// Rows in one step. One takes about ten microseconds, so a step holds the writer up for a few milliseconds.
pub(super) const STEP: u32 = 200;

/// What one step did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Tasks whose end was written.
    pub tasks: usize,
    /// Flows whose end was written.
    pub flows: usize,
    /// Rows that were deleted.
    pub deleted: usize,
    /// Another call may find more.
    pub more: bool,
}

impl Store {
    /// Ends active tasks that have a child session, are no run of an agent of ours and were last heard of before `silent_since`, as `lose` says. Then asks
    /// `complete` about each flow whose last active task that was; it gets the task that ended.
    pub async fn sweep_silent_tasks<L, C>(
        &self,
        silent_since: Millis,
        mut lose: L,
        mut complete: C,
    ) -> Result<Swept, StoreError>
    where
        L: FnMut(&Task) -> Task + Send + 'static,
        C: FnMut(&Flow, &Task) -> Option<Flow> + Send + 'static,
    {
        const SQL: &str = concat!(
            "SELECT ",
            task_columns!(),
            " FROM tasks WHERE last_event_at < ?1 AND status IN ('queued', 'running') \
             AND child_session_key IS NOT NULL AND NOT EXISTS (SELECT 1 FROM runs WHERE runs.task_id = tasks.task_id \
             AND runs.state IN ('queued', 'running')) ORDER BY last_event_at LIMIT ?2"
        );
        let stamp = self.0.stamp.clone();
        self.0
            .writer
            .write(move |db| {
                let silent = all(db, SQL, silent_since, rows::task)?;
                let mut swept = Swept::default();
                for task in &silent {
                    let Some(flow) = flows::get(db, &task.owner, &task.flow)? else { continue };
                    let lost = lose(task);
                    tasks::put(db, &stamp, &flow, &lost, EventKind::TaskUpdated)?;
                    swept.tasks += 1;
                    if tasks::count_active(db, &flow.id)? == 0
                        && let Some(ended) = complete(&flow, &lost)
                    {
                        flows::put(db, &stamp, &ended, EventKind::FlowCancelled)?;
                        swept.flows += 1;
                    }
                }
                swept.more = swept.tasks == STEP as usize;
                Ok(swept)
            })
            .await
    }

    /// Ends flows that were asked to before `asked_before`, have not, and have no active task, as `complete` says.
    pub async fn sweep_cancelled_flows<C>(&self, asked_before: Millis, mut complete: C) -> Result<Swept, StoreError>
    where
        C: FnMut(&Flow) -> Option<Flow> + Send + 'static,
    {
        const SQL: &str = concat!(
            "SELECT ",
            flow_columns!(),
            " FROM flows WHERE cancel_requested_at < ?1 \
             AND status IN ('queued', 'running', 'waiting', 'blocked') \
             AND NOT EXISTS (SELECT 1 FROM tasks WHERE tasks.flow_id = flows.flow_id AND tasks.status IN ('queued', 'running')) \
             AND NOT EXISTS (SELECT 1 FROM workflow_runs r WHERE r.flow_id = flows.flow_id AND r.state = 'running') \
             ORDER BY cancel_requested_at LIMIT ?2"
        );
        let stamp = self.0.stamp.clone();
        self.0
            .writer
            .write(move |db| {
                let due = all(db, SQL, asked_before, rows::flow)?;
                let mut swept = Swept::default();
                for ended in due.iter().filter_map(&mut complete) {
                    flows::put(db, &stamp, &ended, EventKind::FlowCancelled)?;
                    swept.flows += 1;
                }
                swept.more = swept.flows == STEP as usize;
                Ok(swept)
            })
            .await
    }

    /// Deletes ended tasks whose `cleanup_after` lies before `now`.
    pub async fn sweep_old_tasks(&self, now: Millis) -> Result<Swept, StoreError> {
        const SQL: &str = "DELETE FROM tasks WHERE seq IN (SELECT seq FROM tasks WHERE cleanup_after < ?1 \
             AND status NOT IN ('queued', 'running') ORDER BY cleanup_after LIMIT ?2)";
        self.0
            .writer
            .write(move |db| {
                let deleted = db.prepare_cached(SQL)?.execute((now.0, STEP))?;
                Ok(Swept { deleted, more: deleted == STEP as usize, ..Swept::default() })
            })
            .await
    }
}

fn all<T>(
    db: &Connection,
    sql: &str,
    before: Millis,
    read: impl Fn(&rusqlite::Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut select = db.prepare_cached(sql)?;
    let mut found = select.query((before.0, STEP))?;
    let mut records = Vec::new();
    while let Some(row) = found.next()? {
        records.push(read(row)?);
    }
    Ok(records)
}
