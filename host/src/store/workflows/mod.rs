//! Runs of workflows: what was begun, who carries it out, which steps have a result, whom it asks. What a step does and what follows from
//! it is decided above; here it is kept, one transaction a decision, and each with the flow that tells of it.
//!
//! ```text
//! begin ─► ready ─ claim ─► running ─ record ─► ended (with its flow, by a trigger)
//!            ▲                 │ record: a question, a later attempt
//!            ├─ answer ─ waiting ◄┘
//!            └─ take_over_workflows ─ running, of a dead process
//! ```

mod asks;
mod begin;
mod claim;
mod forget;
mod record;

pub use asks::AskAnswered;
pub use record::Recording;

use rusqlite::Connection;

use super::flows::one;
use super::{Store, StoreError};
use crate::model::{FlowId, Millis};

impl Store {
    /// When the first run is due that nobody carries out, in the past or not.
    pub fn next_workflow_due(&self) -> Result<Option<Millis>, StoreError> {
        const SQL: &str =
            "SELECT min(due_at) FROM workflow_runs WHERE state IN ('ready', 'waiting') AND due_at IS NOT NULL";
        self.0.readers.read(|db| {
            let at: Option<i64> = db.prepare_cached(SQL)?.query_row([], |row| row.get(0))?;
            Ok(at.map(Millis))
        })
    }

    /// Of runs that are carried out: those whose flow has ended or is to be cancelled.
    pub fn workflows_to_stop(&self) -> Result<Vec<FlowId>, StoreError> {
        const SQL: &str = "SELECT f.flow_id FROM workflow_runs r JOIN flows f ON f.flow_id = r.flow_id \
             WHERE r.state = 'running' AND f.cancel_requested_at IS NOT NULL";
        self.0.readers.read(|db| {
            let mut select = db.prepare_cached(SQL)?;
            let ids = select.query_map([], |row| row.get::<_, String>(0))?;
            Ok(ids.map(|id| id.map(FlowId::new)).collect::<Result<_, _>>()?)
        })
    }

    /// How many runs nobody has ended.
    pub fn open_workflow_runs(&self) -> Result<u64, StoreError> {
        self.0.readers.read(|db| {
            let count: i64 = db
                .prepare_cached("SELECT count(*) FROM workflow_runs WHERE ended_at IS NULL")?
                .query_row([], |row| row.get(0))?;
            Ok(count.unsigned_abs())
        })
    }
}

/// Whether somebody carries out the run of this flow: then a cancellation waits for its step to end.
pub(super) fn is_under_way(db: &Connection, flow: &FlowId) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM workflow_runs WHERE flow_id = ?1 AND state = 'running'";
    Ok(one(db, sql, [flow.as_str()], |_| Ok(()))?.is_some())
}
