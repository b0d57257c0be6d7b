//! `POST …/agent`: a message for an agent.

use super::answer::Refusal;
use super::fields::Fields;
use super::policy::{self, Wanted};
use crate::config::webhooks::Callbacks;
use crate::json::JsonKind;
use crate::model::SessionMode;

/// The channel that the last message came from.
pub(super) const LAST: &str = "last";
/// What a message is called that nobody named.
pub(super) const NAME_DEFAULT: &str = "Hook";

/// What a message asks for.
pub(super) struct AgentCall {
    pub message: String,
    pub name: String,
    pub wanted: Wanted,
    pub is_deferred: bool,
    pub session_key: Option<String>,
    /// What the request says of it; nothing is the door's default.
    pub session_mode: Option<SessionMode>,
    pub delivery: Delivery,
    pub model: Option<String>,
    pub thinking: Option<String>,
    pub timeout_seconds: Option<u64>,
    pub waits: bool,
    pub callback_url: Option<String>,
}

/// What becomes of the result.
#[derive(Default)]
pub(super) struct Delivery {
    pub is_off: bool,
    /// The channel, if one is named.
    pub channel: Option<String>,
    pub to: Option<String>,
    pub account_id: Option<String>,
}

/// Reads it, each check in OpenClaw's order; what OpenClaw does not have is the last.
pub(super) fn read(fields: &Fields<'_>, channels: &[String], callbacks: &Callbacks) -> Result<AgentCall, Refusal> {
    if fields.get("waitForCompletion").is_some_and(|value| value.kind() != JsonKind::Boolean) {
        return Err(Refusal::new("waitForCompletion must be boolean"));
    }
    let message = fields.text("message").ok_or_else(|| Refusal::new("message required"))?;
    let wanted = wanted(fields)?;
    let session_mode = match fields.get("sessionMode").map(|mode| mode.as_str()) {
        None => None,
        Some("\"isolated\"") => Some(SessionMode::Isolated),
        Some("\"persistent\"") => Some(SessionMode::Persistent),
        Some(_) => return Err(Refusal::new("sessionMode must be isolated or persistent")),
    };
    let delivery = delivery(fields, channels)?;
    let model = fields.text("model");
    if fields.has("model") && model.is_none() {
        return Err(Refusal::new("model required"));
    }
    let callback_url = match fields.get("callbackUrl") {
        Some(url) => Some(policy::callback(callbacks, &url.as_string_lossy().unwrap_or_default())?),
        None => None,
    };
    Ok(AgentCall {
        message,
        name: fields.text("name").unwrap_or_else(|| NAME_DEFAULT.to_owned()),
        wanted,
        is_deferred: fields.is("wakeMode", "\"next-heartbeat\""),
        session_key: fields.text("sessionKey"),
        session_mode,
        delivery,
        model,
        thinking: fields.text("thinking"),
        timeout_seconds: fields.seconds("timeoutSeconds"),
        waits: fields.is("waitForCompletion", "true"),
        callback_url,
    })
}

/// Whom a request names.
pub(super) fn wanted(fields: &Fields<'_>) -> Result<Wanted, Refusal> {
    let agent_id = fields.text("agentId");
    if fields.has("agentId") && agent_id.is_none() {
        return Err(Refusal::new("agentId must be a non-empty string"));
    }
    Ok(Wanted { agent_id, agent: fields.text("agent") })
}

fn delivery(fields: &Fields<'_>, channels: &[String]) -> Result<Delivery, Refusal> {
    if fields.is("deliver", "false") {
        // The other members are not even looked at.
        return Ok(Delivery { is_off: true, ..Delivery::default() });
    }
    let given = fields.get("channel").map(|channel| channel.as_string_lossy().unwrap_or_default());
    let channel = channel(given.as_deref(), channels)?;
    let (to, account_id) = (fields.text("to"), fields.text("accountId"));
    let has = |name: &str| fields.has(name);
    if !has("channel") && !has("to") && !has("accountId") {
        return Ok(Delivery::default());
    }
    let refused = |message: &str| Err(Refusal::new(message));
    if has("to") && to.is_none() {
        return refused("to must be a non-empty string for hook delivery");
    }
    if has("accountId") && account_id.is_none() {
        return refused("accountId must be a non-empty string for hook delivery");
    }
    if has("accountId") && (!has("channel") || to.is_none()) {
        return refused("accountId requires channel and to for hook delivery");
    }
    if !has("channel") || to.is_none() {
        return refused("channel and to must be set together for hook delivery");
    }
    if channel == LAST {
        return refused("channel must name a concrete channel for hook delivery");
    }
    Ok(Delivery { is_off: false, channel: Some(channel), to, account_id })
}

/// A channel by the name that was given; `last` if none was.
pub(super) fn channel(given: Option<&str>, channels: &[String]) -> Result<String, Refusal> {
    let Some(given) = given else { return Ok(LAST.to_owned()) };
    let name = crate::model::js_trim(given).to_lowercase();
    if name == LAST || channels.contains(&name) {
        return Ok(name);
    }
    let names: Vec<&str> = std::iter::once(LAST).chain(channels.iter().map(String::as_str)).collect();
    Err(Refusal::new(format!("channel must be {}", names.join("|"))))
}
