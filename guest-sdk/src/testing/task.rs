//! A task row: how it is recorded, when a known run id finds it again, and the TASK that callers see.

use super::fields::{Fields, Kind, NOTIFY_POLICIES, invalid};
use super::flow::{View, quoted};
use crate::{Json, Refusal};

const RUN: &[(&str, Kind)] = &[
    ("runtime", Kind::OneOf(&["subagent", "acp"])),
    ("sourceId", Kind::Text),
    ("childSessionKey", Kind::Text),
    ("parentTaskId", Kind::Text),
    ("agentId", Kind::Text),
    ("runId", Kind::Text),
    ("label", Kind::Text),
    ("task", Kind::Text),
    ("preferMetadata", Kind::Flag),
    ("notifyPolicy", NOTIFY_POLICIES),
    ("status", Kind::OneOf(&["queued", "running"])),
    ("startedAt", Kind::Millis),
    ("lastEventAt", Kind::Millis),
    ("progressSummary", Kind::NullableText),
];

#[derive(Clone)]
pub struct TaskRow {
    pub id: String,
    runtime: String,
    source: Option<String>,
    child_session: Option<String>,
    parent_task: Option<String>,
    agent: Option<String>,
    run: Option<String>,
    label: Option<String>,
    progress: Option<String>,
    task: String,
    pub status: String,
    notify: String,
    created_at: u64,
    started_at: Option<String>,
    ended_at: Option<u64>,
    last_event_at: String,
}

impl TaskRow {
    /// Finds the task that this call means, or records a new one: its place in `tasks`.
    pub fn run(tasks: &mut Vec<Self>, id: String, fields: &str, now: u64) -> Result<usize, Refusal> {
        let fields = Fields::read(fields, RUN)?;
        let new = Self::read(id, &fields, now)?;
        let known = tasks.iter().position(|task| task.is_run_of(&new));
        let Some(index) = known else {
            tasks.push(new);
            return Ok(tasks.len() - 1);
        };
        tasks[index].merge(new, fields.get("preferMetadata") == Some("true"));
        Ok(index)
    }

    fn read(id: String, fields: &Fields, now: u64) -> Result<Self, Refusal> {
        let status = fields.get("status").unwrap_or("\"queued\"").trim_matches('"').to_string();
        let running_only = ["startedAt", "lastEventAt", "progressSummary"];
        if status != "running" && running_only.iter().any(|name| fields.get(name).is_some()) {
            return Err(invalid(
                "fields.status must be running when startedAt, lastEventAt or progressSummary is given".into(),
            ));
        }
        let started_at = fields.owned("startedAt");
        Ok(Self {
            id,
            runtime: fields.require("runtime")?.trim_matches('"').into(),
            source: fields.owned("sourceId"),
            child_session: fields.owned("childSessionKey"),
            parent_task: fields.owned("parentTaskId"),
            agent: fields.owned("agentId"),
            run: fields.owned("runId"),
            label: fields.owned("label"),
            progress: fields.value("progressSummary").map(collapsed),
            task: fields.require("task")?.into(),
            status,
            notify: fields.owned("notifyPolicy").unwrap_or_else(|| quoted("done_only")),
            created_at: now,
            last_event_at: fields.owned("lastEventAt").or(started_at.clone()).unwrap_or_else(|| now.to_string()),
            started_at,
            ended_at: None,
        })
    }

    /// A subagent's run with another task is another task; an acp run stays itself whatever it is called.
    fn is_run_of(&self, new: &Self) -> bool {
        let is_same_run = self.run.is_some()
            && (&self.run, &self.runtime, &self.child_session) == (&new.run, &new.runtime, &new.child_session);
        is_same_run && (self.runtime == "acp" || (&self.label, &self.task) == (&new.label, &new.task))
    }

    fn merge(&mut self, new: Self, replace: bool) {
        self.source = self.source.take().or(new.source);
        self.parent_task = self.parent_task.take().or(new.parent_task);
        self.agent = self.agent.take().or(new.agent);
        if replace {
            self.label = new.label.or(self.label.take());
            self.task = new.task;
        } else {
            self.label = self.label.take().or(new.label);
        }
        if self.notify == quoted("silent") {
            self.notify = new.notify;
        }
    }

    pub fn is_active(&self) -> bool {
        matches!(self.status.as_str(), "queued" | "running")
    }

    pub fn end(&mut self, status: &str, now: u64) {
        self.status = status.into();
        self.ended_at = Some(now);
        self.last_event_at = now.to_string();
    }

    pub fn view(&self, flow_id: &str) -> Json {
        let mut view = View::new();
        view.text("taskId", &self.id);
        view.text("runtime", &self.runtime);
        view.maybe("sourceId", &self.source);
        view.maybe("childSessionKey", &self.child_session);
        view.text("parentFlowId", flow_id);
        view.maybe("parentTaskId", &self.parent_task);
        view.maybe("agentId", &self.agent);
        view.maybe("runId", &self.run);
        view.maybe("label", &self.label);
        view.maybe("progressSummary", &self.progress);
        view.text("scopeKind", "session");
        view.raw("task", &self.task);
        view.text("status", &self.status);
        view.text("deliveryStatus", "pending");
        view.raw("notifyPolicy", &self.notify);
        view.raw("createdAt", &self.created_at.to_string());
        view.maybe("startedAt", &self.started_at);
        view.maybe("endedAt", &self.ended_at);
        view.raw("lastEventAt", &self.last_event_at);
        view.end()
    }

    /// Counts over the tasks of one flow.
    pub fn summary(tasks: &[Self]) -> Json {
        const STATUSES: [&str; 7] = ["queued", "running", "succeeded", "failed", "timed_out", "cancelled", "lost"];
        const RUNTIMES: [&str; 4] = ["subagent", "acp", "cli", "cron"];
        let with_status = |name: &str| tasks.iter().filter(|task| task.status == name).count();
        let with_runtime = |name: &str| tasks.iter().filter(|task| task.runtime == name).count();
        let counts = |names: &[&str], count: &dyn Fn(&str) -> usize| {
            let mut view = View::new();
            names.iter().for_each(|name| view.raw(name, &count(name).to_string()));
            view.end()
        };
        let active = tasks.iter().filter(|task| task.is_active()).count();
        let failures: usize = ["failed", "timed_out", "lost"].iter().map(|name| with_status(name)).sum();
        let mut view = View::new();
        view.raw("total", &tasks.len().to_string());
        view.raw("active", &active.to_string());
        view.raw("terminal", &(tasks.len() - active).to_string());
        view.raw("failures", &failures.to_string());
        view.raw("byStatus", &counts(&STATUSES, &with_status));
        view.raw("byRuntime", &counts(&RUNTIMES, &with_runtime));
        view.end()
    }
}

/// Runs of white space become one space, as the host stores it.
fn collapsed(token: &str) -> String {
    let Ok(text) = serde_json::from_str::<String>(token) else { return token.into() };
    quoted(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}
