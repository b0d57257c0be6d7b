//! A flow row: the moves of a managed flow, and the FLOW that callers see. Strings and JSON are kept as the tokens they came as.

use super::fields::{Fields, Kind, NOTIFY_POLICIES};
use super::task::TaskRow;
use crate::{Json, Refusal};

const CREATE: &[(&str, Kind)] = &[
    ("goal", Kind::Text),
    ("controllerId", Kind::Text),
    ("status", Kind::OneOf(&["queued", "running", "waiting", "blocked"])),
    ("notifyPolicy", NOTIFY_POLICIES),
    ("currentStep", Kind::NullableText),
    ("stateJson", Kind::Json),
    ("waitJson", Kind::Json),
];
const SET_WAITING: &[(&str, Kind)] = &[
    ("currentStep", Kind::NullableText),
    ("stateJson", Kind::Json),
    ("waitJson", Kind::Json),
    ("blockedTaskId", Kind::NullableText),
    ("blockedSummary", Kind::NullableText),
];
const RESUME: &[(&str, Kind)] =
    &[("status", Kind::OneOf(&["queued", "running"])), ("currentStep", Kind::NullableText), ("stateJson", Kind::Json)];
const FINISH: &[(&str, Kind)] = &[("stateJson", Kind::Json)];
const FAIL: &[(&str, Kind)] =
    &[("stateJson", Kind::Json), ("blockedTaskId", Kind::NullableText), ("blockedSummary", Kind::NullableText)];

#[derive(Default)]
pub struct FlowRow {
    pub id: String,
    pub is_mirrored: bool,
    controller: String,
    step: Option<String>,
    blocked_task: Option<String>,
    blocked_summary: Option<String>,
    pub revision: u64,
    pub status: String,
    notify: String,
    goal: String,
    state: Option<String>,
    wait: Option<String>,
    pub cancel_requested_at: Option<u64>,
    pub created_at: u64,
    updated_at: u64,
    ended_at: Option<u64>,
    pub tasks: Vec<TaskRow>,
}

impl FlowRow {
    pub fn create(id: String, controller: &str, fields: &str, now: u64) -> Result<Self, Refusal> {
        let fields = Fields::read(fields, CREATE)?;
        Ok(Self {
            id,
            controller: fields.owned("controllerId").unwrap_or_else(|| quoted(controller)),
            step: fields.owned("currentStep"),
            status: fields.get("status").unwrap_or("queued").trim_matches('"').into(),
            notify: fields.owned("notifyPolicy").unwrap_or_else(|| quoted("done_only")),
            goal: fields.require("goal")?.into(),
            state: fields.get("stateJson").map(String::from),
            wait: fields.get("waitJson").map(String::from),
            created_at: now,
            updated_at: now,
            ..Self::default()
        })
    }

    pub fn set_waiting(&mut self, fields: &str) -> Result<(), Refusal> {
        let fields = Fields::read(fields, SET_WAITING)?;
        let is_blocked = fields.value("blockedTaskId").or(fields.value("blockedSummary")).is_some();
        self.status = if is_blocked { "blocked" } else { "waiting" }.into();
        self.ended_at = None;
        fields.change_text("currentStep", &mut self.step);
        fields.change_json("stateJson", &mut self.state);
        fields.change_json("waitJson", &mut self.wait);
        fields.change_text("blockedTaskId", &mut self.blocked_task);
        fields.change_text("blockedSummary", &mut self.blocked_summary);
        Ok(())
    }

    pub fn resume(&mut self, fields: &str) -> Result<(), Refusal> {
        let fields = Fields::read(fields, RESUME)?;
        self.status = fields.get("status").unwrap_or("queued").trim_matches('"').into();
        self.ended_at = None;
        self.stop_waiting();
        fields.change_text("currentStep", &mut self.step);
        fields.change_json("stateJson", &mut self.state);
        Ok(())
    }

    pub fn finish(&mut self, fields: &str, now: u64) -> Result<(), Refusal> {
        let fields = Fields::read(fields, FINISH)?;
        self.end("succeeded", now);
        self.stop_waiting();
        fields.change_json("stateJson", &mut self.state);
        Ok(())
    }

    pub fn fail(&mut self, fields: &str, now: u64) -> Result<(), Refusal> {
        let fields = Fields::read(fields, FAIL)?;
        self.end("failed", now);
        self.wait = Some("null".into());
        fields.change_json("stateJson", &mut self.state);
        fields.change_text("blockedTaskId", &mut self.blocked_task);
        fields.change_text("blockedSummary", &mut self.blocked_summary);
        Ok(())
    }

    pub fn cancel(&mut self, now: u64) {
        self.end("cancelled", now);
        self.stop_waiting();
        self.touch(now);
    }

    pub fn touch(&mut self, now: u64) {
        self.revision += 1;
        self.updated_at = now;
    }

    fn end(&mut self, status: &str, now: u64) {
        self.status = status.into();
        self.ended_at = Some(now);
    }

    fn stop_waiting(&mut self) {
        self.wait = Some("null".into());
        self.blocked_task = None;
        self.blocked_summary = None;
    }

    pub fn is_terminal(&self) -> bool {
        matches!(self.status.as_str(), "succeeded" | "failed" | "cancelled" | "lost")
    }

    pub fn has_active_task(&self) -> bool {
        self.tasks.iter().any(TaskRow::is_active)
    }

    pub fn view(&self) -> Json {
        let mut view = View::new();
        view.text("flowId", &self.id);
        view.text("syncMode", if self.is_mirrored { "task_mirrored" } else { "managed" });
        view.raw("controllerId", &self.controller);
        view.maybe("currentStep", &self.step);
        view.maybe("blockedTaskId", &self.blocked_task);
        view.maybe("blockedSummary", &self.blocked_summary);
        view.raw("revision", &self.revision.to_string());
        view.text("status", &self.status);
        view.raw("notifyPolicy", &self.notify);
        view.raw("goal", &self.goal);
        view.maybe("stateJson", &self.state);
        view.maybe("waitJson", &self.wait);
        view.maybe("cancelRequestedAt", &self.cancel_requested_at);
        view.raw("createdAt", &self.created_at.to_string());
        view.raw("updatedAt", &self.updated_at.to_string());
        view.maybe("endedAt", &self.ended_at);
        view.end()
    }

    /// The child tasks, newest created first.
    pub fn tasks_view(&self) -> Json {
        let tasks: Vec<Json> = self.tasks.iter().rev().map(|task| task.view(&self.id)).collect();
        format!("[{}]", tasks.join(","))
    }
}

/// A JSON object that is being written.
pub struct View(String);

impl View {
    pub fn new() -> Self {
        Self("{".into())
    }

    pub fn raw(&mut self, name: &str, value: &str) {
        let comma = if self.0.len() > 1 { "," } else { "" };
        self.0.push_str(&format!("{comma}\"{name}\":{value}"));
    }

    pub fn text(&mut self, name: &str, value: &str) {
        self.raw(name, &quoted(value));
    }

    pub fn maybe(&mut self, name: &str, value: &Option<impl ToString>) {
        if let Some(value) = value {
            self.raw(name, &value.to_string());
        }
    }

    pub fn end(mut self) -> Json {
        self.0.push('}');
        self.0
    }
}

pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
