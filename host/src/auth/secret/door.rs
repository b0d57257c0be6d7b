//! What a secret opens.

use std::fmt;
use std::sync::Arc;

use crate::model::RouteId;

/// A door with a secret of its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Door {
    /// A plugin route.
    Route(RouteId),
    /// Where a Gateway hands its events in.
    Events,
    /// A door that begins a workflow: its path, and which of its secrets this is.
    Workflow(Arc<str>, usize),
}

impl Door {
    /// Where its secret stands in the config, as OpenClaw writes it in its log.
    pub(super) fn config_path(&self) -> String {
        match self {
            Self::Route(route) => format!("plugins.entries.webhooks.routes.{route}.secret"),
            Self::Events => "webhooks.ingest.secret".to_owned(),
            Self::Workflow(path, _) => format!("hooks.webhooks.endpoints ({path}): token"),
        }
    }
}

impl fmt::Display for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Route(route) => write!(f, "route {route}"),
            Self::Events => f.write_str("the door for events"),
            Self::Workflow(path, _) => write!(f, "workflow endpoint {path}"),
        }
    }
}
