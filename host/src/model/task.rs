//! A child task of a flow: a record of work that somebody else does.

use super::view::Members;
use super::words::words;
use super::{FlowId, Millis, NotifyPolicy, SessionKey, TaskId};
use crate::json::JsonText;

words! {
    /// Where a task stands.
    TaskStatus {
        /// Not begun.
        Queued = "queued",
        /// Begun.
        Running = "running",
        /// Ended well.
        Succeeded = "succeeded",
        /// Ended badly.
        Failed = "failed",
        /// Ended by its time limit.
        TimedOut = "timed_out",
        /// Ended on request.
        Cancelled = "cancelled",
        /// Ended because what backed it is gone.
        Lost = "lost",
    }
}

impl TaskStatus {
    /// Is it queued or running?
    pub fn is_active(self) -> bool {
        matches!(self, Self::Queued | Self::Running)
    }

    /// Has it ended in a way that counts as a failure?
    pub fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::TimedOut | Self::Lost)
    }
}

words! {
    /// What does the work.
    TaskRuntime {
        /// A sub-agent.
        Subagent = "subagent",
        /// An agent behind the Agent Client Protocol.
        Acp = "acp",
        /// A command.
        Cli = "cli",
        /// A schedule.
        Cron = "cron",
    }
}

words! {
    /// Whether the owner was told of the task's end.
    DeliveryStatus {
        /// Not yet.
        Pending = "pending",
        /// The line waits in the session's queue.
        SessionQueued = "session_queued",
        /// Told.
        Delivered = "delivered",
        /// Telling failed.
        Failed = "failed",
        /// The owner is gone.
        ParentMissing = "parent_missing",
        /// Nobody wants to know.
        NotApplicable = "not_applicable",
    }
}

words! {
    /// How a finished task left things.
    TaskOutcome {
        /// Done.
        Succeeded = "succeeded",
        /// Done as far as it could be; the flow is blocked.
        Blocked = "blocked",
    }
}

words! {
    /// Whom a task belongs to.
    ScopeKind {
        /// A session.
        Session = "session",
        /// The whole system.
        System = "system",
    }
}

/// A task in full. Text that a caller supplied is JSON text, quotes included (see [`crate::json`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// The session that owns it: the flow's.
    pub owner: SessionKey,
    /// The flow it belongs to.
    pub flow: FlowId,
    /// What does the work.
    pub runtime: TaskRuntime,
    /// Where it came from, a JSON string.
    pub source: Option<JsonText>,
    /// The session that does the work, a JSON string.
    pub child_session: Option<JsonText>,
    /// The task it belongs to, a JSON string; never checked.
    pub parent_task: Option<JsonText>,
    /// The agent that does the work, a JSON string; never checked.
    pub agent: Option<JsonText>,
    /// The run it stands for, a JSON string: a second task of the same run is the same task.
    pub run: Option<JsonText>,
    /// A name for people, a JSON string.
    pub label: Option<JsonText>,
    /// Why it failed, a JSON string.
    pub error: Option<JsonText>,
    /// How far it is, a JSON string.
    pub progress_summary: Option<JsonText>,
    /// How it ended, a JSON string.
    pub terminal_summary: Option<JsonText>,
    /// How it left things.
    pub terminal_outcome: Option<TaskOutcome>,
    /// Whom it belongs to.
    pub scope: ScopeKind,
    /// What is to be done, a JSON string.
    pub task: JsonText,
    /// Where it stands.
    pub status: TaskStatus,
    /// Whether the owner was told of its end.
    pub delivery: DeliveryStatus,
    /// When the owner wants to hear of it.
    pub notify: NotifyPolicy,
    /// When it was recorded.
    pub created_at: Millis,
    /// When the work began.
    pub started_at: Option<Millis>,
    /// When it ended.
    pub ended_at: Option<Millis>,
    /// When it was last heard of.
    pub last_event_at: Option<Millis>,
    /// When the record may be deleted.
    pub cleanup_after: Option<Millis>,
}

impl Task {
    /// What callers may see, as a JSON object: no owner.
    pub fn view(&self) -> String {
        let mut out = String::with_capacity(Self::USUAL_BYTES + self.task.as_str().len());
        self.write_view(&mut out);
        out
    }

