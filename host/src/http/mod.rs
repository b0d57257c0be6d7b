//! The front door: connections, the guards in their order, and the answer on its way out. axum and hyper live here and nowhere else.
//!
//! Reading order: `front.rs` (the guards, one a line) → `answer.rs` (every status there is) → `events.rs` (the door for events) → `runs.rs` (the door for clients of agents), `workflows.rs` (those that begin workflows), `approvals.rs` (the links of people) → `serve.rs` (connections, drain and cut). `admin/` is the operator's own door.

mod admin;
mod answer;
mod approvals;
mod body;
mod doors;
mod events;
mod front;
mod gate;
mod head;
mod hooks;
mod idempotency;
mod inbound;
mod json_error;
mod knock;
mod payload;
mod routes;
mod runs;
mod serve;
mod workflows;

pub use admin::{AskError, Said, ask, ask_admin, listen, serve_admin, tell_admin};
pub use doors::Doors;
pub use events::EventsDoor;
pub use front::Front;
pub use gate::Gate;
pub use hooks::HooksDoor;
pub use inbound::InboundDoors;
pub use routes::{Route, RouteTable};
pub use runs::RunsDoor;
pub use serve::{Connections, Phase, serve};
pub use workflows::{WorkflowDoor, WorkflowDoors};
