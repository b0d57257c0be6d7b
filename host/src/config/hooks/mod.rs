//! The `hooks` root, as OpenClaw has it, and the same door in the shape of `webhooks.{enabled, secret, agents}`. What could not be served as
//! it is meant is a problem here, in OpenClaw's words where it has some.

mod gmail;
mod listed;
mod mapping;
mod model;
mod roster;
mod sessions;
mod tokens;

pub use model::{
    HookAction, HookAgents, HookDoor, HookForm, ListedAgent, Mapping, SessionRules, has_expressions, next_expression,
    normalised_agent,
};

pub(super) use listed::{KEYS as LISTED_KEYS, read as read_listed};
pub(super) use mapping::{MODES, TIMEOUT_MAX_SECONDS};
pub(super) use roster::Roster;
pub(super) use tokens::read as read_tokens;

use std::collections::BTreeSet;

use super::allowed_ips;
use super::field::Field;
use super::limits::RouteLimits;
use super::paths::{self, Paths};
use super::problem::quoted;
use super::secrets::Declared;
use super::webhooks::Callbacks;
use crate::model::js_trim;
use gmail::Gmail;

/// Largest body, in bytes. OpenClaw's number.
pub const BODY_MAX_BYTES: usize = 262_144;
/// Where the door is if nothing else is said.
const PATH_DEFAULT: &str = "/hooks";

const KEYS: [&str; 13] = [
    "allowedIps",
    "enabled",
    "path",
    "token",
    "allowedAgentIds",
    "presets",
    "transformsDir",
    "mappings",
    "gmail",
    "internal",
    "channels",
    "includeReply",
    // The doors of workflows, which are read elsewhere.
    "webhooks",
];

/// What the other sections say that matters here.
pub(super) struct Around<'a> {
    /// What a run may use if nothing else is said.
    pub limits: RouteLimits,
    /// The providers of secrets.
    pub declared: &'a Declared,
    /// The agents.
    pub roster: &'a Roster,
    /// Where ends of runs may be reported to.
    pub callbacks: &'a Callbacks,
}

/// `callbackUrl`, a template. What nobody could ever be told at is refused here.
pub(super) fn read_callback(field: &Field<'_>, callbacks: &Callbacks) -> Option<String> {
    let template = field.text()?;
    if callbacks.endpoints.is_empty() {
        field.problem("needs agents.callbacks, which says where the end of a run may be reported to");
    } else if !has_expressions(&template) && callbacks.allowed(&template).is_none() {
        field.problem("is under no URL of agents.callbacks.allowUrls");
    }
    Some(template)
}

/// The whole root; a door if it is switched on.
pub(super) fn read(field: &Field<'_>, around: &Around<'_>, paths: &mut Paths) -> Option<HookDoor> {
    let section = field.section(&[&KEYS[..], &sessions::KEYS[..]].concat());
    let is_enabled = section.field("enabled").flag(false);
    let token = section.field("token");
    let tokens = if token.is_present() { read_tokens(&token, around.declared) } else { None };
    let path = read_path(&section.field("path"));
    let sessions = sessions::read(&section, is_enabled);
    let gmail = gmail::read(&section.field("gmail"));
    let allowed_ips = allowed_ips::read(&section.field("allowedIps"));
    let mut mappings = read_mappings(&section.field("mappings"), &gmail, sessions.default_key.is_some(), around);
    for mapping in mappings.iter_mut().filter(|mapping| mapping.allowed_ips.is_everybody() && mapping.auth.is_some()) {
        // Another credential is no other place to come from.
        mapping.allowed_ips = allowed_ips.clone();
    }
    let mappings = [mappings, read_presets(&section.field("presets"), &gmail)].concat();
    let allowed = read_allowed(&section.field("allowedAgentIds"), around);
    let channels = section.field("channels").items();
    let channels = channels.iter().filter_map(Field::text).map(|name| name.to_lowercase()).collect();
    let include_reply = section.field("includeReply").flag(false);
    not_here(&section.field("transformsDir"), "components lie in the plugins folder; it is not looked at");
    not_here(&section.field("internal"), "hooks inside an agent's own process are not served here");
    if !is_enabled {
        return None;
    }
    if !token.is_present() {
        token.problem("hooks.enabled requires hooks.token; add token: \"${HOOKS_TOKEN}\", or a reference to a secret");
    }
    if sessions.prefixes.is_empty() && names_sessions_by_template(&mappings) {
        section.field("allowedSessionKeyPrefixes").problem(
            "hooks.allowedSessionKeyPrefixes is required when a hook mapping sessionKey uses templates, even if hooks.allowRequestSessionKey=true; add allowedSessionKeyPrefixes: [\"hook:\"]",
        );
    }
    let path = path?;
    paths.take_prefix(&path, "hooks.path", &section.field("path"));
    Some(HookDoor {
        form: HookForm::Hooks,
        path,
        tokens: tokens?,
        allowed_ips,
        sessions,
        agents: HookAgents { known: Vec::new(), default: around.roster.default(), allowed, listed: Vec::new() },
        mappings,
        channels,
        include_reply,
    })
}

