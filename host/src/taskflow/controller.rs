//! The moves of a controller that lives in this process, such as a workflow's run: it knows its flow by its lease and not by a revision, and
//! never moves one that has ended.

use super::rules::{self, Field, Move};
use crate::json::JsonText;
use crate::model::{EventKind, Flow, FlowStatus, Millis};
use crate::store::Decision;

/// What a controller wishes of its flow.
#[derive(Clone, Debug)]
pub enum Steering {
    /// It goes on; this is its state.
    Progress(JsonText),
    /// It waits for what `wait` tells.
    Wait {
        /// Its state.
        state: JsonText,
        /// What for.
        wait: JsonText,
    },
    /// It no longer waits; its state stays.
    Resume,
    /// It ended well.
    Finish(JsonText),
    /// It ended badly, for this reason.
    Fail {
        /// Its state.
        state: JsonText,
        /// In a sentence.
        reason: JsonText,
    },
    /// It ends on somebody's wish. Its state, if there is a new one.
    Cancel(Option<JsonText>),
}

/// The flow after that, and what receivers are told; nothing if it has ended, or if what is wished is so already.
pub fn steer(flow: &Flow, wish: &Steering, now: Millis) -> Option<(Flow, EventKind)> {
    if flow.status.is_terminal() {
        return None;
    }
    let moved = match wish {
        Steering::Progress(state) if flow.status == FlowStatus::Running => {
            let mut next = flow.clone();
            next.revision += 1;
            next.updated_at = now;
            next.state = Some(state.clone());
            return Some((next, EventKind::FlowUpdated));
        }
        Steering::Progress(state) => rules::apply(flow, &resume(Field::Set(state.clone())), now),
        Steering::Wait { state, wait } => {
            let wish = Move::Wait {
                current_step: Field::Keep,
                state: Field::Set(state.clone()),
                wait: Field::Set(wait.clone()),
                blocked_task: Field::Keep,
                blocked_summary: Field::Keep,
            };
            rules::apply(flow, &wish, now)
        }
        Steering::Resume if flow.status == FlowStatus::Running => return None,
        Steering::Resume => rules::apply(flow, &resume(Field::Keep), now),
        Steering::Finish(state) => rules::apply(flow, &Move::Finish { state: Field::Set(state.clone()) }, now),
        Steering::Fail { state, reason } => {
            let wish = Move::Fail {
                state: Field::Set(state.clone()),
                blocked_task: Field::Keep,
                blocked_summary: Field::Set(reason.clone()),
            };
            rules::apply(flow, &wish, now)
        }
        Steering::Cancel(state) => {
            let mut with_state = flow.clone();
            if let Some(state) = state {
                with_state.state = Some(state.clone());
            }
            rules::apply(&with_state, &Move::Cancel { active_tasks: 0 }, now)
        }
    };
    match moved {
        Decision::Write(next, kind) => Some((next, kind)),
        Decision::Keep | Decision::Refuse(_) => None,
    }
}

fn resume(state: Field) -> Move {
    Move::Resume { status: FlowStatus::Running, current_step: Field::Keep, state }
}
