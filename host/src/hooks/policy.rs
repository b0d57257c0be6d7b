//! Whom a request may reach, and in which session.

use crate::config::hooks::{HookDoor, HookForm, normalised_agent};
use crate::config::webhooks::Callbacks;
use crate::model::AgentId;

use super::answer::Refusal;
use super::session_key;

const ONE_OF_MANY: &str = "agentId is required when multiple agents are configured";
const NOT_ALLOWED: &str = "agentId is not allowed by hooks.allowedAgentIds";
const KEY_NOT_ALLOWED: &str = "sessionKey is disabled for externally supplied hook payload values; set hooks.allowRequestSessionKey=true to enable";

/// One sentence for all that may be wrong: what is allowed, and whether anything is, is nobody's business.
const CALLBACK_NOT_ALLOWED: &str = "callbackUrl is not allowed here";

/// Where a session's key comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeySource {
    /// The request says it.
    Request,
    /// The operator wrote it down.
    Static,
    /// It was made of the request.
    Templated,
}

/// An agent and the session that the door gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub agent: AgentId,
    /// `webhooks.agents.<name>.sessionKey`.
    pub fixed_key: Option<String>,
}

/// Whom a request names: by `agentId`, which is OpenClaw's, or by `agent`, which is the guide's.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    pub agent_id: Option<String>,
    pub agent: Option<String>,
}

/// The agent of a request.
pub(super) fn of_request(door: &HookDoor, wanted: &Wanted) -> Result<Target, Refusal> {
    if let (Some(id), Some(agent)) = (&wanted.agent_id, &wanted.agent)
        && !is_same(id, agent)
    {
        return Err(Refusal::new("agent and agentId name different agents; send one of them"));
    }
    if door.form == HookForm::Listed {
        return of_list(door, wanted);
    }
    let agent = match (&wanted.agent_id, &wanted.agent) {
        (Some(id), _) => known(door, id).ok_or_else(|| Refusal::new(unknown_id(id)))?,
        (None, Some(agent)) => known(door, agent).ok_or_else(|| Refusal::unknown(unknown(agent)))?,
        (None, None) => door.agents.default.clone().ok_or_else(|| Refusal::new(ONE_OF_MANY))?,
    };
    allowed(door, agent)
}

/// The agent of a mapping. One that is not there is the default agent, as in the real gateway.
pub(super) fn of_mapping(door: &HookDoor, id: Option<&str>) -> Result<Target, Refusal> {
    let named = id.and_then(|id| known(door, id));
    let agent = named.or_else(|| door.agents.default.clone()).ok_or_else(|| Refusal::new(ONE_OF_MANY))?;
    allowed(door, agent)
}

fn allowed(door: &HookDoor, agent: AgentId) -> Result<Target, Refusal> {
    let is_allowed = match &door.agents.allowed {
        None => true,
        Some(allowed) => normalised_agent(agent.as_str()).is_some_and(|id| allowed.contains(&id)),
    };
    if is_allowed { Ok(Target { agent, fixed_key: None }) } else { Err(Refusal::new(NOT_ALLOWED)) }
}

/// The list decides who there is; nobody learns of the others.
fn of_list(door: &HookDoor, wanted: &Wanted) -> Result<Target, Refusal> {
    let listed = &door.agents.listed;
    let found = match (wanted.agent.as_ref().or(wanted.agent_id.as_ref()), &listed[..]) {
        (Some(name), _) => listed
            .iter()
            .find(|agent| agent.id.as_str() == name)
            .or_else(|| listed.iter().find(|agent| is_same(agent.id.as_str(), name)))
            .ok_or_else(|| Refusal::unknown(unknown(name)))?,
        (None, [only]) => only,
        (None, _) => return Err(Refusal::new(ONE_OF_MANY)),
    };
    Ok(Target { agent: found.id.clone(), fixed_key: found.session_key.clone() })
}

fn known(door: &HookDoor, id: &str) -> Option<AgentId> {
    let known = &door.agents.known;
    known
        .iter()
        .find(|known| known.as_str() == id)
        .or_else(|| known.iter().find(|known| is_same(known.as_str(), id)))
        .cloned()
}

fn is_same(one: &str, other: &str) -> bool {
    one == other || normalised_agent(one).is_some_and(|one| Some(one) == normalised_agent(other))
}

fn unknown_id(id: &str) -> String {
    format!("unknown agentId \"{}\"", normalised_agent(id).as_deref().unwrap_or(id))
}

fn unknown(agent: &str) -> String {
    format!("unknown agent \"{agent}\"")
}

/// The session of a key that the request, a mapping or nobody gave. A generated one is `hook:` and a new id.
pub(super) fn session(
    door: &HookDoor,
    source: KeySource,
    key: Option<&str>,
    target: &Target,
    new_id: impl FnOnce() -> String,
) -> Result<String, Refusal> {
    let rules = &door.sessions;
    let chosen = match key {
        Some(_) if source != KeySource::Static && !rules.allow_request_key => {
            return Err(Refusal::new(KEY_NOT_ALLOWED));
        }
        Some(key) => key.to_owned(),
        // What the operator fixed is nobody else's to check.
        None if target.fixed_key.is_some() => return Ok(target.fixed_key.clone().unwrap_or_default()),
        None => rules.default_key.clone().unwrap_or_else(|| format!("hook:{}", new_id())),
    };
    with_prefix(door, &chosen)?;
    let scoped = rescoped(&chosen, &target.agent);
    with_prefix(door, &scoped)?;
    // Only now, as in OpenClaw: the prefixes are those of keys as they are written.
    Ok(if session_key::is_main(&scoped) { main_session(&target.agent) } else { scoped })
}

fn with_prefix(door: &HookDoor, key: &str) -> Result<(), Refusal> {
    if door.sessions.allow(key) {
        return Ok(());
    }
    Err(Refusal::new(format!("sessionKey must start with one of: {}", door.sessions.prefixes.join(", "))))
}

/// A key that names an agent names the one that gets the message: nobody reaches into another's sessions.
fn rescoped(key: &str, agent: &AgentId) -> String {
    match session_key::behind_agent(key) {
        Some(rest) => format!("agent:{}:{rest}", normalised_agent(agent.as_str()).as_deref().unwrap_or(agent.as_str())),
        None => key.to_owned(),
    }
}

/// Where the end of a run is reported to, as it is stored.
pub(super) fn callback(callbacks: &Callbacks, url: &str) -> Result<String, Refusal> {
    callbacks.allowed(url).ok_or_else(|| Refusal::new(CALLBACK_NOT_ALLOWED))
}

/// Where an agent is woken if no session is named.
pub(super) fn main_session(agent: &AgentId) -> String {
    format!("agent:{}:main", normalised_agent(agent.as_str()).as_deref().unwrap_or(agent.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_names_an_agent_is_the_targets() {
        let agent = AgentId::new("Main");
        for (key, expected) in [
            ("agent:other:hook:x", "agent:main:hook:x"),
            ("AGENT:Other:Hook:X", "agent:main:hook:x"),
            ("agent:main:signal:group:AbC", "agent:main:signal:group:AbC"),
            ("agent:other", "agent:other"),
            ("agent:a::X", "agent:a::X"),
            ("hook:Agent:other:X", "hook:Agent:other:X"),
        ] {
            assert_eq!(rescoped(key, &agent), expected);
        }
    }
}
