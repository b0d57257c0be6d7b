//! A tool of a real OpenClaw Gateway as a step: `POST /tools/invoke`, which the Gateway allows or does not. Which tools a workflow may ask for
//! at all is the operator's to say.

use std::time::Duration;

use serde_json::{Map, Value};

use super::{ANSWERED, Work};
use crate::agents::openclaw::{ToolCall, ToolError};
use crate::json::value_lossy;
use crate::workflow::engine::result::StepResult;
use crate::workflow::engine::summary::json_text;

/// OpenClaw's own limit of its model tool; a step may say another with `timeout_ms`.
const TIMEOUT_DEFAULT: Duration = Duration::from_secs(30);

/// Whether the operator lets this workflow call the tool there.
pub(super) fn is_allowed(work: &Work<'_>, tool: &str) -> bool {
    work.kit.rights(work.plan.key()).tools.is_some_and(|tools| tools.allow.iter().any(|allowed| allowed == tool))
}

pub(super) async fn call(work: &Work<'_>, tool: &str, args: &Value) -> StepResult {
    let failed = |why: String| StepResult::failed("grant", why);
    let Some(tools) = work.kit.rights(work.plan.key()).tools.filter(|tools| tools.allow.iter().any(|it| it == tool))
    else {
        return failed(format!("the tool `{tool}` is not granted to this workflow"));
    };
    let Some(gateway) = work.kit.gateways.of(&tools.via) else {
        return failed(format!("the agent {} has no OpenClaw Gateway with a gatewayToken", tools.via));
    };
    let mut args: Map<String, Value> = args.as_object().cloned().unwrap_or_default();
    let action = match args.get("action") {
        Some(Value::String(action)) => Some(action.clone()),
        _ => None,
    };
    if action.is_some() {
        // Not `remove`, which puts the last one in its place.
        args.retain(|name, _| name != "action");
    }
    let call = ToolCall {
        tool: tool.to_owned(),
        action,
        args: json_text(&Value::Object(args)),
        session_key: None,
        agent: None,
        // The same for the same step of the same run, until the Gateway has answered: then another attempt is another call.
        idempotency_key: Some(format!("{}/{}", work.flow, work.call)),
        timeout: work.step.timeout.unwrap_or(TIMEOUT_DEFAULT),
    };
    match gateway.tools_invoke(&call).await {
        Ok(result) => StepResult::of_json(answer(value_lossy(result.as_str()))),
        Err(error) => StepResult::failed(word(&error), error.to_string()),
    }
}

/// What went wrong. Whatever leaves open what became of this call, or of the same one before it, is not [`ANSWERED`].
fn word(error: &ToolError) -> &'static str {
    match error {
        ToolError::BadCall(_) | ToolError::Forbidden { .. } | ToolError::NoSuchTool(_) | ToolError::Failed(_) => {
            ANSWERED
        }
        ToolError::NoToken | ToolError::CallTooLarge | ToolError::Unauthorized | ToolError::Unreachable(_) => {
            "unreachable"
        }
        ToolError::Unknown(_) => "unknown",
        // It has done what it was to do, and is not to do it again.
        ToolError::ResultTooLarge => "too_large",
    }
}

/// What a tool answers: its `details` where it has some, as OpenClaw's model tool puts the JSON there, or else all of it.
fn answer(result: Value) -> Value {
    match result.pointer("/details/json").or_else(|| result.get("details")) {
        Some(details) if !details.is_null() => details.clone(),
        _ => result,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::answer;

    #[test]
    fn what_a_tool_found_out_is_its_answer() {
        assert_eq!(answer(json!({"details": {"json": {"a": 1}}, "content": []})), json!({"a": 1}));
        assert_eq!(answer(json!({"details": {"b": 2}})), json!({"b": 2}));
        assert_eq!(
            answer(json!({"content": [{"text": "x"}], "details": null})),
            json!({"content": [{"text": "x"}], "details": null})
        );
        assert_eq!(answer(json!([1])), json!([1]));
    }
}
