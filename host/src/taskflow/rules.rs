//! The legal moves of a flow, and nothing else: pure functions from a flow and a wish to a flow, as OpenClaw 2026.4.7 makes them.
//!
//! There is deliberately no check of the status: any of the five guarded moves applies to any flow, ended ones too, as long as the
//! caller knows its revision. Real callers rely on it.

use super::refusal::Forbidden;
use crate::json::JsonText;
use crate::model::{EventKind, Flow, FlowStatus, Millis, SyncMode};
use crate::store::Decision;

/// What a call says about a stored value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Field {
    /// Nothing: it stays.
    #[default]
    Keep,
    /// `null`: it goes.
    Clear,
    /// This instead.
    Set(JsonText),
}

impl Field {
    /// An optional string: cleared, it is gone.
    fn change_text(&self, stored: &mut Option<JsonText>) {
        match self {
            Self::Keep => {}
            Self::Clear => *stored = None,
            Self::Set(value) => *stored = Some(value.clone()),
        }
    }

    /// A JSON value: cleared, it is `null` and still shown.
    fn change_json(&self, stored: &mut Option<JsonText>) {
        match self {
            Self::Keep => {}
            Self::Clear => *stored = Some(JsonText::null()),
            Self::Set(value) => *stored = Some(value.clone()),
        }
    }
}

/// What can be wished of a flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Move {
    Wait {
        current_step: Field,
        state: Field,
        wait: Field,
        blocked_task: Field,
        blocked_summary: Field,
    },
    Resume {
        status: FlowStatus,
        current_step: Field,
        state: Field,
    },
    Finish {
        state: Field,
    },
    Fail {
        state: Field,
        blocked_task: Field,
        blocked_summary: Field,
    },
    /// Note that cancellation is wanted.
    RequestCancel,
    /// Cancel, unless child tasks are still active.
    Cancel {
        active_tasks: u64,
    },
    /// Complete a cancellation that was asked for earlier and ended then.
    EndCancelled {
        at: Millis,
    },
}

/// May a caller who believes in revision `expected` move this flow at all? In this order: a mirrored flow is refused whatever the
/// revision.
pub(super) fn guard(flow: &Flow, expected: u64) -> Result<(), Forbidden> {
    if flow.sync_mode != SyncMode::Managed {
        Err(Forbidden::NotManaged)
    } else if flow.revision != expected {
        Err(Forbidden::RevisionConflict)
    } else {
        Ok(())
    }
}

/// The flow after the move.
pub(super) fn apply(flow: &Flow, wish: &Move, now: Millis) -> Decision<Forbidden> {
    let mut next = flow.clone();
    next.revision += 1;
    next.updated_at = now;
    let event = match wish {
        Move::Wait { current_step, state, wait, blocked_task, blocked_summary } => {
            let blocked = [blocked_task, blocked_summary].iter().any(|field| matches!(field, Field::Set(_)));
            next.status = if blocked { FlowStatus::Blocked } else { FlowStatus::Waiting };
            current_step.change_text(&mut next.current_step);
            state.change_json(&mut next.state);
            wait.change_json(&mut next.wait);
            blocked_task.change_text(&mut next.blocked_task);
            blocked_summary.change_text(&mut next.blocked_summary);
            next.ended_at = None;
            EventKind::FlowWaiting
        }
        Move::Resume { status, current_step, state } => {
            next.status = *status;
            current_step.change_text(&mut next.current_step);
            state.change_json(&mut next.state);
            stop_waiting(&mut next);
            unblock(&mut next);
            next.ended_at = None;
            EventKind::FlowResumed
        }
        Move::Finish { state } => {
            next.status = FlowStatus::Succeeded;
            state.change_json(&mut next.state);
            stop_waiting(&mut next);
            unblock(&mut next);
            next.ended_at = Some(now);
            EventKind::FlowFinished
        }
        Move::Fail { state, blocked_task, blocked_summary } => {
            next.status = FlowStatus::Failed;
            state.change_json(&mut next.state);
            stop_waiting(&mut next);
            blocked_task.change_text(&mut next.blocked_task);
            blocked_summary.change_text(&mut next.blocked_summary);
            next.ended_at = Some(now);
            EventKind::FlowFailed
        }
        Move::RequestCancel => {
            next.cancel_requested_at = Some(now);
            EventKind::FlowUpdated
        }
        Move::Cancel { .. } if flow.status.is_terminal() => return Decision::Refuse(Forbidden::Terminal(flow.status)),
        Move::Cancel { active_tasks: 1.. } => {
            if flow.cancel_requested_at.is_some() {
                return Decision::Keep;
            }
            next.cancel_requested_at = Some(now);
            EventKind::FlowUpdated
        }
        Move::Cancel { active_tasks: 0 } => {
            if flow.cancel_requested_at.is_none() {
                next.revision += 1; // the request counts as a change of its own, as in OpenClaw
                next.cancel_requested_at = Some(now);
            }
            end_cancelled(&mut next, now)
        }
        Move::EndCancelled { .. } if flow.status.is_terminal() || flow.cancel_requested_at.is_none() => {
            return Decision::Keep;
        }
        Move::EndCancelled { at } => end_cancelled(&mut next, *at),
    };
    Decision::Write(next, event)
}

fn end_cancelled(flow: &mut Flow, at: Millis) -> EventKind {
    flow.status = FlowStatus::Cancelled;
    stop_waiting(flow);
    unblock(flow);
    flow.updated_at = at;
    flow.ended_at = Some(at);
    EventKind::FlowCancelled
}

fn stop_waiting(flow: &mut Flow) {
    flow.wait = Some(JsonText::null());
}

fn unblock(flow: &mut Flow) {
    flow.blocked_task = None;
    flow.blocked_summary = None;
}
