//! Who uses a component. Messages, log lines and events name it, so that one file in two places is told apart.

use std::fmt;

use tracing::field::{DisplayValue, display};

use crate::model::{EndpointName, RouteId};

/// The route or the outbound endpoint that a component works for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum User {
    /// A route, whose requests it answers.
    Route(RouteId),
    /// An outbound endpoint, whose messages it writes.
    Endpoint(EndpointName),
}

impl User {
    /// `route` or `endpoint`: the member of events, the word in messages.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Route(_) => "route",
            Self::Endpoint(_) => "endpoint",
        }
    }

    /// Its name, as the operator wrote it.
    pub fn name(&self) -> &str {
        match self {
            Self::Route(route) => route.as_str(),
            Self::Endpoint(endpoint) => endpoint.as_str(),
        }
    }

    /// The field `route` of a log line, if it is one.
    pub(super) fn route(&self) -> Option<DisplayValue<&RouteId>> {
        match self {
            Self::Route(route) => Some(display(route)),
            Self::Endpoint(_) => None,
        }
    }

    /// The field `endpoint` of a log line, if it is one.
    pub(super) fn endpoint(&self) -> Option<DisplayValue<&EndpointName>> {
        match self {
            Self::Route(_) => None,
            Self::Endpoint(endpoint) => Some(display(endpoint)),
        }
    }
}

impl fmt::Display for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} \"{}\"", self.word(), self.name())
    }
}
