//! sandclaw: a webhook gateway whose route actions run as WebAssembly components.
//!
//! The rooms, in the order a request walks through them. A room calls only rooms below it in this list; `tests/it/tidy.rs` holds the
//! doors. `ARCHITECTURE.md` tells the whole story.

// Plain comments below: rustdoc would put doc comments in front of each room's own page, and look for that page's links here.

// The command line: parse, call `app`, print.
pub mod cli;

// Where the rooms meet: start, drain, stop.
pub mod app;

// The front door: the guard pipeline, the envelope, status codes.
pub mod http;

// What a request to wake or tell an agent means.
pub mod hooks;

// Files of steps that a request starts: read, checked, gone through.
pub mod workflow;

// Agents: durable runs, and who carries them out.
pub mod agents;

// Events on their way out: dispatch, transform, sign, deliver, remember.
pub mod outbound;

// Components: need, grants, one run in a fresh instance.
pub mod sandbox;

// How much is too much: rate windows, requests in flight, the budget of a run.
pub mod limits;

// Secrets, and who is calling.
pub mod auth;

// The operator's file: read whole or refused whole.
pub mod config;

// What a flow is and which moves are legal.
pub mod taskflow;

// Rows: one writer, many readers, the outbox.
pub mod store;

// Time, handed in.
pub mod clock;

// Ids and plain records, no I/O.
pub mod model;

// Questions about an event, in CEL.
pub mod expr;

// JSON as ECMAScript reads and writes it.
pub mod json;
