//! Agent hooks as the rest of the gateway sees them: checked, with every default filled in.

use std::collections::BTreeSet;

use crate::config::auth::AuthConfig;
use crate::config::{AllowedIps, Component, SecretSpec};
use crate::model::{AgentId, SessionMode};

/// One door for agent hooks: everything under its path.
#[derive(Clone, Debug)]
pub struct HookDoor {
    /// The root that it was read from.
    pub form: HookForm,
    /// Its path: begins with `/`, is more than that, and does not end with one.
    pub path: String,
    /// What a caller must present, one of them.
    pub tokens: Vec<SecretSpec>,
    /// From where callers may knock.
    pub allowed_ips: AllowedIps,
    /// Which sessions messages go to.
    pub sessions: SessionRules,
    /// Which agents there are, and which of them can be reached.
    pub agents: HookAgents,
    /// What is done with requests to names of the operator's own; the first that matches.
    pub mappings: Vec<Mapping>,
    /// Channels that a request may name, beside `last`.
    pub channels: Vec<String>,
    /// Whether who waits for an end is told what the agent answered.
    pub include_reply: bool,
}

/// The two shapes of the same door.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HookForm {
    /// OpenClaw's `hooks`.
    Hooks,
    /// `webhooks`, with its list of agents and their sessions.
    Listed,
}

impl HookForm {
    /// The root of the file.
    pub fn root(self) -> &'static str {
        match self {
            Self::Hooks => "hooks",
            Self::Listed => "webhooks",
        }
    }
}

/// Which sessions messages go to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionRules {
    /// Where a message goes that names none; otherwise to a session of its own.
    pub default_key: Option<String>,
    /// Whether a request, or a template filled from one, may name the session.
    pub allow_request_key: bool,
    /// How keys must begin, in lower case; any way if empty.
    pub prefixes: Vec<String>,
}

impl SessionRules {
    /// Whether the key begins as it must.
    pub fn allow(&self, key: &str) -> bool {
        let key = key.to_lowercase();
        self.prefixes.is_empty() || self.prefixes.iter().any(|prefix| key.starts_with(prefix))
    }
}

/// Which agents a door knows.
#[derive(Clone, Debug, Default)]
pub struct HookAgents {
    /// All that there are.
    pub known: Vec<AgentId>,
    /// Who gets what names none; nobody if there is more than one and none is the default.
    pub default: Option<AgentId>,
    /// Who can be reached, by normalised id; all if absent.
    pub allowed: Option<BTreeSet<String>>,
    /// The only ones that can be reached, with the session that each has.
    pub listed: Vec<ListedAgent>,
}

/// An agent of `webhooks.agents`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedAgent {
    /// The agent.
    pub id: AgentId,
    /// The session that all its messages share.
    pub session_key: Option<String>,
}

/// What a request becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookAction {
    /// A message for an agent.
    Agent,
    /// A note that wakes one.
    Wake,
}

/// What is done with requests to one name. Texts are as they stand in the file: templates.
#[derive(Clone, Debug)]
pub struct Mapping {
    /// Its id.
    pub id: String,
    /// The name, without slashes around it; any if absent.
    pub path: Option<String>,
    /// What the payload's `source` must be, if anything.
    pub source: Option<String>,
    /// What the request becomes.
    pub action: HookAction,
    /// `now` or `next-heartbeat`.
    pub is_wake_deferred: bool,
    /// The label.
    pub name: Option<String>,
    /// For whom; the default agent if absent.
    pub agent: Option<AgentId>,
    /// The session.
    pub session_key: Option<String>,
    /// What runs of that session share.
    pub session_mode: SessionMode,
    /// The message.
    pub message_template: String,
    /// The note that wakes.
    pub text_template: String,
    /// The array of the payload each of whose items becomes an action of its own.
    pub for_each: Option<String>,
    /// Whether results are announced.
    pub deliver: Option<bool>,
    /// Whether the message goes to the agent as if it were the operator's.
    pub allow_unsafe_external_content: Option<bool>,
    /// Where results are announced.
    pub channel: Option<String>,
    /// To whom there.
    pub to: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// How much thinking.
    pub thinking: Option<String>,
    /// The most time, in seconds.
    pub timeout_seconds: Option<u64>,
    /// Where the end of the run is reported to.
    pub callback_url: Option<String>,
    /// Who may knock at its path, if not who may at the door's.
    pub auth: Option<AuthConfig>,
    /// From where.
    pub allowed_ips: AllowedIps,
    /// The component that is asked about it.
    pub transform: Option<Box<Component>>,
    /// Largest body of a request that it may match, in bytes.
    pub body_max_bytes: usize,
}

impl Mapping {
    /// Whether who may knock at its path is not who may knock at the door.
    pub fn has_own_gate(&self) -> bool {
        self.auth.is_some() || !self.allowed_ips.is_everybody()
    }
}

/// An agent's id as OpenClaw compares it: lower case, `-` for what no id has, at most 64 characters; nothing if nothing is left.
pub fn normalised_agent(id: &str) -> Option<String> {
    let id = crate::model::js_trim(id).to_lowercase();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if id.len() <= ID_MAX && id.bytes().all(is_plain) && id.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric()) {
        return Some(id);
    }
    let mut made = String::new();
    for c in id.chars() {
        match u8::try_from(c) {
            Ok(byte) if is_plain(byte) => made.push(c),
            // A run of them becomes one.
            _ if !made.ends_with('\0') => made.push('\0'),
            _ => {}
        }
    }
    let made = made.replace('\0', "-");
    let cut: String = made.trim_matches('-').chars().take(ID_MAX).collect();
    (!cut.is_empty()).then_some(cut)
}

/// Longest agent id, in characters.
const ID_MAX: usize = 64;

/// The first expression of a template, `{{`, anything but `}`, `}}`: what stands before it, the expression, what stands behind.
pub fn next_expression(template: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    while let Some(at) = template[from..].find("{{").map(|at| from + at) {
        let inside = &template[at + 2..];
        let length = inside.find('}')?;
        if length > 0 && inside[length..].starts_with("}}") {
            return Some((&template[..at], crate::model::js_trim(&inside[..length]), &inside[length + 2..]));
        }
        from = at + 1;
    }
    None
}

/// Whether something would be filled in.
pub fn has_expressions(template: &str) -> bool {
    next_expression(template).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_compared_as_openclaw_does() {
        for (id, expected) in [
            (" Main ", Some("main")),
            ("a_b-c9", Some("a_b-c9")),
            ("a b//c", Some("a-b-c")),
            ("--x--", Some("x")),
            ("_x", Some("_x")),
            ("日本", None),
            ("x日y", Some("x-y")),
            ("", None),
        ] {
            assert_eq!(normalised_agent(id).as_deref(), expected, "{id}");
        }
        assert_eq!(normalised_agent(&"x".repeat(99)).unwrap().len(), 64);
    }

    #[test]
    fn an_expression_is_what_would_be_filled_in() {
        for (template, expected) in [
            ("x", false),
            ("{{}}", false),
            ("{{a}}", true),
            ("{{ }}", true),
            ("{{a}", false),
            ("{{a} {{b}}", true),
            ("{{{a}}", true),
            ("{{", false),
            ("a{{payload.x[0]}}b", true),
        ] {
            assert_eq!(has_expressions(template), expected, "{template}");
        }
        assert_eq!(next_expression("a{{\u{feff} x \u{85}}}b"), Some(("a", "x \u{85}", "b")));
    }
}
