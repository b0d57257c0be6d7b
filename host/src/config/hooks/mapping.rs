//! Reads `hooks.mappings`: OpenClaw's keys as OpenClaw reads them, but for `transform`, which names a component here.

use crate::config::allowed_ips::{self, AllowedIps};
use crate::config::auth::{self, AuthConfig};
use crate::config::component::{self, Component};
use crate::config::field::Field;
use crate::config::limits::RouteLimits;
use crate::config::problem::quoted;
use crate::config::tree::Value;
use crate::model::{AgentId, SessionMode, js_trim};

use super::gmail::{self, Gmail};
use super::sessions::optional;
use super::{Around, BODY_MAX_BYTES, HookAction, Mapping, read_callback};

const KEYS: [&str; 22] = [
    "auth",
    "allowedIps",
    "id",
    "match",
    "action",
    "wakeMode",
    "name",
    "agentId",
    "sessionKey",
    "sessionMode",
    "messageTemplate",
    "textTemplate",
    "forEach",
    "deliver",
    "allowUnsafeExternalContent",
    "channel",
    "to",
    "model",
    "thinking",
    "timeoutSeconds",
    "callbackUrl",
    "transform",
];

/// Modes of a session, as the file and requests write them.
pub(in crate::config) const MODES: [(&str, SessionMode); 2] =
    [("isolated", SessionMode::Isolated), ("persistent", SessionMode::Persistent)];

/// Names that direct requests have. A mapping sees only what has a slash behind them, as in OpenClaw.
const DIRECT: [&str; 2] = ["wake", "agent"];
/// Names by which objects of JavaScript are reached into.
const BLOCKED: [&str; 3] = ["__proto__", "prototype", "constructor"];

/// A day: no run takes longer, whatever it is given.
pub(in crate::config) const TIMEOUT_MAX_SECONDS: u32 = 86_400;

/// One mapping; `at` is its place in the list, from 0.
pub(super) fn read(
    field: &Field<'_>,
    at: usize,
    gmail: &Gmail,
    has_default_key: bool,
    around: &Around<'_>,
) -> Option<Mapping> {
    let section = field.section(&KEYS);
    let matched = section.field("match").section(&["path", "source"]);
    let path = read_path(&matched.field("path"));
    let action = choice(&section.field("action"), &[("agent", HookAction::Agent), ("wake", HookAction::Wake)]);
    let deferred = choice(&section.field("wakeMode"), &[("now", false), ("next-heartbeat", true)]);
    let mode = choice(&section.field("sessionMode"), &MODES).unwrap_or(SessionMode::Isolated);
    let transform = section.field("transform");
    let mapping = Mapping {
        id: optional(&section.field("id")).unwrap_or_else(|| format!("mapping-{}", at + 1)),
        source: optional(&matched.field("source")),
        action: action.unwrap_or(HookAction::Agent),
        is_wake_deferred: deferred.unwrap_or(false),
        name: section.field("name").verbatim(),
        agent: read_agent(&section.field("agentId"), around),
        session_key: section.field("sessionKey").verbatim().filter(|key| !js_trim(key).is_empty()),
        session_mode: mode,
        message_template: section.field("messageTemplate").verbatim().unwrap_or_default(),
        text_template: section.field("textTemplate").verbatim().unwrap_or_default(),
        for_each: read_for_each(&section.field("forEach")),
        deliver: flag(&section.field("deliver")),
        allow_unsafe_external_content: flag(&section.field("allowUnsafeExternalContent")),
        channel: section.field("channel").text(),
        to: section.field("to").verbatim(),
        model: section.field("model").verbatim(),
        thinking: section.field("thinking").verbatim(),
        timeout_seconds: section.field("timeoutSeconds").number(1..=TIMEOUT_MAX_SECONDS).map(u64::from),
        callback_url: read_callback(&section.field("callbackUrl"), around.callbacks),
        auth: read_auth(&section.field("auth"), path.as_deref(), around),
        allowed_ips: read_allowed_ips(&section.field("allowedIps"), path.as_deref()),
        transform: read_transform(&transform, around.limits).map(Box::new),
        body_max_bytes: if path.as_deref() == Some(gmail::NAME) { gmail.body_max_bytes } else { BODY_MAX_BYTES },
        path,
    };
    if mapping.action == HookAction::Wake && mapping.callback_url.is_some() {
        section.field("callbackUrl").problem("is for `action: \"agent\"`: nobody answers a wake-up; remove it");
    }
    let needs_key = mapping.action == HookAction::Agent && mode == SessionMode::Persistent;
    if needs_key && mapping.session_key.is_none() && !has_default_key && !transform.is_present() {
        let message = "persistent hook mappings require sessionKey, hooks.defaultSessionKey, or a transform";
        section.field("sessionKey").problem(message);
    }
    Some(mapping)
}

