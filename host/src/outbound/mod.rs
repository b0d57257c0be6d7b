//! Events on their way out: which endpoint wants them, what it gets, how it is signed, whether it arrived, and when to try again.
//!
//! ```text
//! Gateway ─► ingest ─► store ─► engine: dispatch (wants) ─► claim (lane) ─► try ─► store
//!                                                                          │
//!                                  deliver.rs: body ─► headers ─► sign ─► egress
//! ```
//! This room promises that an event which is stored reaches every endpoint that wants it at least once, or ends as a dead delivery with a
//! reason; that one endpoint's trouble is nobody else's; and that nothing is sent where the operator did not allow. It never decides what
//! happened, only who is told. Read `engine/mod.rs` first, then `deliver.rs`.

mod body;
mod deliver;
mod destination;
pub mod egress;
mod engine;
mod envelope;
mod health;
pub mod ingest;
mod lane;
pub mod operator;
mod pace;
mod retry;
pub mod sign;
mod telling;
mod template;
mod wants;
mod words;

pub use engine::{Outbound, Parts, wants_of};
pub use envelope::iso;
