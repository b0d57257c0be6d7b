//! Questions to people, and their answers: who may give one, how, and what follows from it. A question is answered once; by whoever it names, on
//! the operator's word (the command line) or with a link that only that person was given. An empty list of names is nobody: such a question can
//! only be rejected. What a person is shown is whole, or says that it is not.

mod desk;
mod shown;
mod token;
mod who;

pub use desk::{Approvals, Asked, DecideError, LinkError};
pub use shown::AskView;
pub(super) use shown::{TEXT_MAX_BYTES, excerpt};
pub use token::{LinkKey, Linked, TokenError};

use serde_json::Value;

use super::engine::result::StepResult;
use super::engine::summary::json_text;
use crate::json::value_lossy;
use crate::model::{Answer, Ask, AskKind, AskState, EventKind, Flow, Millis};
use crate::taskflow::{Steering, steer};

/// The step's result, and what becomes of the flow.
pub(super) fn decision(
    ask: &Ask,
    answer: &Answer,
    now: Millis,
) -> (String, impl FnMut(&Flow) -> Option<(Flow, EventKind)> + Send + use<>) {
    let response: Value = answer.response.as_deref().map(value_lossy).unwrap_or_default();
    let result = match (answer.state, ask.kind) {
        (AskState::Approved, AskKind::Approval) => {
            let subject = ask.preview.clone().map(Value::String).unwrap_or_default();
            StepResult {
                success: true,
                approved: Some(true),
                approved_by: answer.by.clone(),
                subject,
                ..StepResult::default()
            }
        }
        (AskState::Approved, AskKind::Input) => {
            StepResult { response: response.clone(), approved_by: answer.by.clone(), ..StepResult::of_json(response) }
        }
        (AskState::Expired, _) => {
            StepResult { approved: Some(false), ..StepResult::failed("expired", "nobody answered in time") }
        }
        _ => StepResult { approved: Some(false), ..StepResult::failed("rejected", "was rejected") },
    };
    let result = StepResult { initiated_by: ask.initiated_by.clone(), ..result }.told();
    let (is_yes, path, status) = (answer.state == AskState::Approved, ask.path.clone(), answer.state.as_str());
    let decide = move |flow: &Flow| {
        if is_yes {
            return steer(flow, &Steering::Resume, now);
        }
        // What the flow tells of the step that asked is how it was answered.
        let mut state = flow.state.as_ref().map(|state| value_lossy(state.as_str())).unwrap_or_default();
        for step in state["steps"].as_array_mut().into_iter().flatten().filter(|step| step["step"] == path.as_str()) {
            step["status"] = status.into();
        }
        let state = if state.is_null() { None } else { Some(json_text(&state)) };
        steer(flow, &Steering::Cancel(state), now)
    };
    (result.to_text(), decide)
}
