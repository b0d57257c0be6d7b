//! Reads the routes: OpenClaw's keys as OpenClaw reads them, and ours (`plugin`, `grants`, `limits`). Routes that are
//! switched off are checked like the others, except that they take no path from anybody.

use std::collections::HashMap;

use crate::model::{RouteId, SessionKey, js_trim};

use super::allowed_ips;
use super::auth::{self, AuthConfig};
use super::bodies::{self, Bodies};
use super::component::{self, Reference};
use super::field::Field;
use super::limits::{self, RouteLimits};
use super::model::{Handler, RouteConfig};
use super::paths::{self, Paths};
use super::problem::quoted;
use super::provider::SecretSpec;
use super::reader::Section;
use super::secrets::{self, Declared};

const ROUTE_KEYS: [&str; 12] = [
    "enabled",
    "path",
    "sessionKey",
    "secret",
    "auth",
    "allowedIps",
    "bodies",
    "controllerId",
    "description",
    "plugin",
    "grants",
    "limits",
];

/// Where a route is found if it does not say.
const PATH_PREFIX: &str = "/plugins/webhooks/";

/// The enabled routes, in the order of the file, and the paths they take.
pub(super) fn read(field: &Field<'_>, base: RouteLimits, declared: &Declared) -> (Vec<RouteConfig>, Paths) {
    let mut ids = HashMap::new();
    let mut paths = Paths::default();
    let mut routes = Vec::new();
    for (key, field) in field.entries() {
        let id = js_trim(key);
        if id.is_empty() {
            field.problem("a route needs a non-blank id");
            continue;
        }
        if let Some(other) = ids.insert(id, key)
            && other != key
        {
            field.problem(format!("the route {} has the same id once both are trimmed; rename one", quoted(other)));
        }
        let section = field.section(&ROUTE_KEYS);
        let Some(route) = read_route(id, &section, base, declared) else { continue };
        paths.take(&route.path, &format!("routes.{id}.path"), &section.field("path"));
        routes.push(route);
    }
    (routes, paths)
}

/// One route, unless it is wrong or switched off.
fn read_route(id: &str, section: &Section<'_>, base: RouteLimits, declared: &Declared) -> Option<RouteConfig> {
    let enabled = section.field("enabled").flag(true);
    let path = or_default(&section.field("path"), || format!("{PATH_PREFIX}{id}"));
    let session_key = section.field("sessionKey").required_text();
    let auth = auth::read_beside(section, |secret| secrets::read_secret(secret, declared), declared);
    let allowed_ips = allowed_ips::read(&section.field("allowedIps"));
    // Senders that sign are no OpenClaw clients: some of them post forms.
    let is_signed = matches!(auth, Some(AuthConfig::Scheme(_)));
    let bodies = bodies::read(&section.field("bodies"), Bodies { form: is_signed, text: is_signed, raw: false });
    let controller_id = or_default(&section.field("controllerId"), || format!("webhooks/{id}"));
    let description = section.field("description").text();
    let handler = read_handler(&section.field("plugin"), &section.field("grants"));
    let limits = limits::read_route(&section.field("limits"), base);
    let route = RouteConfig {
        id: RouteId::new(id),
        path: paths::normalised(&path?),
        session_key: SessionKey::new(session_key?),
        auth: auth?,
        allowed_ips,
        bodies,
        controller_id: controller_id?,
        description,
        handler: handler?,
        limits,
    };
    enabled.then_some(route)
}

fn or_default(field: &Field<'_>, default: impl FnOnce() -> String) -> Option<String> {
    if field.is_present() { field.text() } else { Some(default()) }
}

/// What is no error, but will not work.
pub(super) fn warnings(route: &RouteConfig) -> Vec<String> {
    let mut warnings = Vec::new();
    for secret in route.auth.secrets() {
        if let SecretSpec::Missing(names) = secret {
            // OpenClaw's sentence, for those who watch for it.
            let missing = |name| format!("Missing env var \"{name}\" - feature using this value will be unavailable");
            warnings.extend(names.iter().map(missing));
        }
    }
    if !paths::is_in_urls(&route.path) {
        let path = quoted(&route.path);
        warnings
            .push(format!("route {}: no request can match the path {path}: a URL has no such characters", route.id));
    }
    warnings
}

fn read_handler(plugin: &Field<'_>, grants: &Field<'_>) -> Option<Handler> {
    let granted = component::read_grants(grants, |_| None);
    if !plugin.is_present() {
        if grants.is_present() {
            grants.problem("grants are for a `plugin`, and this route has none: the built-in action has what it needs");
        }
        return Some(Handler::BuiltIn);
    }
    let Reference { file, digest } = component::read(plugin)?;
    Some(Handler::Plugin { file, digest, grants: granted })
}
