//! Ids and plain records: the ground everyone stands on. No I/O, no rules.

mod counts;
mod delivery;
mod digest;
mod event;
mod flow;
mod flow_view;
mod grants;
mod header;
mod ids;
mod run;
mod task;
mod text;
mod view;
mod words;
mod workflow;

pub use counts::TaskCounts;
pub use delivery::{Attempt, AttemptOutcome, Claimed, DeliveryState, EndpointState, NewDelivery, Next, Timing};
pub use digest::{BadDigest, Digest};
pub use event::{Event, EventKind, NewEvent};
pub use flow::{Flow, FlowStatus, NotifyPolicy, SyncMode};
pub use flow_view::FlowView;
pub use grants::{Grant, Grants, Power, UnknownGrant};
pub use header::{CONNECTION_HEADERS, CREDENTIAL_HEADERS, is_credential, is_of_connection, is_token};
pub use ids::{
    AgentId, DeliveryId, EndpointName, EventId, FlowId, Ids, JobId, MappingName, Millis, RouteId, RunId, SessionKey,
    TaskId, WorkflowName,
};
pub use run::{ClaimedRun, NewRun, Run, RunEnd, RunKind, RunNews, RunOptions, RunState, SessionMode, TaskLink, Trust};
pub use task::{DeliveryStatus, ScopeKind, Task, TaskOutcome, TaskRuntime, TaskStatus};
pub use text::{is_hidden, js_trim, visible, visible_json, visible_line};
pub use workflow::{
    Answer, Ask, AskKind, AskState, ClaimedWorkflow, NewAsk, NewWorkflowRun, RunRecord, StepRow, StepState,
};
