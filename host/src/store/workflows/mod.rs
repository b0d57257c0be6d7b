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
mod open;
mod record;

pub use asks::AskAnswered;
pub(super) use open::OpenRuns;
pub use record::Recording;

use std::collections::HashMap;

use rusqlite::Connection;

use super::flows::one;
use super::{Store, StoreError};
use crate::model::{FlowId, Millis};

/// A run that somebody carries out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkflowUnderWay {
    /// Who does.
    pub lease: i64,
    /// Whether its flow is to be cancelled.
    pub is_to_end: bool,
}

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

    /// The runs that are carried out. One that is not among them, or has another lease, was ended or taken over by somebody.
    pub fn workflows_under_way(&self) -> Result<HashMap<FlowId, WorkflowUnderWay>, StoreError> {
        const SQL: &str = "SELECT f.flow_id, r.lease, f.cancel_requested_at IS NOT NULL FROM workflow_runs r \
             JOIN flows f ON f.flow_id = r.flow_id WHERE r.state = 'running'";
        self.0.readers.read(|db| {
            let mut select = db.prepare_cached(SQL)?;
            let runs = select.query_map([], |row| {
                let run = WorkflowUnderWay { lease: row.get(1)?, is_to_end: row.get(2)? };
                Ok((FlowId::new(row.get::<_, String>(0)?), run))
            })?;
            Ok(runs.collect::<Result<_, _>>()?)
        })
    }

    /// How many runs nobody has ended.
    pub fn open_workflow_runs(&self) -> Result<u64, StoreError> {
        self.0.readers.read(open::count)
    }
}

/// Whether somebody carries out the run of this flow: then a cancellation waits for its step to end.
pub(super) fn is_under_way(db: &Connection, flow: &FlowId) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM workflow_runs WHERE flow_id = ?1 AND state = 'running'";
    Ok(one(db, sql, [flow.as_str()], |_| Ok(()))?.is_some())
}
