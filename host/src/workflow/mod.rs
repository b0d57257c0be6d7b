//! Workflows: files of steps that a request starts. This room reads nothing by itself; `config` hands it a definition, and it makes a
//! [`Plan`] of it, in which every reference leads somewhere, or says everything that is wrong at once.
//!
//! It promises that a value from a request is only ever data: not an expression, not a shell's text, not the name of a program. Reading order:
//! [`Plan`] → `compile.rs` (from definition to plan) → `names.rs` (what can be referred to where) → `shell/` (commands) → `library.rs` (a folder of them).

pub mod approvals;
mod compile;
mod engine;
mod fields;
mod graph;
mod library;
mod llm_args;
mod looked;
mod names;
mod needs;
mod path;
mod plan;
mod ready;
mod shell;
mod step;
mod steps;
#[cfg(test)]
mod tests;

pub use engine::{Begin, BeginError, Begun, Engine, Input, Plans, Seen, runs_again};
pub use fields::{ASKING_FIELDS, FLOW, STEP_FIELDS};
pub use graph::{GraphFormat, graph, summary};
pub use library::Workflows;
pub use needs::Needs;
pub use path::StepPath;
pub use plan::{AfterFailure, Approval, Body, Call, ForEach, Plan, Step};
pub use ready::{Library, NotReady};
pub use shell::{Argv, CommandError, Given, ShellLine, VALUE_MAX_BYTES};
pub use steps::Kit;
