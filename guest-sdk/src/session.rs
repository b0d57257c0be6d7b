//! The thirteen functions on flows. Two things implement them: `Bound`, the calls to the host inside the sandbox, and
//! [`testing::MemorySession`](crate::testing), the same rules in memory for native tests.

use alloc::string::String;

use crate::{Json, Refusal};

/// The flows of one session: the one that the route is bound to. A flow of another session does not exist here.
///
/// What a FLOW and a TASK are, member by member, is told in `wit/flows.wit`; [`Flow`](crate::Flow) reads the first. Reads cost
/// microseconds. What changes something is durable when it returns, and waits about a millisecond for that.
pub trait Session {
    /// The FLOW with this id, or nothing. Grant: `flow/read`.
    fn get_flow(&self, flow_id: &str) -> Result<Option<Json>, Refusal>;

    /// At most `limit` (1 to 1 000) FLOWs, newest created first, from `cursor` on (`None` = from the newest). Grant: `flow/read`.
    fn list_flows(&self, cursor: Option<&str>, limit: u32) -> Result<Page, Refusal>;

    /// The FLOW created last, or nothing. Grant: `flow/read`.
    fn find_latest_flow(&self) -> Result<Option<Json>, Refusal>;

    /// The FLOW with this id, or the latest one if `token` is the key of the bound session. Grant: `flow/read`.
    fn resolve_flow(&self, token: &str) -> Result<Option<Json>, Refusal>;

    /// Counts of the child tasks of a flow, or nothing: `{"total", "active", "terminal", "failures", "byStatus": {…},
    /// "byRuntime": {…}}`. Grant: `flow/read`.
    fn get_task_summary(&self, flow_id: &str) -> Result<Option<Json>, Refusal>;

    /// Makes a managed flow and returns it at revision 0; [`NewFlow`](crate::NewFlow) writes `fields`. Two equal calls make two
    /// flows. Refused: `invalid_argument`. Grant: `flow/create`.
    fn create_flow(&self, fields: &str) -> Result<Json, Refusal>;

    /// Status `waiting`, or `blocked` if `blockedTaskId` or `blockedSummary` is given. `fields`: `currentStep`, `stateJson`, `waitJson`,
    /// `blockedTaskId`, `blockedSummary`; absent keeps, `null` clears, a value sets; [`Change`](crate::Change) writes them. Returns the
    /// new FLOW, its revision one higher. Refused: `not_found`, `not_managed`, `revision_conflict` (with `current` in
    /// [`data`](Refusal::data)), `invalid_argument`. Grant: `flow/change`.
    fn set_waiting(&self, flow_id: &str, expected_revision: u64, fields: &str) -> Result<Json, Refusal>;

    /// Status `queued`, or `fields.status` (`queued`, `running`); clears what it waited for. `fields`: `status`, `currentStep`,
    /// `stateJson`. Returns and is refused as [`set_waiting`](Self::set_waiting). Grant: `flow/change`.
    fn resume_flow(&self, flow_id: &str, expected_revision: u64, fields: &str) -> Result<Json, Refusal>;

    /// Status `succeeded`. `fields`: `stateJson`. Returns and is refused as [`set_waiting`](Self::set_waiting). Grant: `flow/change`.
    fn finish_flow(&self, flow_id: &str, expected_revision: u64, fields: &str) -> Result<Json, Refusal>;

    /// Status `failed`. `fields`: `stateJson`, `blockedTaskId`, `blockedSummary`. Returns and is refused as
    /// [`set_waiting`](Self::set_waiting). Grant: `flow/change`.
    fn fail_flow(&self, flow_id: &str, expected_revision: u64, fields: &str) -> Result<Json, Refusal>;

    /// Notes that cancellation is wanted; the status stays. Returns and is refused as [`set_waiting`](Self::set_waiting).
    /// Grant: `flow/cancel`.
    fn request_cancel(&self, flow_id: &str, expected_revision: u64) -> Result<Json, Refusal>;

    /// Cancels the flow and its child tasks, whatever its revision: `{"cancelled": bool, "reason"?, "flow": FLOW, "tasks": [TASK…]}`,
    /// `cancelled` being false while a task is still active. Refused: `not_found`, `terminal`, `revision_conflict`. Grant: `flow/cancel`.
    fn cancel_flow(&self, flow_id: &str) -> Result<Json, Refusal>;

    /// Records a child task: `{"flow": FLOW, "task": TASK}`; the flow itself does not change, and nothing is executed.
    /// [`NewTask`](crate::NewTask) writes `fields`. A `runId` that the flow already has returns that task. Refused: `not_found`,
    /// `not_managed`, `cancel_requested`, `terminal` (with `flow` in [`data`](Refusal::data)), `invalid_argument`. Grant: `task/run`.
    fn run_task(&self, flow_id: &str, fields: &str) -> Result<Json, Refusal>;
}

/// A run of FLOWs, and where the next one starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// A JSON array of FLOWs.
    pub flows: Json,
    /// Hand it to [`Session::list_flows`] to go on; `None` at the end.
    pub next: Option<String>,
}
