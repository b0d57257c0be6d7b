//! Ids and plain records: the ground everyone stands on. No I/O, no rules.

mod counts;
mod event;
mod flow;
mod flow_view;
mod ids;
mod task;
mod view;
mod words;

pub use counts::TaskCounts;
pub use event::EventKind;
pub use flow::{Flow, FlowStatus, NotifyPolicy, SyncMode};
pub use flow_view::FlowView;
pub use ids::{EventId, FlowId, Ids, Millis, RouteId, SessionKey, TaskId};
pub use task::{DeliveryStatus, ScopeKind, Task, TaskOutcome, TaskRuntime, TaskStatus};
