//! Ids and plain records: the ground everyone stands on. No I/O, no rules.

mod ids;

pub use ids::{EventId, FlowId, Ids, Millis, RouteId, SessionKey, TaskId};
