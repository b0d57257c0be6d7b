//! Agents: what is accepted for them becomes a durable run, and each run is carried out by its agent's runner, those of one session one at a
//! time and in order. This room promises that an accepted run ends exactly once, visibly, whatever happens to the process; it never
//! decides who may send a message, and never reads what the answer means.
//!
//! ```text
//! inbox.rs, taskflow ─► store ─► engine: claim ─► carry ─► a runner (runner.rs, command.rs) ─► store
//!                         ▲
//! clients.rs ─────────────┘  whoever carries runs out elsewhere
//! ```
//! Read `engine/mod.rs` first, then `runner.rs`.

pub mod acp;
mod clients;
mod command;
mod engine;
pub mod external;
mod group;
mod groups;
mod inbox;
pub mod openclaw;
pub mod operator;
mod proc;
mod prompt;
pub mod runner;

pub use clients::{ClaimAsked, ClientError, Clients, CompleteAsked, Handed, ProgressAsked, RunStatus};
pub use engine::{Parts, Workers};
pub use group::Group;
pub use groups::Groups;
pub use inbox::Inbox;
