//! Agents: what is accepted for them becomes a durable run, and each run is carried out by its agent's runner, those of one session one at a
//! time and in order. This room promises that an accepted run ends exactly once, visibly, whatever happens to the process; it never
//! decides who may send a message, and never reads what the answer means.

pub mod acp;
mod inbox;
pub mod openclaw;
pub mod runner;

pub use inbox::Inbox;