fn choice<T: Copy>(field: &Field<'_>, words: &[(&str, T)]) -> Option<T> {
    field.is_present().then(|| field.choice(words)).flatten()
}

fn flag(field: &Field<'_>) -> Option<bool> {
    field.is_present().then(|| field.flag(false))
}

fn read_path(field: &Field<'_>) -> Option<String> {
    let path = optional(field)?;
    let path = path.trim_matches('/');
    if DIRECT.contains(&path) {
        field.warn(format!(
            "{}: matches only with a slash behind it, because {} is answered before mappings are looked at",
            field.path,
            quoted(path)
        ));
    }
    (!path.is_empty()).then(|| path.to_owned())
}

/// OpenClaw sends what is meant for an agent that it does not have to the default one. So that this surprises nobody, it is told.
fn read_agent(field: &Field<'_>, around: &Around<'_>) -> Option<AgentId> {
    let id = optional(field)?;
    let found = around.roster.find(&id);
    if found.is_none() {
        field.warn(format!("{}: {}; its messages go to the default agent", field.path, around.roster.missing(&id)));
    }
    found
}

/// Who may knock at the path of the mapping, if it has a gate of its own: that is found by the path, before a body is there.
fn read_auth(field: &Field<'_>, path: Option<&str>, around: &Around<'_>) -> Option<AuthConfig> {
    if !field.is_present() {
        return None;
    }
    needs_path(field, path);
    auth::read(field, Some(&[]), around.declared)
}

fn read_allowed_ips(field: &Field<'_>, path: Option<&str>) -> AllowedIps {
    if field.is_present() {
        needs_path(field, path);
    }
    allowed_ips::read(field)
}

fn needs_path(field: &Field<'_>, path: Option<&str>) {
    if path.is_none() {
        field.problem("needs `match.path`: who may knock is asked before the body is looked at");
    }
    // It would hold for the name with a slash behind it and not for the name: nobody could tell which of the two a sender is at.
    if let Some(path) = path.filter(|path| DIRECT.contains(path)) {
        field.problem(format!("cannot be said of {}, a name of the door's own; take another match.path", quoted(path)));
    }
}

fn read_for_each(field: &Field<'_>) -> Option<String> {
    let key = optional(field)?;
    if key.contains(['.', '[', ']']) || BLOCKED.contains(&key.as_str()) {
        field.problem("forEach must be a top-level payload key");
        return None;
    }
    Some(key)
}

fn read_transform(field: &Field<'_>, base: RouteLimits) -> Option<Component> {
    if let Some(Value::Map(entries)) = field.value()
        && entries.iter().any(|entry| entry.key == "module")
    {
        field.problem(
            "a JavaScript module would run with all that this process can do, so none is loaded; write the transform as a \
             component (docs/hooks.md, \"Transforms\"), put it into the plugins folder, and name it: transform: { plugin: \"….wasm\" }",
        );
        return None;
    }
    if !field.is_present() {
        return None;
    }
    component::read_component(field, base)
}
