//! A session in memory, so that `cargo test` runs a plugin natively and without a host. It keeps the rules of managed flows as
//! the host does: revisions, refusals, child tasks, cancellation. Ids and times are the same in every run.
//!
//! ```
//! use sandclaw_sdk::testing::MemorySession;
//! use sandclaw_sdk::{Change, Flow, NewFlow, Session};
//!
//! let session = MemorySession::new();
//! let flow = Flow::parse(&session.create_flow(&NewFlow::new("review the queue").to_json())?)?;
//! let stale = flow.revision + 1;
//! let refusal = session.finish_flow(&flow.flow_id, stale, &Change::new().to_json()).unwrap_err();
//! assert_eq!(refusal.code, "revision_conflict");
//! # Ok::<(), sandclaw_sdk::Error>(())
//! ```

mod fields;
mod flow;
mod memory;
mod task;

pub use memory::MemorySession;
