//! What a child task says of the run of an agent that stands behind it. Pure functions, applied by the store in the transaction that
//! changes the run.

use super::rules::{self, Move};
use super::task_rules::told;
use crate::json::JsonText;
use crate::model::{Flow, Millis, RunEnd, RunState, Task, TaskOutcome, TaskStatus};
use crate::store::{Decision, TaskRules};

/// How long the record of a task is kept whose run has ended. OpenClaw's number.
const ENDED_KEPT_MS: i64 = 7 * 24 * 60 * 60 * 1000;

/// The most of an answer or a line that a record shows: enough to know what it was. The run has all of it.
const SUMMARY_CHARS: usize = 1_000;

/// How tasks follow runs.
pub const FOLLOWING: TaskRules =
    TaskRules { begin: begun, progress: progressed, requeue: requeued, end: ended, end_flow: end_cancelled };

fn begun(task: &Task, now: Millis) -> Task {
    Task {
        status: TaskStatus::Running,
        started_at: Some(task.started_at.unwrap_or(now)),
        last_event_at: Some(now),
        ..task.clone()
    }
}

fn progressed(task: &Task, line: &str, now: Millis) -> Task {
    Task { progress_summary: Some(summary(line)), last_event_at: Some(now), ..task.clone() }
}

fn requeued(task: &Task, now: Millis) -> Task {
    Task { status: TaskStatus::Queued, last_event_at: Some(now), ..task.clone() }
}

fn ended(task: &Task, end: &RunEnd, now: Millis) -> Task {
    let status = match end.state {
        RunState::Succeeded => TaskStatus::Succeeded,
        RunState::TimedOut => TaskStatus::TimedOut,
        RunState::Cancelled => TaskStatus::Cancelled,
        RunState::Lost => TaskStatus::Lost,
        // A run that ends is in one of its last states; anything else is a failure of whoever said so.
        RunState::Failed | RunState::Queued | RunState::Running => TaskStatus::Failed,
    };
    Task {
        status,
        delivery: told(task),
        error: end.error.as_deref().map(summary),
        terminal_summary: end.reply.as_deref().filter(|reply| !reply.is_empty()).map(summary),
        terminal_outcome: (status == TaskStatus::Succeeded).then_some(TaskOutcome::Succeeded),
        ended_at: Some(now),
        last_event_at: Some(now),
        cleanup_after: Some(Millis(now.0.saturating_add(ENDED_KEPT_MS))),
        ..task.clone()
    }
}

/// The flow as a completed cancellation leaves it, if it was to be cancelled.
pub(super) fn end_cancelled(flow: &Flow, at: Millis) -> Option<Flow> {
    match rules::apply(flow, &Move::EndCancelled { at }, at) {
        Decision::Write(ended, _) => Some(ended),
        Decision::Keep | Decision::Refuse(_) => None,
    }
}

fn summary(text: &str) -> JsonText {
    let mut short: String = text.chars().take(SUMMARY_CHARS).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    JsonText::string(&short).collapsed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_is_one_short_line() {
        assert_eq!(summary(" a\n\tb ").as_str(), "\"a b\"");
        assert_eq!(summary(&"é".repeat(1_001)).as_str(), format!("\"{}…\"", "é".repeat(1_000)));
    }
}
