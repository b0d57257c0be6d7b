//! A workflow file as it was written, with the line of every text: what the keys say, and nothing yet of what they refer to. It lives here
//! because only this room knows lines and paths; `workflow` makes a plan of it.

use serde_json::Value;

use crate::model::Digest;

use super::super::problem::Problem;

/// Where something stands in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// The line, from 1.
    pub line: usize,
    /// The dotted path: `steps[2].args.text`.
    pub path: String,
}

/// A text and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// As it stands in the file; references are not yet looked at.
    pub text: String,
    /// Where.
    pub at: Spot,
}

/// JSON as it was written, each text with its place.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// `null`, a flag or a number.
    Plain(Value),
    /// A string.
    Text(Written),
    /// A list.
    List(Vec<Data>),
    /// An object.
    Map(Vec<(String, Data)>),
}

/// Whose rules a file follows where the two dialects differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `.yaml`, `.yml`, `.json`: unknown keys are errors.
    Sandclaw,
    /// `.lobster`: unknown keys are warnings, as Lobster passes over them.
    Lobster,
}

/// A whole file.
#[derive(Clone, Debug)]
pub struct Definition {
    /// The flow's name: `name`, else that of the file without its extension.
    pub name: String,
    /// The file, as it was named.
    pub file: String,
    /// The dialect of the file.
    pub dialect: Dialect,
    /// The text of the file, so that a run can be resumed with the definition that it began with.
    pub source: String,
    /// Over name of the file and text.
    pub digest: Digest,
    /// For people.
    pub description: Option<String>,
    /// What a run can be given, with defaults.
    pub args: Vec<ArgDefinition>,
    /// Environment of all commands.
    pub env: Vec<(String, Written)>,
    /// Folder of all commands.
    pub cwd: Option<Written>,
    /// What a run may cost.
    pub cost_limit: Option<CostLimit>,
    /// The steps, in their order.
    pub steps: Vec<StepDefinition>,
}

/// An argument of a workflow.
#[derive(Clone, Debug, PartialEq)]
pub struct ArgDefinition {
    /// Its name.
    pub name: String,
    /// Its value if a run gives none. Without one it is required.
    pub default: Option<Value>,
    /// For people.
    pub description: Option<String>,
    /// Where it stands.
    pub at: Spot,
}

/// What a run may cost, in US dollars, and what is done when it costs more.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CostLimit {
    /// US dollars.
    pub max_usd: f64,
    /// Whether the run stops; otherwise it is only told.
    pub stops: bool,
}

/// One step as it was written.
#[derive(Clone, Debug)]
pub struct StepDefinition {
    /// Where it stands.
    pub at: Spot,
    /// The author's id.
    pub id: Option<Written>,
    /// What it does.
    pub body: BodyDefinition,
    /// Asked after its own body, if it has one.
    pub approval: Option<ApprovalDefinition>,
    /// When it runs; `when` before `condition`.
    pub when: Option<Written>,
    /// What a failure does, if it is said.
    pub on_error: Option<OnError>,
    /// Whether it is tried again.
    pub retry: Option<Retry>,
    /// How long it may take, in milliseconds.
    pub timeout_ms: Option<u32>,
    /// Environment of its command, over the workflow's.
    pub env: Vec<(String, Written)>,
    /// What its command reads.
    pub stdin: Option<Data>,
    /// The folder of its command.
    pub cwd: Option<Written>,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum BodyDefinition {
    /// Nothing: it only asks for approval. Also what is left of a body that is wrong and reported.
    None,
    /// A line for the shell.
    Shell(Written),
    /// A program and its arguments.
    Argv(Vec<Written>),
    /// A tool of the agent's gateway.
    Tool {
        /// Its name.
        tool: Written,
        /// What it is given, an object.
        args: Option<Data>,
    },
    /// A component.
    Plugin {
        /// Its file in the folder of plugins.
        file: Written,
        /// What it is given, an object.
        args: Option<Data>,
    },
    /// Another workflow.
    Workflow {
        /// Its name.
        name: Written,
        /// Its arguments, an object.
        args: Option<Data>,
    },
    /// Steps at the same time.
    Parallel {
        /// Whether the first that succeeds is enough.
        any: bool,
        /// For all of them, in milliseconds.
        timeout_ms: Option<u32>,
        /// The steps.
        branches: Vec<StepDefinition>,
    },
    /// Steps for every item of a list.
    ForEach {
        /// A reference, or the list.
        over: Data,
        /// The line and path of it.
        at: Spot,
        /// The name of the item in the steps.
        item_var: String,
        /// The name of its number in the steps, from 0.
        index_var: String,
        /// Items before each pause.
        batch_size: u32,
        /// Between two batches, in milliseconds.
        pause_ms: u32,
        /// The steps.
        steps: Vec<StepDefinition>,
    },
    /// An answer of a person.
    Input {
        /// What is asked.
        prompt: Written,
        /// JSON Schema of the answer.
        schema: Option<Value>,
        /// What the answer is where it says nothing.
        defaults: Option<Value>,
    },
}

/// Who is asked for approval, and what.
#[derive(Clone, Debug, Default)]
pub struct ApprovalDefinition {
    /// What is asked.
    pub prompt: Option<Written>,
    /// What is to be approved.
    pub items: Option<Data>,
    /// A text that shows it.
    pub preview: Option<Written>,
    /// Who started it.
    pub initiated_by: Option<Written>,
    /// The one who must answer.
    pub required_approver: Option<Written>,
    /// Whether it must be another than who started it.
    pub require_different_approver: bool,
    /// Who may answer. An empty list is nobody; without one, whoever may administer the gateway.
    pub approvers: Option<Vec<String>>,
    /// How long it can be answered, in milliseconds.
    pub expires_ms: Option<u32>,
}

/// What a failure of a step does to the flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnError {
    /// The flow ends as failed.
    Stop,
    /// The flow goes on.
    Continue,
    /// The steps after it are skipped, and the flow ends well.
    SkipRest,
}

/// Whether and when a step is tried again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Retry {
    /// Tries in all, the first one too.
    pub max: u32,
    /// Whether each wait is twice the one before.
    pub exponential: bool,
    /// The first wait, in milliseconds.
    pub delay_ms: u32,
    /// The longest wait, in milliseconds.
    pub max_delay_ms: u32,
    /// Whether waits are shortened at random.
    pub jitter: bool,
    /// Whether it may run again when nobody knows if it ran: the process died meanwhile.
    pub safe: bool,
}

/// What is wrong with a file, and what is only strange; collected by whoever looks at it.
#[derive(Debug)]
pub struct Findings {
    pub(super) file: String,
    pub(super) problems: Vec<Problem>,
    pub(super) warnings: Vec<String>,
}