    /// Appends what callers may see: no owner.
    pub fn write_view(&self, out: &mut String) {
        self.write(out, None);
    }

    /// Appends what the operator may see: everything.
    pub fn write_record(&self, out: &mut String) {
        self.write(out, Some(self.owner.as_str()));
    }

    /// Room for the names and the short values of a task's object.
    const USUAL_BYTES: usize = 500;

    /// Members in OpenClaw's order, unset ones absent.
    fn write(&self, out: &mut String, owner: Option<&str>) {
        let mut members = Members::begin(out);
        members.text("taskId", self.id.as_str());
        members.text("runtime", self.runtime.as_str());
        members.string("sourceId", self.source.as_ref());
        if let Some(owner) = owner {
            members.text("ownerKey", owner);
        }
        members.string("childSessionKey", self.child_session.as_ref());
        members.text("parentFlowId", self.flow.as_str());
        members.string("parentTaskId", self.parent_task.as_ref());
        members.string("agentId", self.agent.as_ref());
        members.string("runId", self.run.as_ref());
        members.string("label", self.label.as_ref());
        members.string("error", self.error.as_ref());
        members.string("progressSummary", self.progress_summary.as_ref());
        members.string("terminalSummary", self.terminal_summary.as_ref());
        if let Some(outcome) = self.terminal_outcome {
            members.text("terminalOutcome", outcome.as_str());
        }
        members.text("scopeKind", self.scope.as_str());
        members.string("task", Some(&self.task));
        members.text("status", self.status.as_str());
        members.text("deliveryStatus", self.delivery.as_str());
        members.text("notifyPolicy", self.notify.as_str());
        members.time("createdAt", Some(self.created_at));
        members.time("startedAt", self.started_at);
        members.time("endedAt", self.ended_at);
        members.time("lastEventAt", self.last_event_at);
        members.time("cleanupAfter", self.cleanup_after);
        members.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_members_stand_in_the_order_of_openclaw() {
        let string = |text| Some(JsonText::string(text));
        let mut task = Task {
            id: TaskId::new("t-1"),
            owner: SessionKey::new("agent:main:main"),
            flow: FlowId::new("f-1"),
            runtime: TaskRuntime::Acp,
            source: string("1"),
            child_session: string("2"),
            parent_task: string("3"),
            agent: string("4"),
            run: string("5"),
            label: string("6"),
            error: string("7"),
            progress_summary: string("8"),
            terminal_summary: string("9"),
            terminal_outcome: Some(TaskOutcome::Blocked),
            scope: ScopeKind::Session,
            task: JsonText::string("do it"),
            status: TaskStatus::TimedOut,
            delivery: DeliveryStatus::Pending,
            notify: NotifyPolicy::Silent,
            created_at: Millis(1),
            started_at: Some(Millis(2)),
            ended_at: Some(Millis(3)),
            last_event_at: Some(Millis(4)),
            cleanup_after: Some(Millis(5)),
        };
        assert_eq!(
            task.view(),
            concat!(
                r#"{"taskId":"t-1","runtime":"acp","sourceId":"1","childSessionKey":"2","parentFlowId":"f-1","parentTaskId":"3","#,
                r#""agentId":"4","runId":"5","label":"6","error":"7","progressSummary":"8","terminalSummary":"9","terminalOutcome":"blocked","#,
                r#""scopeKind":"session","task":"do it","status":"timed_out","deliveryStatus":"pending","notifyPolicy":"silent","#,
                r#""createdAt":1,"startedAt":2,"endedAt":3,"lastEventAt":4,"cleanupAfter":5}"#
            )
        );
        (task.source, task.child_session, task.parent_task, task.agent, task.run) = (None, None, None, None, None);
        (task.label, task.error, task.progress_summary, task.terminal_summary) = (None, None, None, None);
        (task.terminal_outcome, task.started_at, task.ended_at, task.cleanup_after) = (None, None, None, None);
        assert_eq!(
            task.view(),
            concat!(
                r#"{"taskId":"t-1","runtime":"acp","parentFlowId":"f-1","scopeKind":"session","task":"do it","status":"timed_out","#,
                r#""deliveryStatus":"pending","notifyPolicy":"silent","createdAt":1,"lastEventAt":4}"#
            )
        );
    }
}
