//! The door of the webhook guide: `webhooks.{enabled, secret, agents}`. Each agent that can be reached is listed, with the session that all its
//! messages share.

use crate::config::allowed_ips;
use crate::config::field::Field;
use crate::config::paths::Paths;
use crate::config::provider::SecretSpec;
use crate::config::reader::Section;

use super::sessions::{optional, read_prefixes};
use super::{Around, HookAgents, HookDoor, HookForm, ListedAgent, PATH_DEFAULT, SessionRules};

/// The keys of this shape, beside `secret`, which inbound templates share.
pub(in crate::config) const KEYS: [&str; 6] =
    ["enabled", "agents", "allowedIps", "allowRequestSessionKey", "allowedSessionKeyPrefixes", "includeReply"];

/// The door, if it is switched on. `secret` is what `webhooks.secret` says.
pub(in crate::config) fn read(
    section: &Section<'_>,
    secret: Option<&[SecretSpec]>,
    around: &Around<'_>,
    paths: &mut Paths,
) -> Option<HookDoor> {
    let enabled = section.field("enabled");
    let is_enabled = enabled.flag(false);
    let agents = section.field("agents");
    let listed: Vec<_> = agents.entries().iter().filter_map(|(name, field)| agent(name, field, around)).collect();
    let sessions = SessionRules {
        default_key: None,
        allow_request_key: section.field("allowRequestSessionKey").flag(false),
        prefixes: read_prefixes(&section.field("allowedSessionKeyPrefixes")),
    };
    let include_reply = section.field("includeReply").flag(false);
    if !is_enabled {
        if agents.is_present() && !enabled.is_present() {
            agents.warn(format!("{}: not served; to open {PATH_DEFAULT}, add enabled: true", agents.path));
        }
        return None;
    }
    if !section.field("secret").is_present() {
        enabled.problem("webhooks.enabled requires webhooks.secret; add secret: \"${WEBHOOKS_SECRET}\"");
    }
    if agents.entries().is_empty() {
        enabled.problem(
            "webhooks.enabled requires webhooks.agents, the agents that can be reached; add agents: { main: { sessionKey: \"webhook\" } }",
        );
    }
    paths.take_prefix(PATH_DEFAULT, "webhooks.enabled", &enabled);
    Some(HookDoor {
        form: HookForm::Listed,
        path: PATH_DEFAULT.to_owned(),
        tokens: secret?.to_vec(),
        allowed_ips: allowed_ips::read(&section.field("allowedIps")),
        sessions,
        agents: HookAgents { known: Vec::new(), default: None, allowed: None, listed },
        mappings: Vec::new(),
        channels: Vec::new(),
        include_reply,
    })
}

fn agent(name: &str, field: &Field<'_>, around: &Around<'_>) -> Option<ListedAgent> {
    let section = field.section(&["sessionKey"]);
    let session_key = optional(&section.field("sessionKey"));
    let id = around.roster.expect(field, name)?;
    Some(ListedAgent { id, session_key })
}
