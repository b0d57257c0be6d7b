//! The legal moves of child tasks: recording one, recording it again, losing one. Pure functions.

use super::refusal::Forbidden;
use crate::json::JsonText;
use crate::model::{DeliveryStatus, Flow, Millis, NotifyPolicy, SyncMode, Task, TaskRuntime, TaskStatus};
use crate::store::TaskDecision;

/// How long the record of a lost task is kept.
const LOST_KEPT_MS: i64 = 7 * 24 * 60 * 60 * 1000;

/// Whether `proposed` becomes a task of `flow`. `earlier` is the task that the flow has for the same run, if it has one.
///
/// A flow that waits or is blocked takes tasks. Cancellation is looked at before the end, so that a cancelled flow says
/// `cancel_requested`.
pub(super) fn record(
    flow: &Flow,
    earlier: Option<&Task>,
    proposed: &Task,
    prefer_metadata: bool,
) -> TaskDecision<Forbidden> {
    if flow.sync_mode != SyncMode::Managed {
        return TaskDecision::Refuse(Forbidden::TakesNoTasks);
    }
    if flow.cancel_requested_at.is_some() {
        return TaskDecision::Refuse(Forbidden::CancelRequested);
    }
    if flow.status.is_terminal() {
        return TaskDecision::Refuse(Forbidden::Terminal(flow.status));
    }
    let Some(earlier) = earlier else { return TaskDecision::Create(proposed.clone()) };
    let same_work = earlier.label == proposed.label && earlier.task == proposed.task;
    if !same_work && proposed.runtime != TaskRuntime::Acp {
        return TaskDecision::Create(proposed.clone());
    }
    let merged = merge(earlier, proposed, prefer_metadata);
    if merged == *earlier { TaskDecision::Keep(merged) } else { TaskDecision::Update(merged) }
}

/// The earlier record with what it lacks; its label and text are replaced only if the caller prefers its own.
fn merge(earlier: &Task, proposed: &Task, prefer_metadata: bool) -> Task {
    let mut merged = earlier.clone();
    fill(&mut merged.source, &proposed.source);
    fill(&mut merged.parent_task, &proposed.parent_task);
    fill(&mut merged.agent, &proposed.agent);
    fill(&mut merged.label, &proposed.label);
    if prefer_metadata {
        if proposed.label.is_some() {
            merged.label.clone_from(&proposed.label);
        }
        merged.task.clone_from(&proposed.task);
    }
    if merged.notify == NotifyPolicy::Silent {
        merged.notify = proposed.notify;
    }
    // Whoever asks again wants to hear of it again, unless the owner has.
    if merged.delivery != DeliveryStatus::Delivered {
        merged.delivery = proposed.delivery;
    }
    merged
}

fn fill(stored: &mut Option<JsonText>, offered: &Option<JsonText>) {
    if stored.is_none() {
        stored.clone_from(offered);
    }
}

/// The task after nothing was heard of it for too long.
pub(super) fn lose(task: &Task, now: Millis) -> Task {
    Task {
        delivery: told(task),
        status: TaskStatus::Lost,
        error: Some(JsonText::string("backing session missing")),
        ended_at: Some(now),
        last_event_at: Some(now),
        cleanup_after: Some(Millis(now.0.saturating_add(LOST_KEPT_MS))),
        ..task.clone()
    }
}

/// Whether the owner hears of a task's end. It does through the event that goes with the change, unless the policy is not to tell; the
/// end of a subagent is the runtime's to tell.
pub(super) fn told(task: &Task) -> DeliveryStatus {
    let is_told = task.runtime != TaskRuntime::Subagent
        && task.notify != NotifyPolicy::Silent
        && task.delivery == DeliveryStatus::Pending;
    if is_told { DeliveryStatus::SessionQueued } else { task.delivery }
}
