//! What steps do: a command, a message, a question to a model, a component. Each gets what the step says with its values put in, and gives back
//! what came of it; none writes a row, and none decides what follows.

mod command;
mod gateway_tool;
mod kit;
mod llm;
mod message;
mod plugin;
mod process;
mod schema;

pub use kit::Kit;
pub(super) use schema::complaint;

use std::time::Duration;

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::engine::result::StepResult;
use crate::expr::Values;
use crate::model::{FlowId, NewEvent, SessionKey};
use crate::workflow::{Body, Plan, Step, StepPath};

/// The tool that says something in a channel.
pub(super) const MESSAGE: &str = "message";
/// The tool that asks a model.
pub(super) const LLM_TASK: &str = "llm-task";

/// The word for a call of a tool that was answered, and with no: the next attempt is another call.
pub(super) const ANSWERED: &str = "tool";

/// One step to carry out.
pub(super) struct Work<'a> {
    pub kit: &'a Kit,
    pub plan: &'a Plan,
    pub values: &'a Values,
    pub step: &'a Step,
    pub path: &'a StepPath,
    /// What a call to the outside is known by there; the same for attempts that are one call.
    pub call: &'a StepPath,
    pub flow: &'a FlowId,
    pub owner: &'a SessionKey,
    pub stop: &'a CancellationToken,
}

impl Work<'_> {
    /// How long it may take: what the file says, or else the operator.
    fn limit(&self) -> Duration {
        self.step.timeout.unwrap_or(self.kit.settings.step_timeout)
    }

    /// The failure of one that took longer.
    fn timed_out(&self) -> StepResult {
        let whose = if self.step.timeout.is_some() { "" } else { ", what a step may take that has no timeout_ms," };
        StepResult::failed("timeout", format!("took longer than {} ms{whose} and was ended", self.limit().as_millis()))
    }
}

/// What came of it.
pub(super) struct Done {
    pub result: StepResult,
    /// Written in the transaction of the result.
    pub events: Vec<NewEvent>,
}

impl Done {
    /// A result, and nothing that others are told of.
    pub fn of(result: StepResult) -> Self {
        Self { result, events: Vec::new() }
    }
}

/// Whether a tool may be used again when nobody knows whether it was: a message has an id that it keeps, and a model that is asked twice has
/// done nothing.
pub(super) fn is_safe(tool: &str) -> bool {
    matches!(tool, MESSAGE | LLM_TASK)
}

/// Carries it out; nothing if it was told to stop.
pub(super) async fn carry_out(work: Work<'_>) -> Option<Done> {
    // A command ends its program itself, gently first.
    if let Body::Shell(_) | Body::Argv(_) = &work.step.body {
        return command::run(&work).await.map(Done::of);
    }
    tokio::select! {
        done = tokio::time::timeout(work.limit(), act(&work)) => {
            Some(done.unwrap_or_else(|_| Done::of(work.timed_out())))
        }
        () = work.stop.cancelled() => None,
    }
}

async fn act(work: &Work<'_>) -> Done {
    let (Body::Tool { args, .. } | Body::Plugin { args, .. }) = &work.step.body else {
        return Done::of(StepResult::failed("step", "this step does nothing"));
    };
    let args: Value = match args.value(work.values) {
        Ok(args) => args,
        Err(error) => return Done::of(StepResult::failed("expression", error.to_string())),
    };
    match &work.step.body {
        Body::Tool { tool, .. } if tool == MESSAGE => message::send(work, &args),
        Body::Tool { tool, .. } if gateway_tool::is_allowed(work, tool) => {
            Done::of(gateway_tool::call(work, tool, &args).await)
        }
        Body::Tool { tool, .. } if tool == LLM_TASK => Done::of(llm::ask(work, &args).await),
        Body::Plugin { file, .. } => Done::of(plugin::run(work, file, &args).await),
        Body::Tool { tool, .. } => Done::of(StepResult::failed("tool", format!("there is no tool `{tool}` here"))),
        _ => Done::of(StepResult::failed("step", "this step does nothing")),
    }
}
