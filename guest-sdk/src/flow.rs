//! Flows as types: [`Flow`] reads what the host hands out, [`NewFlow`], [`NewTask`] and [`Change`] write what it takes.

use alloc::string::{String, ToString};

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::Failure;

/// A flow as it was when it was read. Times are milliseconds since 1970.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Flow {
    /// A lower-case UUID.
    pub flow_id: String,
    /// `managed` or `task_mirrored`; a mirrored one cannot be changed.
    pub sync_mode: String,
    /// Who made it.
    pub controller_id: Option<String>,
    /// Where it stands, in words of your own.
    pub current_step: Option<String>,
    /// The task it is blocked by.
    pub blocked_task_id: Option<String>,
    /// Why it is blocked.
    pub blocked_summary: Option<String>,
    /// Counts the changes, from 0; every change needs it.
    pub revision: u64,
    /// `queued`, `running`, `waiting`, `blocked`, `succeeded`, `failed`, `cancelled` or `lost`.
    pub status: String,
    /// `done_only`, `state_changes` or `silent`.
    pub notify_policy: String,
    /// What it is for.
    pub goal: String,
    /// State of your own; stored `null` reads as `None`.
    pub state_json: Option<Value>,
    /// What it waits for; stored `null` reads as `None`.
    pub wait_json: Option<Value>,
    /// When cancellation was last asked for.
    pub cancel_requested_at: Option<i64>,
    /// When it was made.
    pub created_at: i64,
    /// When it last changed.
    pub updated_at: i64,
    /// When it ended.
    pub ended_at: Option<i64>,
}

impl Flow {
    /// Reads a FLOW. Fails with `bad_flow` if it is none, and if a string of it holds a lone surrogate, which no Rust string can.
    pub fn parse(flow: &str) -> Result<Self, Failure> {
        serde_json::from_str(flow).map_err(|error| Failure::new("bad_flow", error.to_string()))
    }

    /// Has it ended? Nothing runs in it any more, though it may still be resumed.
    pub fn is_terminal(&self) -> bool {
        matches!(self.status.as_str(), "succeeded" | "failed" | "cancelled" | "lost")
    }
}

macro_rules! setters {
    ($($(#[doc = $doc:literal])* $method:ident($type:ty) => $name:literal;)*) => {$(
        $(#[doc = $doc])*
        #[must_use]
        pub fn $method(mut self, value: $type) -> Self {
            self.0.insert($name.to_string(), Value::from(value));
            self
        }
    )*};
}

/// The fields of [`Session::create_flow`](crate::Session::create_flow).
#[derive(Clone, Debug, PartialEq)]
pub struct NewFlow(Map<String, Value>);

impl NewFlow {
    /// A flow with this goal, which must not be blank.
    pub fn new(goal: &str) -> Self {
        Self(Map::from_iter([("goal".to_string(), Value::from(goal))]))
    }

    setters! {
        /// Default: the route's.
        controller_id(&str) => "controllerId";
        /// `queued` (default), `running`, `waiting` or `blocked`.
        status(&str) => "status";
        /// `done_only` (default), `state_changes` or `silent`.
        notify_policy(&str) => "notifyPolicy";
        /// Where it stands.
        current_step(&str) => "currentStep";
        /// State of your own.
        state_json(Value) => "stateJson";
        /// What it waits for.
        wait_json(Value) => "waitJson";
    }

    /// The fields as JSON text.
    pub fn to_json(&self) -> String {
        text(&self.0)
    }
}

/// The fields of a change: [`Session::set_waiting`](crate::Session::set_waiting), `resume_flow`, `finish_flow`, `fail_flow`. What is not
/// given keeps its value; `None`, or [`Value::Null`], clears it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Change(Map<String, Value>);

impl Change {
    /// Keeps everything.
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// For `resume_flow`: `queued` (default) or `running`.
        status(&str) => "status";
        /// Where it stands. For `set_waiting` and `resume_flow`.
        current_step(Option<&str>) => "currentStep";
        /// State of your own. For all four.
        state_json(Value) => "stateJson";
        /// What it waits for. For `set_waiting`.
        wait_json(Value) => "waitJson";
        /// The task it is blocked by. For `set_waiting` and `fail_flow`.
        blocked_task_id(Option<&str>) => "blockedTaskId";
        /// Why it is blocked. For `set_waiting` and `fail_flow`.
        blocked_summary(Option<&str>) => "blockedSummary";
    }

    /// The fields as JSON text.
    pub fn to_json(&self) -> String {
        text(&self.0)
    }
}

/// The fields of [`Session::run_task`](crate::Session::run_task).
#[derive(Clone, Debug, PartialEq)]
pub struct NewTask(Map<String, Value>);

impl NewTask {
    /// A task for this runtime (`subagent` or `acp`), which must not be blank.
    pub fn new(runtime: &str, task: &str) -> Self {
        let runtime = ("runtime".to_string(), Value::from(runtime));
        Self(Map::from_iter([runtime, ("task".to_string(), Value::from(task))]))
    }

    setters! {
        /// Where it comes from, in words of your own.
        source_id(&str) => "sourceId";
        /// The session that does it.
        child_session_key(&str) => "childSessionKey";
        /// The task it is part of.
        parent_task_id(&str) => "parentTaskId";
        /// The agent that does it.
        agent_id(&str) => "agentId";
        /// A call with a run id that the flow already has returns that task.
        run_id(&str) => "runId";
        /// A short name.
        label(&str) => "label";
        /// With a known run id: let this label and task replace the stored ones.
        prefer_metadata(bool) => "preferMetadata";
        /// `done_only` (default), `state_changes` or `silent`.
        notify_policy(&str) => "notifyPolicy";
        /// `queued` (default) or `running`.
        status(&str) => "status";
        /// Milliseconds since 1970; for status `running` only.
        started_at(u64) => "startedAt";
        /// Milliseconds since 1970; for status `running` only.
        last_event_at(u64) => "lastEventAt";
        /// How far it is; for status `running` only.
        progress_summary(&str) => "progressSummary";
    }

    /// The fields as JSON text.
    pub fn to_json(&self) -> String {
        text(&self.0)
    }
}

fn text(fields: &Map<String, Value>) -> String {
    Value::Object(fields.clone()).to_string()
}
