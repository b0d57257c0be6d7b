//! Who uses a component. Messages, log lines and events name it, so that one file in two places is told apart.

use std::fmt;

use tracing::field::{DisplayValue, display};

use crate::model::{EndpointName, MappingName, RouteId, WorkflowName};

/// What a component works for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum User {
    /// A route, whose requests it answers.
    Route(RouteId),
    /// An outbound endpoint, whose messages it writes.
    Endpoint(EndpointName),
    /// A mapping of hooks, about whose requests it decides.
    Mapping(MappingName),
    /// A workflow, of which it is a step.
    Workflow(WorkflowName),
}

impl User {
    /// `route`, `endpoint`, `mapping` or `workflow`: the member of events, the field of log lines, the word in messages.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Route(_) => "route",
            Self::Endpoint(_) => "endpoint",
            Self::Mapping(_) => "mapping",
            Self::Workflow(_) => "workflow",
        }
    }

    /// Its name, as the operator wrote it.
    pub fn name(&self) -> &str {
        match self {
            Self::Route(route) => route.as_str(),
            Self::Endpoint(endpoint) => endpoint.as_str(),
            Self::Mapping(mapping) => mapping.as_str(),
            Self::Workflow(workflow) => workflow.as_str(),
        }
    }

    /// The name, if this is its word: the value of that field in a log line.
    pub(super) fn named(&self, word: &str) -> Option<DisplayValue<&str>> {
        (self.word() == word).then(|| display(self.name()))
    }
}

impl fmt::Display for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} \"{}\"", self.word(), self.name())
    }
}

/// A log line of a level (`trace` to `error`) with the field that names its user; then what `tracing` takes. `guest` in front of the level marks what a guest said.
macro_rules! log_of {
    (guest $level:ident, $user:expr, $($rest:tt)+) => {{
        let user: &$crate::sandbox::User = $user;
        let (route, endpoint) = (user.named("route"), user.named("endpoint"));
        let (mapping, workflow) = (user.named("mapping"), user.named("workflow"));
        tracing::$level!(target: "guest", route, endpoint, mapping, workflow, $($rest)+)
    }};
    ($level:ident, $user:expr, $($rest:tt)+) => {{
        let user: &$crate::sandbox::User = $user;
        let (route, endpoint) = (user.named("route"), user.named("endpoint"));
        let (mapping, workflow) = (user.named("mapping"), user.named("workflow"));
        tracing::$level!(route, endpoint, mapping, workflow, $($rest)+)
    }};
}

pub(super) use log_of;
