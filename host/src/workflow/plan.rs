//! A workflow that was checked: what the engine goes through, step by step. Every expression in it is compiled, every reference leads somewhere,
//! and what it needs is known before it starts.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::needs::Needs;
use super::shell::{Argv, ShellLine};
use crate::config::workflow::{ArgDefinition, CostLimit, OnError, Retry, Spot};
use crate::expr::{Condition, Template, Text};
use crate::model::Digest;

/// A workflow, ready to be run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The name by which its texts refer to the flow itself.
    pub name: String,
    /// The file, as it was named.
    pub file: String,
    /// The file's text: a run keeps it, and goes on with it after a restart.
    pub source: String,
    /// Over the name of the file and its text.
    pub digest: Digest,
    /// For people.
    pub description: Option<String>,
    /// What a run can be given.
    pub args: Vec<ArgDefinition>,
    /// Environment of all commands. Refers to `webhook` and `args` only.
    pub env: Vec<(String, Text)>,
    /// Folder of all commands.
    pub cwd: Option<Text>,
    /// What a run may cost.
    pub cost_limit: Option<CostLimit>,
    /// The steps, in their order.
    pub steps: Vec<Step>,
    /// What it needs from the host.
    pub needs: Needs,
    /// The workflows that it calls, each time it does.
    pub calls: Vec<Call>,
    /// What is strange in it, with file, line and path.
    pub warnings: Vec<String>,
}

impl Plan {
    /// What the operator's rights are granted to: the file's name without its ending, whatever the file calls itself.
    pub fn key(&self) -> &str {
        let stem = Path::new(&self.file).file_stem().and_then(|stem| stem.to_str());
        stem.unwrap_or(&self.name)
    }
}

/// A call of another workflow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Its name.
    pub name: String,
    /// Where it is written.
    pub at: Spot,
}

/// One step.
#[derive(Clone, Debug)]
pub struct Step {
    /// The author's id, or `step<N>`. Unique in the workflow, those inside others too.
    pub id: String,
    /// From 1, in the list that it stands in.
    pub number: usize,
    /// The line of the file.
    pub line: usize,
    /// What it does.
    pub body: Body,
    /// Asked after its own body, if it has one; of an approval alone it is all that there is.
    pub approval: Option<Approval>,
    /// When it runs.
    pub when: Option<Condition>,
    /// What its failure does to the flow.
    pub failure: AfterFailure,
    /// Whether the author wrote `on_error: stop`.
    pub(super) says_stop: bool,
    /// Whether and when it is tried again.
    pub retry: Option<Retry>,
    /// How long it may take.
    pub timeout: Option<Duration>,
    /// Environment of its command, over the workflow's.
    pub env: Vec<(String, Text)>,
    /// What its command reads: a text as it is, anything else as JSON.
    pub stdin: Option<Template>,
    /// The folder of its command.
    pub cwd: Option<Text>,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum Body {
    /// A line for `/bin/sh -c`.
    Shell(ShellLine),
    /// A program and its arguments, without a shell.
    Argv(Argv),
    /// A tool of the agent's gateway.
    Tool {
        /// Its name.
        tool: String,
        /// What it is given.
        args: Template,
    },
    /// A component.
    Plugin {
        /// Its file in the folder of plugins.
        file: String,
        /// What it is given.
        args: Template,
    },
    /// Another workflow.
    Workflow {
        /// Its name: of its file, without the extension.
        name: String,
        /// Its arguments.
        args: Template,
    },
    /// Steps at the same time.
    Parallel {
        /// Whether the first that succeeds is enough.
        any: bool,
        /// For all of them.
        timeout: Option<Duration>,
        /// The steps: commands, tools, components, workflows.
        branches: Vec<Step>,
    },
    /// Steps for every item of a list.
    ForEach(Box<ForEach>),
    /// An answer of a person.
    Input {
        /// What is asked.
        prompt: Text,
        /// JSON Schema of the answer.
        schema: Option<Value>,
        /// What the answer is where it says nothing.
        defaults: Option<Value>,
    },
    /// Nothing; the step only asks for approval.
    Approval,
}

/// Steps for every item of a list.
#[derive(Clone, Debug)]
pub struct ForEach {
    /// The list. At most [`crate::config::workflow::ITEMS_MAX`] items; what is no list is a failure of the step.
    pub over: Template,
    /// The name of the item in [`crate::expr::Values`], while its steps run.
    pub item_var: String,
    /// The name of its number, from 0.
    pub index_var: String,
    /// Items before each pause.
    pub batch_size: usize,
    /// Between two batches.
    pub pause: Duration,
    /// The steps: commands, tools, components, workflows.
    pub steps: Vec<Step>,
}

/// Who is asked for approval, and what.
#[derive(Clone, Debug, Default)]
pub struct Approval {
    /// What is asked.
    pub prompt: Option<Text>,
    /// What is to be approved.
    pub items: Option<Template>,
    /// A text that shows it.
    pub preview: Option<Text>,
    /// Who started it.
    pub initiated_by: Option<Text>,
    /// The one who must answer.
    pub required_approver: Option<Text>,
    /// Whether it must be another than who started it.
    pub require_different_approver: bool,
    /// Who may answer. An empty list is nobody; without one, those of the operator's `workflows.flows.<name>.approvers`.
    pub approvers: Option<Vec<String>>,
    /// How long it can be answered.
    pub expires: Option<Duration>,
}

/// What a failure of a step does to the flow, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AfterFailure {
    /// The flow ends as failed.
    Stop,
    /// The flow goes on: the author says so.
    Continue,
    /// The steps after it are skipped: the author says so.
    SkipRest,
    /// The flow goes on, because a later step asks how this one went.
    AskedFor {
        /// The id of the first step that asks.
        by: String,
        /// What it asks for: `success`, `error`, `exitCode` or `skipped`.
        field: String,
    },
}

impl AfterFailure {
    /// Whether the flow does not end as failed.
    pub fn goes_on(&self) -> bool {
        !matches!(self, Self::Stop)
    }

    pub(super) fn written(on_error: Option<OnError>) -> Self {
        match on_error {
            None | Some(OnError::Stop) => Self::Stop,
            Some(OnError::Continue) => Self::Continue,
            Some(OnError::SkipRest) => Self::SkipRest,
        }
    }
}

impl Step {
    /// Whether the flow goes on when this step fails.
    pub fn continues_on_failure(&self) -> bool {
        self.failure.goes_on()
    }

    /// What it is, in a word: `command`, `tool`, `plugin`, `workflow`, `parallel`, `for_each`, `input`, `approval`.
    pub fn kind(&self) -> &'static str {
        match &self.body {
            Body::Shell(_) | Body::Argv(_) => "command",
            Body::Tool { .. } => "tool",
            Body::Plugin { .. } => "plugin",
            Body::Workflow { .. } => "workflow",
            Body::Parallel { .. } => "parallel",
            Body::ForEach(_) => "for_each",
            Body::Input { .. } => "input",
            Body::Approval => "approval",
        }
    }

    pub(super) fn inside_mut(&mut self) -> &mut [Self] {
        match &mut self.body {
            Body::Parallel { branches, .. } => branches,
            Body::ForEach(each) => &mut each.steps,
            _ => &mut [],
        }
    }

    /// The steps inside of it.
    pub fn inside(&self) -> &[Self] {
        match &self.body {
            Body::Parallel { branches, .. } => branches,
            Body::ForEach(each) => &each.steps,
            _ => &[],
        }
    }
}
