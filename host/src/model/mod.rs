//! Ids and plain records: the ground everyone stands on. No I/O, no rules.

mod grants;
mod ids;

pub use grants::{Grant, Grants, POWERS, PowerSpec};
pub use ids::{EventId, FlowId, Ids, Millis, RouteId, SessionKey, TaskId};
