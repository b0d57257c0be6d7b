//! What a secret opens.

use std::fmt;

use crate::config::hooks::HookForm;
use crate::model::RouteId;

/// A door with a secret of its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Door {
    /// A plugin route.
    Route(RouteId),
    /// Where a Gateway hands its events in.
    Events,
    /// A door for agent hooks, by its root in the config, with one of its secrets.
    Hooks(HookForm, usize),
    /// An inbound template, by its name, with one of its secrets.
    Inbound(String, usize),
}

impl Door {
    /// Where its secret stands in the config, as OpenClaw writes it in its log.
    pub(super) fn config_path(&self) -> String {
        match self {
            Self::Route(route) => format!("plugins.entries.webhooks.routes.{route}.secret"),
            Self::Events => "webhooks.ingest.secret".to_owned(),
            Self::Hooks(HookForm::Hooks, _) => "hooks.token".to_owned(),
            Self::Hooks(HookForm::Listed, _) => "webhooks.secret".to_owned(),
            Self::Inbound(name, _) => format!("webhooks.inbound.endpoints.{name}.secret"),
        }
    }
}

impl fmt::Display for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Route(route) => write!(f, "route {route}"),
            Self::Events => f.write_str("the door for events"),
            Self::Hooks(form, _) => write!(f, "the door for agent hooks of {}", form.root()),
            Self::Inbound(name, _) => write!(f, "inbound {name}"),
        }
    }
}
