//! Reads the routes: OpenClaw's keys as OpenClaw reads them, and ours (`plugin`, `grants`, `limits`). Routes that are
//! switched off are checked like the others, except that they take no path from anybody.

use std::collections::HashMap;

use crate::model::{Digest, Grant, Grants, RouteId, SessionKey, js_trim};

use super::field::Field;
use super::limits::{self, RouteLimits};
use super::model::{Handler, RouteConfig};
use super::problem::quoted;
use super::provider::SecretSpec;
use super::reader::Section;
use super::secrets::{self, Declared};
use super::tree::Value;

const ROUTE_KEYS: [&str; 9] =
    ["enabled", "path", "sessionKey", "secret", "controllerId", "description", "plugin", "grants", "limits"];

/// Paths on which the gateway itself answers.
const OWN_PATHS: [&str; 2] = ["/healthz", "/readyz"];
/// Where a route is found if it does not say.
const PATH_PREFIX: &str = "/plugins/webhooks/";
/// Longest name that file systems take.
const FILE_NAME_MAX_BYTES: usize = 255;

/// The enabled routes, in the order of the file.
pub(super) fn read(field: &Field<'_>, base: RouteLimits, declared: &Declared) -> Vec<RouteConfig> {
    let mut ids = HashMap::new();
    let mut paths = HashMap::new();
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
        check_path(&route, &section.field("path"), &mut paths);
        routes.push(route);
    }
    routes
}

/// One route, unless it is wrong or switched off.
fn read_route(id: &str, section: &Section<'_>, base: RouteLimits, declared: &Declared) -> Option<RouteConfig> {
    let enabled = section.field("enabled").flag(true);
    let path = or_default(&section.field("path"), || format!("{PATH_PREFIX}{id}"));
    let session_key = section.field("sessionKey").required_text();
    let secret = secrets::read_secret(&section.field("secret"), declared);
    let controller_id = or_default(&section.field("controllerId"), || format!("webhooks/{id}"));
    let description = section.field("description").text();
    let handler = read_handler(&section.field("plugin"), &section.field("grants"));
    let limits = limits::read_route(&section.field("limits"), base);
    let route = RouteConfig {
        id: RouteId::new(id),
        path: normalised(&path?),
        session_key: SessionKey::new(session_key?),
        secret: secret?,
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

/// As OpenClaw does it: a leading `/` is added, one trailing `/` is taken off.
fn normalised(path: &str) -> String {
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    match path.strip_suffix('/') {
        Some("") | None => path,
        Some(stripped) => stripped.to_owned(),
    }
}

/// Two routes on one path would shadow each other.
fn check_path(route: &RouteConfig, field: &Field<'_>, taken: &mut HashMap<String, RouteId>) {
    let RouteConfig { id, path, .. } = route;
    if OWN_PATHS.contains(&path.as_str()) {
        field.problem(format!("conflicts with {path}, where the gateway itself answers; choose another path"));
    }
    if let Some(other) = taken.get(path) {
        field.problem(format!("conflicts with routes.{other}.path ({}); choose another path", quoted(path)));
    } else {
        taken.insert(path.clone(), id.clone());
    }
}

/// What is no error, but will not work.
pub(super) fn warnings(route: &RouteConfig) -> Vec<String> {
    let mut warnings = Vec::new();
    if let SecretSpec::Missing(names) = &route.secret {
        // OpenClaw's sentence, for those who watch for it.
        let missing = |name| format!("Missing env var \"{name}\" - feature using this value will be unavailable");
        warnings.extend(names.iter().map(missing));
    }
    if !route.path.bytes().all(is_in_url_path) {
        let path = quoted(&route.path);
        warnings
            .push(format!("route {}: no request can match the path {path}: a URL has no such characters", route.id));
    }
    warnings
}

// RFC 3986, `pchar` and `/`.
fn is_in_url_path(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@%/".contains(&byte)
}

fn read_handler(plugin: &Field<'_>, grants: &Field<'_>) -> Option<Handler> {
    let granted = read_grants(grants);
    if !plugin.is_present() {
        if grants.is_present() {
            grants.problem("grants are for a `plugin`, and this route has none: the built-in action has what it needs");
        }
        return Some(Handler::BuiltIn);
    }
    let (file, digest) = match plugin.value() {
        Some(Value::Text(_)) => (read_file_name(plugin), Some(None)),
        Some(Value::Map(_)) => {
            let section = plugin.section(&["file", "digest"]);
            (read_file_name(&section.field("file")), read_digest(&section.field("digest")))
        }
        _ => {
            plugin.must_be("a string such as \"zapier.wasm\" or {file, digest}");
            return None;
        }
    };
    Some(Handler::Plugin { file: file?, digest: digest?, grants: granted })
}

/// A plain name: the component lies in the plugins folder itself, and no name can lead out of it.
fn read_file_name(field: &Field<'_>) -> Option<String> {
    let name = field.required_text()?;
    let stem = name.strip_suffix(".wasm");
    let plain = stem.is_some_and(|stem| !stem.is_empty() && !stem.starts_with('.'))
        && !name.contains(['/', '\\'])
        && !name.contains(char::is_control)
        && name.len() <= FILE_NAME_MAX_BYTES;
    if !plain {
        let message = "must be the plain name of a file in the plugins folder, ending in .wasm, such as zapier.wasm";
        field.problem(format!("{message}, found {}", quoted(&name)));
        return None;
    }
    Some(name)
}

/// The digest, `None` if there is none, nothing if it is wrong.
fn read_digest(field: &Field<'_>) -> Option<Option<Digest>> {
    if !field.is_present() {
        return Some(None);
    }
    field.text()?.parse().map(Some).map_err(|bad| field.problem(format!("{bad}"))).ok()
}

fn read_grants(field: &Field<'_>) -> Grants {
    let read = |item: &Field<'_>| {
        let text = item.text()?;
        text.parse::<Grant>().map_err(|unknown| item.problem(format!("{}: {unknown}", quoted(&text)))).ok()
    };
    field.items().iter().filter_map(read).collect()
}
