//! The `webhooks` root: outbound endpoints, inbound templates, and the door through which a Gateway hands its events in. Everything is checked
//! here that can be known without a network; what an endpoint's name resolves to is the business of `outbound`.

mod address;
mod callbacks;
mod endpoint;
mod filter;
mod headers;
mod inbound;
mod ingest;
mod model;
mod numbers;
mod retry;
mod signing;
mod transform;

pub(super) use address::{read_allowed, read_url, warn_private};
pub(super) use callbacks::read as read_callbacks;
pub use callbacks::{AllowedUrl, Callbacks};
pub use model::{
    AllowedNet, Backoff, Breaker, DisableAfter, Endpoint, Filter, Inbound, InboundEndpoint, Ingest, OnTransformFailure,
    Ordering, RateLimit, Retry, Signing, SigningSecret, Timeouts, Transform, Webhooks,
};

pub(super) use endpoint::{Channel, read_channel};

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use super::field::Field;
use super::hooks::{self, HookDoor};
use super::limits::RouteLimits;
use super::paths::Paths;
use super::problem::quoted;
use super::secrets::Declared;

/// What receivers read as `instanceId` where the host has no name.
const INSTANCE_ID_DEFAULT: &str = "sandclaw";
/// Longest `instanceId`. Host names end at 253 bytes.
const INSTANCE_ID_MAX_CHARS: usize = 253;

const SECONDS_PER_DAY: u64 = 86_400;

/// What the other sections say that matters here.
pub(super) struct Around<'a> {
    /// The folder of the config file.
    pub beside: &'a Path,
    /// What a run may use if nothing else is said.
    pub limits: RouteLimits,
    /// The providers of secrets.
    pub declared: &'a Declared,
    /// What agent hooks need to know.
    pub hooks: &'a hooks::Around<'a>,
}

/// The keys of this root that are no agent hooks'.
const KEYS: [&str; 7] = ["instanceId", "retentionDays", "extraCa", "ingest", "endpoints", "inbound", "secret"];

/// The whole root, and the door for agent hooks in this root's shape, if it is switched on.
pub(super) fn read(field: &Field<'_>, around: &Around<'_>, paths: &mut Paths) -> (Webhooks, Option<HookDoor>) {
    let section = field.section(&[&KEYS[..], &hooks::LISTED_KEYS[..]].concat());
    let secret = section.field("secret");
    let secrets = secret.is_present().then(|| hooks::read_tokens(&secret, around.declared));
    let secrets = secrets.as_ref().map(Option::as_deref);
    let door = hooks::read_listed(&section, secrets.flatten(), around.hooks, paths);
    let webhooks = Webhooks {
        instance_id: read_instance_id(&section.field("instanceId")).unwrap_or_else(host_name),
        ingest: ingest::read(&section.field("ingest"), around, paths),
        inbound: inbound::read(&section.field("inbound"), secrets, around, paths),
        endpoints: read_endpoints(&section.field("endpoints"), around),
        extra_ca: section.field("extraCa").text().map(|path| around.beside.join(path)),
        retention: Duration::from_secs(u64::from(numbers::RETENTION_DAYS.read(&section)) * SECONDS_PER_DAY),
    };
    (webhooks, door)
}

fn read_instance_id(field: &Field<'_>) -> Option<String> {
    let id = field.text()?;
    if id.chars().count() > INSTANCE_ID_MAX_CHARS || id.contains(char::is_control) {
        field.problem(format!("must be at most {INSTANCE_ID_MAX_CHARS} characters, none of them a control character"));
        return None;
    }
    Some(id)
}

fn host_name() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    if name.is_empty() { INSTANCE_ID_DEFAULT.to_owned() } else { name }
}

fn read_endpoints(field: &Field<'_>, around: &Around<'_>) -> Vec<Endpoint> {
    let mut names = HashMap::new();
    let mut endpoints = Vec::new();
    for item in field.items() {
        let Some(endpoint) = endpoint::read(&item, around) else { continue };
        if let Some(other) = names.insert(endpoint.name.clone(), item.path.clone()) {
            let name = quoted(endpoint.name.as_str());
            let message = format!("{other} has the name {name} too; deliveries are told apart by it: rename one");
            item.entries()
                .iter()
                .filter(|(key, _)| *key == "name")
                .for_each(|(_, field)| field.problem(message.clone()));
        }
        endpoints.push(endpoint);
    }
    endpoints
}
