//! Components: what each needs, what it was granted, and one run of it in a fresh instance.
//!
//! This room promises that a route action sees nothing but its own request and the session of its route (or of its workflow), that a transform sees nothing but
//! its event or request and its config, that all end at their limits with an outcome of its own name, and that a file which cannot be used never stops
//! another. It never sees HTTP, secrets or SQL. The water goes on to `taskflow`.
//!
//! Reading order: [`Plugins`] (the folder and the slots) → `place.rs` (last good one, swap, poison) → `kind.rs`, and the three kinds in `action.rs`,
//! `transform.rs` and `hook.rs` → `plugin.rs` (checked and linked) → `run.rs`.

mod action;
mod announce;
mod bindings;
mod cache;
mod compile;
mod engine;
mod error;
mod folder;
mod guest;
mod headers;
mod hook;
mod kind;
mod lanes;
mod meter;
mod need;
mod outcome;
mod overrides;
mod place;
mod plugin;
mod plugins;
mod poison;
mod powers;
mod run;
mod slot;
mod source;
mod transform;
mod user;
mod watch;

pub use announce::{Announce, tell_nobody};
pub use cache::CompileCache;
pub use compile::{Compiled, Compiler, ComponentKind};
pub use engine::{PoolSize, SandboxEngine, TICK};
pub use error::{Refusal, SandboxError};
pub use folder::PluginFolder;
pub use guest::RequestHead;
pub use hook::{HookOutcome, HookRequest, HookRun};
pub use meter::Cost;
pub use need::Need;
pub use outcome::{Blame, Failure, FailureKind, Outcome, REPLY_STATUSES, Reply};
pub use place::{NotReady, Standing, Status};
pub use plugin::short;
pub use plugins::Plugins;
pub use slot::{HookSlot, Slot, StepSlot, TransformSlot};
pub use source::Source;
pub use transform::{Message, TransformOutcome, TransformRun};
pub use user::User;
pub use watch::Watch;
