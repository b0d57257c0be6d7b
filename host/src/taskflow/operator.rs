//! What the operator can do with flows, whosever they are: the command line's `flow list`, `show` and `cancel`.

use super::TaskFlows;
use crate::model::{Flow, FlowId, FlowStatus, Task, TaskCounts};
use crate::store::{Changed, StoreError};

/// A flow with everything that is known of it, its owner included.
#[derive(Clone, Debug)]
pub struct FlowRecord {
    /// The flow.
    pub flow: Flow,
    /// Its tasks, newest first, at most [`LISTED_MAX`](crate::store::LISTED_MAX).
    pub tasks: Vec<Task>,
    /// How many tasks it has.
    pub counts: TaskCounts,
}

impl FlowRecord {
    /// As a JSON object: what callers see, and `ownerKey`, `tasks`, `taskSummary`.
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        self.flow.write_record(&self.tasks, &self.counts, &mut out);
        out
    }
}

/// What came of the operator's wish to cancel.
#[derive(Debug)]
pub enum OperatorCancel {
    /// No flow has this id, and no session with this key has flows.
    NotFound,
    /// It had ended already, for this reason.
    Refused(FlowRecord, String),
    /// Noted; it ends when its active tasks have.
    Pending(FlowRecord),
    /// Done.
    Cancelled(FlowRecord),
}

impl TaskFlows {
    /// All flows of all sessions, newest created first, or those of one status.
    pub fn all_flows(&self, status: Option<FlowStatus>) -> Result<Vec<FlowRecord>, StoreError> {
        self.store.all_flows(status)?.into_iter().map(|flow| self.record(flow)).collect()
    }

    /// The flow with this id, or else the latest of the session with this key.
    pub fn find(&self, token: &str) -> Result<Option<FlowRecord>, StoreError> {
        self.store.find_flow(token)?.map(|flow| self.record(flow)).transpose()
    }

    /// A flow's tasks, newest first.
    pub fn tasks_of(&self, flow: &FlowId) -> Result<Vec<Task>, StoreError> {
        self.store.tasks_of(flow).map(|(tasks, _)| tasks)
    }

    /// Cancels the flow that [`find`](Self::find) finds, as `cancel-flow` does.
    pub async fn cancel_as_operator(&self, token: &str) -> Result<OperatorCancel, StoreError> {
        let Some(found) = self.store.find_flow(token)? else { return Ok(OperatorCancel::NotFound) };
        let (changed, _) = self.store.act(self.cancel(&found.owner, found.id.as_str())).await?;
        Ok(match changed {
            Changed::Missing => OperatorCancel::NotFound,
            Changed::Refused(flow, why) => OperatorCancel::Refused(self.record(flow)?, why.message()),
            Changed::Done(flow) if flow.status.is_terminal() => OperatorCancel::Cancelled(self.record(flow)?),
            Changed::Done(flow) => OperatorCancel::Pending(self.record(flow)?),
        })
    }

    fn record(&self, flow: Flow) -> Result<FlowRecord, StoreError> {
        let (tasks, counts) = self.store.tasks_of(&flow.id)?;
        Ok(FlowRecord { flow, tasks, counts })
    }
}
