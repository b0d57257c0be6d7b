//! What a secret opens.

use std::fmt;

use crate::config::hooks::HookForm;
use crate::model::{AgentId, RouteId};

/// A door that asks who knocks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Door {
    /// A plugin route.
    Route(RouteId),
    /// Where a Gateway hands its events in.
    Events,
    /// Where a client claims the runs of an agent.
    Agent(AgentId),
    /// A door for agent hooks, by its root in the config.
    Hooks(HookForm),
    /// A path of it that has a gate of its own.
    Mapping(String),
    /// An inbound template, by its name.
    Inbound(String),
    /// A door that begins a workflow, by its path.
    Workflow(String),
}

impl Door {
    /// Where its secret stands in the config, as OpenClaw writes it in its log.
    pub(super) fn config_path(&self) -> String {
        match self {
            Self::Route(route) => format!("plugins.entries.webhooks.routes.{route}.secret"),
            Self::Events => "webhooks.ingest.secret".to_owned(),
            Self::Agent(agent) => format!("agents.{agent}.clientSecret"),
            Self::Hooks(HookForm::Hooks) => "hooks.token".to_owned(),
            Self::Hooks(HookForm::Listed) => "webhooks.secret".to_owned(),
            Self::Mapping(path) => format!("hooks.mappings ({path}) auth"),
            Self::Inbound(name) => format!("webhooks.inbound.endpoints.{name}.secret"),
            Self::Workflow(path) => format!("hooks.webhooks.endpoints ({path}) token"),
        }
    }
}

impl fmt::Display for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Route(route) => write!(f, "route {route}"),
            Self::Events => f.write_str("the door for events"),
            Self::Agent(agent) => write!(f, "the door for clients of agent {agent}"),
            Self::Hooks(form) => write!(f, "the door for agent hooks of {}", form.root()),
            Self::Mapping(path) => write!(f, "hook {path}"),
            Self::Inbound(name) => write!(f, "inbound {name}"),
            Self::Workflow(path) => write!(f, "workflow endpoint {path}"),
        }
    }
}