fn read_path(field: &Field<'_>) -> Option<String> {
    let Some(path) = sessions::optional(field) else { return Some(PATH_DEFAULT.to_owned()) };
    let path = if path.starts_with('/') { path } else { format!("/{path}") };
    let path = path.trim_end_matches('/');
    if path.is_empty() {
        field.problem("hooks.path may not be '/'");
        return None;
    }
    if !paths::is_in_urls(path) {
        field.problem("no request can match it: a URL path has no such characters");
        return None;
    }
    Some(path.to_owned())
}

fn read_mappings(field: &Field<'_>, gmail: &Gmail, has_default_key: bool, around: &Around<'_>) -> Vec<Mapping> {
    let items = field.items();
    let mut mappings: Vec<Mapping> = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let Some(mapping) = mapping::read(item, at, gmail, has_default_key, around) else { continue };
        // The body says which of them it is, and who may knock is asked before.
        if mapping.has_own_gate() && mapping.path.is_some() && mappings.iter().any(|first| first.path == mapping.path) {
            item.problem(
                "an earlier mapping has the same match.path, and who may knock at a path is said once; write `auth` and `allowedIps` at the first of them: they hold for all",
            );
        }
        mappings.push(mapping);
    }
    mappings
}

fn read_presets(field: &Field<'_>, gmail: &Gmail) -> Vec<Mapping> {
    let mut mappings = Vec::new();
    for item in field.items() {
        match item.text() {
            Some(name) if name == gmail::NAME => mappings.push(gmail.mapping()),
            Some(name) => item.warn(format!("{}: no preset {} is known; there is gmail", item.path, quoted(&name))),
            None => {}
        }
    }
    mappings
}

/// Everybody if it is absent or says `*`; nobody if it is empty.
fn read_allowed(field: &Field<'_>, around: &Around<'_>) -> Option<BTreeSet<String>> {
    let items = field.items();
    let names: Vec<String> = items.iter().filter_map(Field::verbatim).map(|name| js_trim(&name).to_owned()).collect();
    if !field.is_present() || names.iter().any(|name| name == "*") {
        return None;
    }
    let names = names.iter().filter(|name| !name.is_empty());
    Some(
        names
            .filter_map(|name| {
                if around.roster.find(name).is_none() {
                    field.warn(format!("{}: {}", field.path, around.roster.missing(name)));
                }
                normalised_agent(name)
            })
            .collect(),
    )
}

/// Whether a mapping that can be reached takes the session from the request.
fn names_sessions_by_template(mappings: &[Mapping]) -> bool {
    let is_shadowed = |at: usize| {
        let mapping = &mappings[at];
        mappings[..at].iter().any(|earlier| {
            (earlier.path.is_none() || earlier.path == mapping.path)
                && (earlier.source.is_none() || earlier.source == mapping.source)
        })
    };
    let is_templated = |mapping: &Mapping| mapping.session_key.as_deref().is_some_and(has_expressions);
    mappings.iter().enumerate().any(|(at, mapping)| is_templated(mapping) && !is_shadowed(at))
}

fn not_here(field: &Field<'_>, why: &str) {
    if field.is_present() {
        field.warn(format!("{}: {why}", field.path));
    }
}
