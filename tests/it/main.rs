//! Every test here goes through the front door: HTTP, signals, the command line, the files of the state folder.

mod actions;
mod cli;
mod conformance;
mod contract;
mod crash;
mod delivery;
mod documents;
mod door;
mod events;
mod examples;
mod first_party;
mod garbage;
mod guards;
mod guests;
mod interruptions;
mod isolation;
mod lifecycle;
mod outbound_crash;
mod plugins;
mod receivers;
mod records;
mod scenarios;
mod secrets;
mod tidy;
mod tls;
mod transform_delivery;
mod transform_slots;
mod transform_trouble;
mod transforms;
mod verifiers;
mod webhooks_cli;
mod webhooks_live;
mod workflow_cli;
mod workflows;

/// The real program.
const PROGRAM: &str = env!("CARGO_BIN_EXE_sandclaw-under-test");
