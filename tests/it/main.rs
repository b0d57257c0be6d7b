//! Every test here goes through the front door: HTTP, signals, the command line, the files of the state folder.

mod actions;
mod cli;
mod conformance;
mod contract;
mod crash;
mod documents;
mod door;
mod events;
mod examples;
mod first_party;
mod garbage;
mod guards;
mod guests;
mod isolation;
mod lifecycle;
mod plugins;
mod records;
mod secrets;
mod tidy;
mod verifiers;

/// The real program.
const PROGRAM: &str = env!("CARGO_BIN_EXE_sandclaw-under-test");
