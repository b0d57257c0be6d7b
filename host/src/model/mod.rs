//! Ids and plain records: the ground everyone stands on. No I/O, no rules.

mod digest;
mod grants;
mod ids;
mod text;

pub use digest::{BadDigest, Digest};
pub use grants::{Grant, Grants, Power, UnknownGrant};
pub use ids::{EventId, FlowId, Ids, Millis, RouteId, SessionKey, TaskId};
pub use text::js_trim;
