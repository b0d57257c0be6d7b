//! Agent hooks: what an authenticated request to wake or to tell an agent means, and which durable runs it becomes. The rules, their order and
//! their words are OpenClaw's, because senders are configured against them; who may send is decided by the door, and who carries out is
//! the agents' room's. Nothing is answered before what it says is on the disk.
//!
//! Reading order: `door.rs` (one request) → `agent.rs`, `wake.rs`, `mapped.rs` with `mapping.rs` (what it asks for) → `policy.rs` (whom and where it may reach) →
//! `dispatch.rs` (the runs) → `answer.rs`. `inbound.rs` is the simpler door of templates.

mod action;
mod agent;
mod answer;
mod dispatch;
mod door;
mod fields;
mod for_each;
mod inbound;
mod mapped;
mod mapping;
mod once;
mod policy;
mod render;
mod request;
mod session_key;
#[cfg(test)]
mod tests;
mod transform;
mod wake;

pub use answer::{Answer, completion};
pub use door::Hooks;
pub use inbound::InboundDoor;
pub use request::Request;
pub use transform::{HookOutcome, HookRequest, Transforms};
