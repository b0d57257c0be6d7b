//! What an answer of a hook means for the run: that it has ended, or that it may be asked again. Asking again is safe only while the run
//! has not begun, or where the Gateway knows it by its idempotency key; where neither is sure, the run is lost and not begun twice.

use serde_json::Value;

use super::gateway::{Hook, complaint};
use crate::model::{AttemptOutcome, RunState};
use crate::outbound::egress::{Answer, Fault, RetryAfter, Sent};

/// What follows from an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The run has ended.
    Ended(Done),
    /// Ask again.
    Again {
        /// Why.
        why: String,
        /// When, if the Gateway says so.
        retry_after: Option<RetryAfter>,
    },
}

/// How a run has ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Done {
    pub state: RunState,
    pub error: Option<String>,
    /// What else is worth telling.
    pub note: Option<String>,
}

/// Judges what became of a request to a hook.
pub(super) fn judge(sent: Sent, hook: Hook) -> Next {
    match sent.result {
        Ok(answer) if (200..300).contains(&answer.status) => Next::Ended(taken(&answer, hook)),
        Ok(answer) => refused(&answer),
        Err(fault) => failed(fault, hook),
    }
}

fn taken(answer: &Answer, hook: Hook) -> Done {
    if answer.cut {
        return done(RunState::Lost, "the Gateway's answer broke off, so how the run ended is not known");
    }
    let Some(said) = own(answer).filter(|said| said.get("ok") == Some(&Value::Bool(true))) else {
        let error =
            "the answer is not one of an OpenClaw Gateway; is `url` the Gateway's, and `hooksPath` its hooks.path?";
        return done(RunState::Failed, error);
    };
    let Some(completion) = said.get("completion").filter(|_| hook == Hook::Agent) else {
        let note = match hook {
            Hook::Agent => "the Gateway has taken the run; how it ends is not waited for",
            Hook::Wake => "the Gateway has taken the wake",
        };
        return Done { state: RunState::Succeeded, error: None, note: Some(note.to_owned()) };
    };
    let word = |key: &str| completion.get(key).and_then(Value::as_str);
    match word("status") {
        Some("ok") if word("deliveryError").is_some() => {
            // The agent has done its work, and another run would do it again.
            let error = "the agent has answered, and its answer could not be delivered to the channel";
            Done { state: RunState::Succeeded, error: Some(error.to_owned()), note: None }
        }
        Some("ok") => {
            let note = word("replyDisposition").map(|disposition| format!("the agent's answer is {disposition}"));
            Done { state: RunState::Succeeded, error: None, note }
        }
        Some("skipped") => done(RunState::Failed, "the Gateway skipped the run; its log says why"),
        _ => done(RunState::Failed, "the agent's run failed in the Gateway; its log says why"),
    }
}

fn refused(answer: &Answer) -> Next {
    let Answer { status, .. } = *answer;
    let said = complaint(answer);
    let why = if said.is_empty() { format!("status {status}") } else { format!("status {status}: {said}") };
    let is_own = own(answer).is_some_and(|said| said.get("ok").is_some());
    let is_again = match status {
        429 | 503 => true,
        // What stands before the Gateway says so while there is none; the Gateway's own 502 is a run that could not be prepared.
        502 | 504 => !is_own,
        // Its config was changed while it looked at the request.
        409 => said.ends_with("retry request"),
        _ => false,
    };
    if is_again {
        return Next::Again { why, retry_after: answer.retry_after };
    }
    Next::Ended(done(
        RunState::Failed,
        match status {
            300..=399 => format!("the Gateway is not at `url`: status {status}, and a redirect is never followed"),
            401 => format!("the Gateway refused `token`, which must be the value of its hooks.token ({why})"),
            404 => format!("the Gateway has no such hook; is `hooksPath` its hooks.path, and hooks.enabled? ({why})"),
            _ => format!("the Gateway refused the run: {why}"),
        },
    ))
}

fn failed(fault: Fault, hook: Hook) -> Next {
    let Fault { outcome, detail } = fault;
    match outcome {
        // Not a byte has left.
        AttemptOutcome::Unreachable => Next::Again { why: detail, retry_after: None },
        // Either of the connection, and nothing has left; or of the whole run, and there is no time to ask again.
        AttemptOutcome::Timeout => Next::Again { why: detail, retry_after: None },
        // It may have been taken, and a Gateway that was started anew has forgotten its keys.
        AttemptOutcome::Broken if hook == Hook::Agent => Next::Ended(done(
            RunState::Lost,
            format!("what became of the run is not known, and it is not begun twice: {detail}"),
        )),
        // To be woken twice does no harm.
        AttemptOutcome::Broken => Next::Again { why: detail, retry_after: None },
        _ => Next::Ended(done(RunState::Failed, detail)),
    }
}

/// The answer as the JSON object that a Gateway sends.
fn own(answer: &Answer) -> Option<Value> {
    serde_json::from_slice(&answer.body).ok().filter(Value::is_object)
}

fn done(state: RunState, error: impl Into<String>) -> Done {
    Done { state, error: Some(error.into()), note: None }
}
