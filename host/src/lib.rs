//! sandclaw: a webhook gateway whose route actions run as WebAssembly components.
//!
//! The rooms, in the order a request walks through them. A room calls only the rooms below it in this list;
//! `tests/it/tidy.rs` holds the doors. `ARCHITECTURE.md` tells the whole story.

pub mod app; // where the rooms meet: start, drain, stop
pub mod auth; // secrets and who is calling
pub mod cli; // the command line: parse, call `app`, print
pub mod clock; // time, handed in
pub mod config; // the operator's file: read whole or refused whole
pub mod http; // the front door: the guard pipeline, the envelope, status codes
pub mod json; // JSON as ECMAScript reads and writes it
pub mod limits; // rate windows, requests in flight, the budget of a run
pub mod model;
pub mod sandbox; // components: need, grants, one run in a fresh instance
pub mod store; // rows: one writer, many readers, the outbox
pub mod taskflow; // what a flow is and which moves are legal // ids and plain records, no I/O
