//! Components: what each needs, what it was granted, and one run of it in a fresh instance.
//!
//! This room promises that a guest sees nothing but its own request and the session of its route, that it ends at its limits with an outcome of its own
//! name, and that a file which cannot be used never stops another route. It never sees HTTP, secrets or SQL. The water goes on to `taskflow`.
//!
//! Reading order: [`Plugins`] (the folder and the routes' slots) → [`Slot`] (last good one, swap, poison) → `Plugin` (checked and linked) → `run.rs`.

mod bindings;
mod cache;
mod compile;
mod engine;
mod error;
mod folder;
mod guest;
mod lanes;
mod meter;
mod need;
mod outcome;
mod plugin;
mod plugins;
mod poison;
mod powers;
mod run;
mod slot;
mod watch;

pub use cache::CompileCache;
pub use compile::{Compiled, Compiler};
pub use engine::{PoolSize, SandboxEngine, TICK};
pub use error::{Refusal, SandboxError};
pub use folder::PluginFolder;
pub use guest::RequestHead;
pub use need::Need;
pub use outcome::{Blame, Failure, FailureKind, Outcome, REPLY_STATUSES, Reply};
pub use plugin::short;
pub use plugins::Plugins;
pub use run::Call;
pub use slot::{NotReady, Slot, Source, Status};
pub use watch::Watch;
