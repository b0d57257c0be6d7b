//! The front door: connections, the guards in their order, and the answer on its way out. axum and hyper live here and nowhere else.
//!
//! Reading order: `front.rs` (the guards, one a line) → `answer.rs` (every status there is) → `events.rs` (the door for events), `workflows.rs` (those that begin workflows), `approvals.rs` (the links of people) → `serve.rs` (connections, drain and cut). `admin/` is the operator's own door.

mod admin;
mod answer;
mod approvals;
mod body;
mod events;
mod front;
mod head;
mod routes;
mod serve;
mod workflows;

pub use admin::{AskError, Said, ask, ask_admin, listen, serve_admin, tell_admin};
pub use events::EventsDoor;
pub use front::Front;
pub use routes::{Route, RouteTable};
pub use serve::{Connections, Phase, serve};
pub use workflows::{WorkflowDoor, WorkflowDoors};
