//! A tool of the Gateway, called from outside: `POST /tools/invoke`. The Gateway decides which tools may be called so; by default nothing that
//! runs commands, touches files or starts sessions.

use std::time::Duration;

use serde::Serialize;
use serde_json::value::RawValue;

use super::gateway::{ANSWER_MAX_BYTES, Gateway, complaint};
use crate::json::{JsonPart, JsonText, canonical};
use crate::model::AttemptOutcome;
use crate::outbound::egress::Answer;

/// What the Gateway reads of a call.
const BODY_MAX_BYTES: usize = 2 << 20;

/// A call of one tool.
#[derive(Clone, Debug)]
pub struct ToolCall {
    /// The tool's name.
    pub tool: String,
    /// Which of its actions.
    pub action: Option<String>,
    /// Its arguments, an object.
    pub args: JsonText,
    /// The session on whose behalf.
    pub session_key: Option<String>,
    /// The agent on whose behalf.
    pub agent: Option<String>,
    /// What makes a second call the same as the first.
    pub idempotency_key: Option<String>,
    /// The most time that it may take.
    pub timeout: Duration,
}

/// Why a tool has no result. Safe to show: it holds what the Gateway said, and never a token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ToolError {
    /// The config names no `gatewayToken`.
    #[error("no tool of the Gateway can be called: the agent has no gatewayToken")]
    NoToken,
    /// The arguments are larger than a Gateway reads.
    #[error("the call is larger than 2 MiB, the most that a Gateway reads")]
    CallTooLarge,
    /// 400: the call is wrong.
    #[error("the Gateway refused the call: {0}")]
    BadCall(String),
    /// 401: the token is not the Gateway's.
    #[error("the Gateway refused gatewayToken, which must be the value of its gateway.auth.token")]
    Unauthorized,
    /// 403: not allowed, or not without a person's approval.
    #[error("the Gateway does not allow it: {message}")]
    Forbidden {
        /// What it says.
        message: String,
        /// Whether a person could allow it there.
        requires_approval: bool,
    },
    /// 404: unknown, or not to be called from outside.
    #[error("the Gateway gives no such tool out: {0}; see its gateway.tools.allow")]
    NoSuchTool(String),
    /// It was called, and failed.
    #[error("the tool failed: {0}")]
    Failed(String),
    /// It was certainly not called; another try may help.
    #[error("the Gateway could not be asked: {0}")]
    Unreachable(String),
    /// Not known whether it was called.
    #[error("what became of the call is not known: {0}")]
    Unknown(String),
    /// It was called, and its result is more than is read.
    #[error("the tool has answered with more than 2 MiB, which is not read")]
    ResultTooLarge,
}

impl Gateway {
    /// Calls a tool, once, and returns its `result`.
    pub async fn tools_invoke(&self, call: &ToolCall) -> Result<JsonText, ToolError> {
        if self.secrets().count() < 2 {
            return Err(ToolError::NoToken);
        }
        let body = body(call)?;
        match self.invoke(body, call.timeout).await.result {
            Ok(answer) => read(&answer),
            Err(fault) => Err(match fault.outcome {
                AttemptOutcome::Timeout | AttemptOutcome::Broken => ToolError::Unknown(fault.detail),
                _ => ToolError::Unreachable(fault.detail),
            }),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    tool: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'a str>,
    args: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    idempotency_key: Option<&'a str>,
}

fn body(call: &ToolCall) -> Result<String, ToolError> {
    let bad = |error: serde_json::Error| ToolError::BadCall(error.to_string());
    let args: &RawValue = serde_json::from_str(call.args.as_str()).map_err(bad)?;
    let text = serde_json::to_string(&Body {
        tool: &call.tool,
        action: call.action.as_deref(),
        args,
        session_key: call.session_key.as_deref(),
        agent_id: call.agent.as_deref(),
        idempotency_key: call.idempotency_key.as_deref(),
    })
    .map_err(bad)?;
    if text.len() > BODY_MAX_BYTES {
        return Err(ToolError::CallTooLarge);
    }
    Ok(text)
}

fn read(answer: &Answer) -> Result<JsonText, ToolError> {
    let is_ok = (200..300).contains(&answer.status);
    if is_ok && answer.cut {
        let is_full = answer.body.len() >= ANSWER_MAX_BYTES;
        let broken = ToolError::Unknown("the connection broke within the answer".to_owned());
        return Err(if is_full { ToolError::ResultTooLarge } else { broken });
    }
    let said = canonical(&answer.body).ok();
    let member = |key: &str| said.as_ref().and_then(|said| find(said.part(), key));
    if is_ok {
        let result = member("result").filter(|_| member("ok").is_some_and(|ok| ok.as_str() == "true"));
        let foreign = || ToolError::Failed("the answer is not one of an OpenClaw Gateway".to_owned());
        return result.map(|result| JsonText::of_canonical(result.as_str())).ok_or_else(foreign);
    }
    let message = complaint(answer);
    Err(match answer.status {
        400 | 413 => ToolError::BadCall(message),
        401 => ToolError::Unauthorized,
        403 => {
            let approval = member("error").and_then(|error| find(error, "requiresApproval"));
            let requires_approval = approval.is_some_and(|approval| approval.as_str() == "true");
            ToolError::Forbidden { message, requires_approval }
        }
        404 => ToolError::NoSuchTool(message),
        429 | 503 => ToolError::Unreachable(format!("status {}: {message}", answer.status)),
        // What stands before the Gateway says so when it has heard no answer.
        502 | 504 if member("ok").is_none() => ToolError::Unknown(format!("status {}: {message}", answer.status)),
        status => ToolError::Failed(format!("status {status}: {message}")),
    })
}

fn find<'a>(object: JsonPart<'a>, key: &str) -> Option<JsonPart<'a>> {
    object.members().find(|(name, _)| name == key).map(|(_, value)| value)
}
