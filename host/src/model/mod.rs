//! Ids and plain records: the ground everyone stands on. No I/O, no rules.

mod counts;
mod digest;
mod event;
mod flow;
mod flow_view;
mod grants;
mod ids;
mod task;
mod text;
mod view;
mod words;

pub use counts::TaskCounts;
pub use digest::{BadDigest, Digest};
pub use event::EventKind;
pub use flow::{Flow, FlowStatus, NotifyPolicy, SyncMode};
pub use flow_view::FlowView;
pub use grants::{Grant, Grants, Power, UnknownGrant};
pub use ids::{EventId, FlowId, Ids, Millis, RouteId, SessionKey, TaskId};
pub use task::{DeliveryStatus, ScopeKind, Task, TaskOutcome, TaskRuntime, TaskStatus};
pub use text::js_trim;
