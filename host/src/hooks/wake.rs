//! `POST …/wake`: a note that wakes an agent. The text is the sender's, who has the token, and goes to the agent as the operator's.

use super::agent::wanted;
use super::answer::Refusal;
use super::fields::Fields;
use super::policy::Wanted;
use crate::config::hooks::HookForm;

/// What an agent is told that is woken without a text, as the webhook guide has it.
const DEFAULT_TEXT: &str = "Woken by a webhook: look around, and do what is due.";

/// What a wake-up asks for.
pub(super) struct WakeCall {
    pub text: String,
    pub is_deferred: bool,
    pub wanted: Wanted,
    pub session_key: Option<String>,
}

/// Reads it, each check in OpenClaw's order.
pub(super) fn read(fields: &Fields<'_>, form: HookForm) -> Result<WakeCall, Refusal> {
    let names_agent = fields.text("agent").is_some();
    let is_short = form == HookForm::Listed && names_agent && !fields.has("text");
    let text = match fields.text("text") {
        Some(text) => text,
        None if is_short => DEFAULT_TEXT.to_owned(),
        None => return Err(Refusal::new("text required")),
    };
    let is_deferred = fields.is("mode", "\"next-heartbeat\"");
    let wanted = wanted(fields)?;
    let session_key = fields.text("sessionKey");
    if fields.has("sessionKey") && session_key.is_none() {
        return Err(Refusal::new("sessionKey must be a non-empty string"));
    }
    if is_deferred && session_key.is_some() {
        return Err(Refusal::new("sessionKey requires mode=now"));
    }
    Ok(WakeCall { text, is_deferred, wanted, session_key })
}
