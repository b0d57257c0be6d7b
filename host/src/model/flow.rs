//! A flow, and what callers see of it.

use super::words::words;
use super::{FlowId, FlowView, Millis, SessionKey, Task, TaskCounts};
use crate::json::JsonText;

words! {
    /// Where a flow stands.
    FlowStatus {
        /// Created, nobody works on it.
        Queued = "queued",
        /// Somebody works on it.
        Running = "running",
        /// It waits for what `wait` describes.
        Waiting = "waiting",
        /// It waits for a person or a task that blocks it.
        Blocked = "blocked",
        /// Ended well.
        Succeeded = "succeeded",
        /// Ended badly.
        Failed = "failed",
        /// Ended on request.
        Cancelled = "cancelled",
        /// Ended because what backed it is gone.
        Lost = "lost",
    }
}

impl FlowStatus {
    /// Has it ended?
    pub fn is_terminal(self) -> bool {
        match self {
            Self::Queued | Self::Running | Self::Waiting | Self::Blocked => false,
            Self::Succeeded | Self::Failed | Self::Cancelled | Self::Lost => true,
        }
    }
}

words! {
    /// When the owner wants to hear of it.
    NotifyPolicy {
        /// At the end.
        DoneOnly = "done_only",
        /// At the end and at each change.
        StateChanges = "state_changes",
        /// Never.
        Silent = "silent",
    }
}

words! {
    /// Who moves a flow.
    SyncMode {
        /// Callers move it, through us.
        Managed = "managed",
        /// It follows a task; callers may only look and cancel.
        TaskMirrored = "task_mirrored",
    }
}

/// A flow in full. Text that a caller supplied is JSON text, quotes included (see [`crate::json`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Its id.
    pub id: FlowId,
    /// The session that owns it.
    pub owner: SessionKey,
    /// Who moves it.
    pub sync_mode: SyncMode,
    /// Who controls it, a JSON string.
    pub controller: Option<JsonText>,
    /// The step it is at, a JSON string.
    pub current_step: Option<JsonText>,
    /// The task that blocks it, a JSON string.
    pub blocked_task: Option<JsonText>,
    /// Why it is blocked, a JSON string.
    pub blocked_summary: Option<JsonText>,
    /// Counts changes, from 0.
    pub revision: u64,
    /// Where it stands.
    pub status: FlowStatus,
    /// When the owner wants to hear of it.
    pub notify: NotifyPolicy,
    /// What it is for, a JSON string.
    pub goal: JsonText,
    /// The controller's own data, any JSON. `None` was never set; `null` was.
    pub state: Option<JsonText>,
    /// What it waits for, any JSON. `None` was never set; `null` was.
    pub wait: Option<JsonText>,
    /// When cancellation was asked for.
    pub cancel_requested_at: Option<Millis>,
    /// When it was created.
    pub created_at: Millis,
    /// When it changed last.
    pub updated_at: Millis,
    /// When it ended, if it has.
    pub ended_at: Option<Millis>,
}

impl Flow {
    /// Appends what callers may see: no owner.
    pub fn write_view(&self, out: &mut String) {
        self.as_view().write(out);
    }

    /// What callers may see, as a JSON object: no owner.
    pub fn view(&self) -> String {
        self.as_view().to_text()
    }

    /// Appends what the operator may see: everything, with the flow's tasks (newest first) and their counts.
    pub fn write_record(&self, tasks: &[Task], counts: &TaskCounts, out: &mut String) {
        FlowView { owner: Some(self.owner.as_str()), ..self.as_view() }.write(out);
        out.pop(); // the closing brace: the record goes on
        out.push_str(",\"tasks\":[");
        for (at, task) in tasks.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            task.write_record(out);
        }
        out.push_str("],\"taskSummary\":");
        counts.write(out);
        out.push('}');
    }

    fn as_view(&self) -> FlowView<'_> {
        FlowView {
            id: self.id.as_str(),
            sync_mode: self.sync_mode.as_str(),
            owner: None,
            controller: self.controller.as_ref().map(JsonText::as_str),
            current_step: self.current_step.as_ref().map(JsonText::as_str),
            blocked_task: self.blocked_task.as_ref().map(JsonText::as_str),
            blocked_summary: self.blocked_summary.as_ref().map(JsonText::as_str),
            revision: self.revision,
            status: self.status.as_str(),
            notify: self.notify.as_str(),
            goal: self.goal.as_str(),
            state: self.state.as_ref().map(JsonText::as_str),
            wait: self.wait.as_ref().map(JsonText::as_str),
            cancel_requested_at: self.cancel_requested_at,
            created_at: self.created_at,
            updated_at: self.updated_at,
            ended_at: self.ended_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow() -> Flow {
        Flow {
            id: FlowId::new("f-1"),
            owner: SessionKey::new("agent:main:main"),
            sync_mode: SyncMode::Managed,
            controller: None,
            current_step: None,
            blocked_task: None,
            blocked_summary: None,
            revision: 0,
            status: FlowStatus::Queued,
            notify: NotifyPolicy::DoneOnly,
            goal: JsonText::string("g"),
            state: None,
            wait: None,
            cancel_requested_at: None,
            created_at: Millis(1),
            updated_at: Millis(2),
            ended_at: None,
        }
    }

    #[test]
    fn unset_members_are_absent_and_the_owner_is_never_shown() {
        assert_eq!(
            flow().view(),
            r#"{"flowId":"f-1","syncMode":"managed","revision":0,"status":"queued","notifyPolicy":"done_only","goal":"g","createdAt":1,"updatedAt":2}"#
        );
    }

    #[test]
    fn all_members_stand_in_the_order_of_openclaw() {
        let full = Flow {
            controller: Some(JsonText::string("c")),
            current_step: Some(JsonText::string("s")),
            blocked_task: Some(JsonText::string("t")),
            blocked_summary: Some(JsonText::string("b")),
            revision: 7,
            status: FlowStatus::Blocked,
            state: Some(JsonText::null()),
            wait: Some(JsonText::string("w")),
            cancel_requested_at: Some(Millis(3)),
            ended_at: Some(Millis(4)),
            ..flow()
        };
        assert_eq!(
            full.view(),
            concat!(
                r#"{"flowId":"f-1","syncMode":"managed","controllerId":"c","currentStep":"s","blockedTaskId":"t","blockedSummary":"b","#,
                r#""revision":7,"status":"blocked","notifyPolicy":"done_only","goal":"g","stateJson":null,"waitJson":"w","#,
                r#""cancelRequestedAt":3,"createdAt":1,"updatedAt":2,"endedAt":4}"#
            )
        );
    }

    #[test]
    fn the_operators_record_adds_owner_tasks_and_counts() {
        let mut record = String::new();
        flow().write_record(&[], &TaskCounts::default(), &mut record);
        assert!(
            record.starts_with(r#"{"flowId":"f-1","syncMode":"managed","ownerKey":"agent:main:main","revision":0,"#)
        );
        assert!(record.contains(r#""updatedAt":2,"tasks":[],"taskSummary":{"total":0,"#), "{record}");
        assert!(record.ends_with("}}}"));
    }

    #[test]
    fn words_read_back_as_they_were_written() {
        for status in FlowStatus::ALL {
            assert_eq!(FlowStatus::parse(status.as_str()), Some(*status));
        }
        assert_eq!(FlowStatus::parse("Queued"), None);
    }
}
