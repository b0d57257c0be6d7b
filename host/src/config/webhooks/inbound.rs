//! `webhooks.inbound`: each endpoint makes a message of what it is sent, by a template, for one agent.

use crate::config::hooks::{MODES, TIMEOUT_MAX_SECONDS, has_expressions, read_callback, read_tokens};
use crate::model::{SessionMode, js_trim};

use super::super::field::Field;
use super::super::paths::{self, Paths};
use super::super::provider::SecretSpec;
use super::{Around, Inbound, InboundEndpoint};
use crate::config::allowed_ips;
use crate::config::auth::{self, AuthConfig};

/// Where the endpoints are if nothing else is said.
const PATH_DEFAULT: &str = "/webhooks/inbound";

const KEYS: [&str; 16] = [
    "agentId",
    "template",
    "sessionKey",
    "sessionMode",
    "name",
    "secret",
    "auth",
    "allowedIps",
    "allowUnsafeExternalContent",
    "deliver",
    "channel",
    "to",
    "model",
    "thinking",
    "timeoutSeconds",
    "callbackUrl",
];

/// The endpoints, if they are to be served. `shared` is `webhooks.secret`: nothing if it is not there, `Some(None)` if it is wrong.
pub(super) fn read(
    field: &Field<'_>,
    shared: Option<Option<&[SecretSpec]>>,
    around: &Around<'_>,
    paths: &mut Paths,
) -> Option<Inbound> {
    if !field.is_present() {
        return None;
    }
    let section = field.section(&["enabled", "basePath", "endpoints"]);
    let is_enabled = section.field("enabled").flag(true);
    let base_path = read_path(&section.field("basePath"));
    let entries = section.field("endpoints").entries();
    let endpoints: Vec<_> = entries.iter().filter_map(|(name, field)| endpoint(name, field, shared, around)).collect();
    if !is_enabled {
        return None;
    }
    let base_path = base_path?;
    paths.take_prefix(&base_path, "webhooks.inbound.basePath", &section.field("basePath"));
    if endpoints.iter().any(|endpoint| endpoint.auth.is_nobody()) {
        field.warn(format!(
            "{}: there is no secret, so every request is answered 401; add secret: \"${{WEBHOOKS_SECRET}}\" to webhooks or to the \
             endpoint, or auth: \"none\" to an endpoint that strangers may use",
            field.path
        ));
    }
    Some(Inbound { base_path, endpoints })
}

fn read_path(field: &Field<'_>) -> Option<String> {
    if !field.is_present() {
        return Some(PATH_DEFAULT.to_owned());
    }
    let path = paths::normalised(&field.text()?);
    if path == "/" {
        field.problem("may not be '/': every path would be under it");
        return None;
    }
    if !paths::is_in_urls(&path) {
        field.problem("no request can match it: a URL path has no such characters");
        return None;
    }
    Some(path)
}

fn endpoint(
    name: &str,
    field: &Field<'_>,
    shared: Option<Option<&[SecretSpec]>>,
    around: &Around<'_>,
) -> Option<InboundEndpoint> {
    if name.is_empty() || name.contains('/') || !paths::is_in_urls(name) {
        field.problem(
            "the name is the last part of the path: it must be of letters, digits and characters such as - and _",
        );
    }
    let section = field.section(&KEYS);
    let agent = section.field("agentId");
    let agent = agent.required_text().and_then(|id| around.hooks.roster.expect(&agent, &id));
    let template = section.field("template");
    if !template.is_present() {
        template.must_be("a non-blank string");
    }
    let template = template.verbatim().filter(|text| {
        let is_blank = js_trim(text).is_empty();
        if is_blank {
            template.problem("must be a non-blank string");
        }
        !is_blank
    });
    let key = section.field("sessionKey");
    let session_key = key.text().filter(|text| {
        // Otherwise a sender could choose any session there is.
        let is_free = text.starts_with("{{") && has_expressions(text);
        if is_free {
            key.problem(
                "must begin with text of its own, as \"ticket:{{body.id}}\": a sender could choose any session",
            );
        }
        !is_free
    });
    let mode = section.field("sessionMode");
    let mode = if mode.is_present() { mode.choice(&MODES) } else { None };
    let by_key = if session_key.is_some() { SessionMode::Persistent } else { SessionMode::Isolated };
    let flag = |key: &str| section.field(key).is_present().then(|| section.field(key).flag(false));
    let auth = read_auth(&section.field("auth"), &section.field("secret"), shared, around);
    Some(InboundEndpoint {
        name: name.to_owned(),
        agent: agent?,
        template: template?,
        session_mode: mode.unwrap_or(by_key),
        session_key,
        label: section.field("name").text(),
        auth: auth?,
        allowed_ips: allowed_ips::read(&section.field("allowedIps")),
        allow_unsafe_external_content: flag("allowUnsafeExternalContent").unwrap_or(false),
        deliver: flag("deliver"),
        channel: section.field("channel").text(),
        to: section.field("to").text(),
        model: section.field("model").text(),
        thinking: section.field("thinking").text(),
        timeout_seconds: section.field("timeoutSeconds").number(1..=TIMEOUT_MAX_SECONDS).map(u64::from),
        callback_url: read_callback(&section.field("callbackUrl"), around.hooks.callbacks),
    })
}

/// Its own secret, or that of all; nobody's only if that is written out.
fn read_auth(
    auth: &Field<'_>,
    secret: &Field<'_>,
    shared: Option<Option<&[SecretSpec]>>,
    around: &Around<'_>,
) -> Option<AuthConfig> {
    if secret.is_present() {
        let own = read_tokens(secret, around.declared);
        let read = auth::read(auth, own.as_deref(), around.declared)?;
        if !matches!(&read, AuthConfig::Bearer(_)) {
            secret.problem("would never be asked for, because `auth` says another way; remove one of them");
        }
        return Some(read);
    }
    match shared {
        Some(shared) => auth::read(auth, shared, around.declared),
        // As the guide has it: there is no secret anywhere. Nobody is let in until there is one.
        None if !auth.is_present() => Some(AuthConfig::Bearer(Vec::new())),
        None => auth::read(auth, Some(&[]), around.declared),
    }
}
