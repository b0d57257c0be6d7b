//! What a body may hold, action by action. The order of the fields is the order in which they are checked, and with it part
//! of the contract: the answer names the first problem only.

use Rule::{Flag, Json, NullableText, OneOf, Text, Whole};

/// What a value must be.
#[derive(Clone, Copy)]
pub enum Rule {
    /// A string that is not blank; it is trimmed.
    Text,
    /// The same, or null.
    NullableText,
    /// Anything, as long as its numbers are finite.
    Json,
    /// An integer from 0 to 2^53 - 1.
    Whole,
    /// A boolean.
    Flag,
    /// One of these strings, to the letter.
    OneOf(&'static [&'static str]),
}

/// One member of a body.
pub struct Field {
    pub name: &'static str,
    pub rule: Rule,
    pub is_required: bool,
    /// Handed to the host by itself, and not among its `fields`.
    pub is_argument: bool,
}

/// One action and its members besides `action`.
pub struct Schema {
    pub action: Action,
    pub name: &'static str,
    pub fields: &'static [Field],
}

/// The 13 actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    CreateFlow,
    GetFlow,
    ListFlows,
    FindLatestFlow,
    ResolveFlow,
    GetTaskSummary,
    SetWaiting,
    ResumeFlow,
    FinishFlow,
    FailFlow,
    RequestCancel,
    CancelFlow,
    RunTask,
}

/// The most fields that one action has: run_task.
pub const FIELDS_MAX: usize = 15;

pub const FLOW_ID: &str = "flowId";
pub const TOKEN: &str = "token";
pub const REVISION: &str = "expectedRevision";

const NOTIFY_POLICY: Rule = OneOf(&["done_only", "state_changes", "silent"]);

pub const SCHEMAS: [Schema; 13] = [
    schema(
        Action::CreateFlow,
        "create_flow",
        const {
            &[
                optional("controllerId", Text),
                required("goal", Text),
                optional("status", OneOf(&["queued", "running", "waiting", "blocked"])),
                optional("notifyPolicy", NOTIFY_POLICY),
                optional("currentStep", NullableText),
                optional("stateJson", Json),
                optional("waitJson", Json),
            ]
        },
    ),
    schema(Action::GetFlow, "get_flow", const { &[argument(FLOW_ID, Text)] }),
    schema(Action::ListFlows, "list_flows", &[]),
    schema(Action::FindLatestFlow, "find_latest_flow", &[]),
    schema(Action::ResolveFlow, "resolve_flow", const { &[argument(TOKEN, Text)] }),
    schema(Action::GetTaskSummary, "get_task_summary", const { &[argument(FLOW_ID, Text)] }),
    schema(
        Action::SetWaiting,
        "set_waiting",
        const {
            &[
                argument(FLOW_ID, Text),
                argument(REVISION, Whole),
                optional("currentStep", NullableText),
                optional("stateJson", Json),
                optional("waitJson", Json),
                optional("blockedTaskId", NullableText),
                optional("blockedSummary", NullableText),
            ]
        },
    ),
    schema(
        Action::ResumeFlow,
        "resume_flow",
        const {
            &[
                argument(FLOW_ID, Text),
                argument(REVISION, Whole),
                optional("status", OneOf(&["queued", "running"])),
                optional("currentStep", NullableText),
                optional("stateJson", Json),
            ]
        },
    ),
    schema(
        Action::FinishFlow,
        "finish_flow",
        const { &[argument(FLOW_ID, Text), argument(REVISION, Whole), optional("stateJson", Json)] },
    ),
    schema(
        Action::FailFlow,
        "fail_flow",
        const {
            &[
                argument(FLOW_ID, Text),
                argument(REVISION, Whole),
                optional("stateJson", Json),
                optional("blockedTaskId", NullableText),
                optional("blockedSummary", NullableText),
            ]
        },
    ),
    schema(Action::RequestCancel, "request_cancel", const { &[argument(FLOW_ID, Text), argument(REVISION, Whole)] }),
    schema(Action::CancelFlow, "cancel_flow", const { &[argument(FLOW_ID, Text)] }),
    schema(
        Action::RunTask,
        "run_task",
        const {
            &[
                argument(FLOW_ID, Text),
                required("runtime", OneOf(&["subagent", "acp"])),
                optional("sourceId", Text),
                optional("childSessionKey", Text),
                optional("parentTaskId", Text),
                optional("agentId", Text),
                optional("runId", Text),
                optional("label", Text),
                required("task", Text),
                optional("preferMetadata", Flag),
                optional("notifyPolicy", NOTIFY_POLICY),
                optional("status", OneOf(&["queued", "running"])),
                optional("startedAt", Whole),
                optional("lastEventAt", Whole),
                optional("progressSummary", NullableText),
            ]
        },
    ),
];

const fn schema(action: Action, name: &'static str, fields: &'static [Field]) -> Schema {
    assert!(fields.len() <= FIELDS_MAX);
    Schema { action, name, fields }
}

const fn required(name: &'static str, rule: Rule) -> Field {
    Field { name, rule, is_required: true, is_argument: false }
}

const fn optional(name: &'static str, rule: Rule) -> Field {
    Field { name, rule, is_required: false, is_argument: false }
}

const fn argument(name: &'static str, rule: Rule) -> Field {
    Field { name, rule, is_required: true, is_argument: true }
}
