//! The config as the rest of the gateway sees it: checked, with every default filled in. It holds what is to be served,
//! so a route that is switched off is not in it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::model::{Digest, Grants, RouteId, SessionKey};

use super::agents::Agents;
use super::allowed_ips::AllowedIps;
use super::auth::AuthConfig;
use super::bodies::Bodies;
use super::channels::Channels;
use super::hooks::HookDoor;
use super::limits::{GlobalLimits, RouteLimits};
use super::llm::Llm;
use super::provider::{Providers, Secrets};
use super::proxies::TrustedProxies;
use super::taskflow_endpoints::WorkflowDoors;
use super::webhooks::Webhooks;
use super::workflows::Workflows;

/// A config file, accepted whole.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file it was read from.
    pub file: PathBuf,
    /// Where the gateway listens and whom it believes.
    pub gateway: Gateway,
    /// Where all state lives.
    pub state_dir: PathBuf,
    /// Where secrets come from.
    pub secrets: Secrets,
    /// What all routes share.
    pub global_limits: GlobalLimits,
    /// How components are run.
    pub sandbox: SandboxConfig,
    /// Where components are dropped.
    pub plugins_dir: PathBuf,
    /// The enabled routes, in the order of the file. Their paths differ.
    pub routes: Vec<RouteConfig>,
    /// Who there is to send messages to.
    pub agents: Agents,
    /// The doors for agent hooks. Their paths differ.
    pub hooks: Vec<HookDoor>,
    /// Events in, deliveries out.
    pub webhooks: Webhooks,
    /// Where messages of workflows go. Their endpoints are among those of `webhooks`.
    pub channels: Channels,
    /// Who answers `llm-task` steps, by name.
    pub llms: BTreeMap<String, Llm>,
    /// The workflows as the operator allows them.
    pub workflows: Workflows,
    /// The doors that begin them.
    pub workflow_doors: WorkflowDoors,
    /// What the operator should know though it is no error. Safe to log.
    pub warnings: Vec<String>,
}

impl Config {
    /// The providers of secrets.
    pub fn providers(&self) -> &Providers {
        &self.secrets.providers
    }
}

/// Where the gateway listens and whom it believes.
#[derive(Clone, Debug)]
pub struct Gateway {
    /// The address to bind.
    pub listen: SocketAddr,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: TrustedProxies,
    /// Who may knock at any door.
    pub allowed_ips: AllowedIps,
    /// Whether a trusted proxy's `X-Real-IP` is believed where `X-Forwarded-For` tells nothing.
    pub allow_real_ip_fallback: bool,
}

/// How components are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SandboxConfig {
    /// Instances that can exist at the same time.
    pub instances: u32,
    /// Whether memory is reset by asking the kernel which pages were touched (Linux 6.7 and later).
    pub pagemap_scan: bool,
    /// Whether compiled components are kept on disk.
    pub compile_cache: bool,
}

/// One route that is served.
#[derive(Clone, Debug)]
pub struct RouteConfig {
    /// Its id, trimmed.
    pub id: RouteId,
    /// Its path: begins with `/` and, unless it is `/`, does not end with the one that was stripped.
    pub path: String,
    /// The session that its runs are bound to.
    pub session_key: SessionKey,
    /// Who may knock.
    pub auth: AuthConfig,
    /// From where, beside what the whole gateway says.
    pub allowed_ips: AllowedIps,
    /// What bodies it takes.
    pub bodies: Bodies,
    /// The controller of the flows it makes.
    pub controller_id: String,
    /// A note of the operator.
    pub description: Option<String>,
    /// What answers.
    pub handler: Handler,
    /// What it may use.
    pub limits: RouteLimits,
}

/// What answers on a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handler {
    /// The component with the 13 TaskFlow actions.
    BuiltIn,
    /// The operator's own component.
    Plugin {
        /// A plain file name in the plugins folder, ending in `.wasm`.
        file: String,
        /// The only digest it may have, if one is pinned.
        digest: Option<Digest>,
        /// What it was granted.
        grants: Grants,
    },
}
