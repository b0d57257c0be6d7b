//! `hooks.webhooks`: the doors that begin workflows, one for each. In the shape of the document that they come from; `auth`, `wait` and the limits
//! are ours.

use std::time::Duration;

use crate::model::SessionKey;

use super::AllowedIps;
use super::allowed_ips;
use super::auth::{self, AuthConfig};
use super::field::Field;
use super::limits::{self, RouteLimits};
use super::paths::{self, Paths};
use super::problem::quoted;
use super::secrets::{self, Declared};
use super::tree::Value;

/// Where a door is that does not say.
const PATH_PREFIX: &str = "/taskflow/";
/// The longest that a door holds a request for its run: proxies give up after a minute.
pub const WAIT_MAX: Duration = Duration::from_secs(55);

/// The doors of workflows.
#[derive(Clone, Debug, Default)]
pub struct WorkflowDoors {
    /// A port on which the gateway listens too.
    pub port: Option<u16>,
    /// Every door that is served.
    pub endpoints: Vec<WorkflowEndpoint>,
}

/// One door.
#[derive(Clone, Debug)]
pub struct WorkflowEndpoint {
    /// Its path, normalised as those of routes are.
    pub path: String,
    /// Who may knock.
    pub auth: AuthConfig,
    /// The addresses that all these doors let knock.
    pub allowed_ips: AllowedIps,
    /// Of them, those that this one does.
    pub own_allowed_ips: AllowedIps,
    /// The workflow that is begun.
    pub flow: String,
    /// The session that its flows belong to.
    pub session_key: SessionKey,
    /// How long a request is held for its run unless it says so itself.
    pub wait: Option<Duration>,
    /// What a request may take.
    pub limits: RouteLimits,
}

/// The whole of it. A file that has endpoints and does not say `enabled` means them.
pub(super) fn read(field: &Field<'_>, base: RouteLimits, declared: &Declared, paths: &mut Paths) -> WorkflowDoors {
    let section = field.section(&["enabled", "port", "allowedIps", "endpoints"]);
    let enabled = section.field("enabled").flag(true);
    let port = section.field("port");
    let port = if port.is_present() { port.number(1..=u32::from(u16::MAX)) } else { None };
    let allowed = allowed_ips::read(&section.field("allowedIps"));
    let mut endpoints = Vec::new();
    for item in section.field("endpoints").items() {
        let Some(endpoint) = read_one(&item, &allowed, base, declared, paths) else { continue };
        endpoints.push(endpoint);
    }
    if !enabled {
        return WorkflowDoors::default();
    }
    WorkflowDoors { port: port.and_then(|port| u16::try_from(port).ok()), endpoints }
}

fn read_one(
    field: &Field<'_>,
    allowed: &AllowedIps,
    base: RouteLimits,
    declared: &Declared,
    paths: &mut Paths,
) -> Option<WorkflowEndpoint> {
    let section = field.section(&["path", "token", "flow", "auth", "allowedIps", "sessionKey", "wait", "limits"]);
    let flow = read_flow(&section.field("flow"));
    let path = read_path(&section.field("path"), flow.as_deref());
    if let Some(path) = &path {
        paths.take(path, &format!("{}.path", field.path), &section.field("path"));
    }
    let token = section.field("token");
    let own = if token.is_present() {
        secrets::read_secret(&token, declared).map(|spec| vec![spec])
    } else {
        Some(Vec::new())
    };
    let auth = auth::read(&section.field("auth"), own.as_deref(), declared);
    let own_allowed = allowed_ips::read(&section.field("allowedIps"));
    let session = section.field("sessionKey").text();
    let wait = read_wait(&section.field("wait"));
    let limits = limits::read_route(&section.field("limits"), base);
    let flow = flow?;
    Some(WorkflowEndpoint {
        path: path?,
        auth: auth?,
        allowed_ips: allowed.clone(),
        own_allowed_ips: own_allowed,
        session_key: SessionKey::new(session.unwrap_or_else(|| format!("workflow:{flow}"))),
        wait: wait?,
        limits,
        flow,
    })
}

/// The name of a workflow is the name of its file.
fn read_flow(field: &Field<'_>) -> Option<String> {
    let name = field.required_text()?;
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        && !name.starts_with('.')
        && name.len() <= 128;
    if !plain {
        field.problem(format!(
            "must be the name of a workflow's file without its ending, as deploy-workflow, found {}",
            quoted(&name)
        ));
        return None;
    }
    Some(name)
}

fn read_path(field: &Field<'_>, flow: Option<&str>) -> Option<String> {
    if !field.is_present() {
        return Some(format!("{PATH_PREFIX}{}", flow?));
    }
    let path = paths::normalised(&field.text()?);
    if !paths::is_in_urls(&path) {
        field.problem("no request can match it: a URL path has no such characters");
        return None;
    }
    Some(path)
}

/// `true`, `false` or milliseconds; nothing if it is wrong.
fn read_wait(field: &Field<'_>) -> Option<Option<Duration>> {
    match field.value() {
        None | Some(Value::Bool(false)) => Some(None),
        Some(Value::Bool(true)) => Some(Some(WAIT_MAX)),
        Some(Value::Number(_)) => {
            let most = u32::try_from(WAIT_MAX.as_millis()).unwrap_or(u32::MAX);
            field.number(1..=most).map(|wait| Some(Duration::from_millis(u64::from(wait))))
        }
        Some(_) => {
            field.must_be("true, false or milliseconds");
            None
        }
    }
}
