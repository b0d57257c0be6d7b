//! Which events an endpoint wants. Decided once for each event, when it is dispatched.

use std::cell::OnceCell;

use serde_json::Value;

use super::envelope;
use crate::config::webhooks::{Endpoint, Filter};
use crate::expr::Expr;
use crate::json::value_lossy;
use crate::model::{EndpointName, Event, EventKind};

/// A test message of the operator: goes to the endpoint that it names, and to no other.
pub const TEST_KIND: &str = "webhook.test";

/// An endpoint's wishes, ready to be asked.
pub(super) struct Wants {
    endpoint: EndpointName,
    /// If it is for callbacks: itself, which knows what URLs it may send to.
    callbacks: Option<Box<Endpoint>>,
    globs: Vec<Glob>,
    filter: Filter,
    expr: Option<Expr>,
}

/// An event that is being dispatched. What filters look into is only made if one does.
pub(super) struct Candidate<'e> {
    pub event: &'e Event,
    instance_id: &'e str,
    envelope: OnceCell<Value>,
}

impl<'e> Candidate<'e> {
    pub fn new(event: &'e Event, instance_id: &'e str) -> Self {
        Self { event, instance_id, envelope: OnceCell::new() }
    }

    /// The envelope, and beside its members the `session` that receivers are not told.
    fn envelope(&self) -> &Value {
        self.envelope.get_or_init(|| {
            let mut envelope = value_lossy(&envelope::of(self.event, self.instance_id));
            if let Some(session) = &self.event.session {
                envelope["session"] = session.as_str().into();
            }
            envelope
        })
    }

    fn data(&self, member: &str) -> Option<&str> {
        self.envelope()["data"][member].as_str()
    }

    /// The agent that the data names, or else the one in the session's key (`agent:<id>:…`).
    fn agent(&self) -> Option<&str> {
        let of_session = || self.event.session.as_ref()?.as_str().strip_prefix("agent:")?.split(':').next();
        self.data("agentId").or_else(of_session)
    }

    fn is_of_session(&self, keys: &[String]) -> bool {
        let own = self.event.session.as_ref().map(|session| session.as_str());
        let named = [own, self.data("sessionKey"), self.data("sessionId")];
        named.into_iter().flatten().any(|session| keys.iter().any(|key| key == session))
    }
}

impl Wants {
    pub fn new(endpoint: &Endpoint) -> Self {
        Self {
            endpoint: endpoint.name.clone(),
            callbacks: endpoint.is_for_callbacks().then(|| Box::new(endpoint.clone())),
            globs: endpoint.events.iter().map(|glob| Glob::new(glob)).collect(),
            filter: endpoint.filter.clone(),
            // It was parsed when the config was read; what does not parse matches nothing.
            expr: endpoint.filter.expr.as_deref().and_then(|text| Expr::parse(text).ok()),
        }
    }

    /// Whether it looks into events, which takes the longer the larger they are.
    pub fn looks_inside(&self) -> bool {
        self.filter != Filter::default()
    }

    /// Whether this event is to be delivered. An expression that cannot be answered (a member it names is not there) is no.
    pub fn wants(&self, candidate: &Candidate<'_>) -> bool {
        let kind = candidate.event.kind.as_str();
        if kind == TEST_KIND {
            return candidate.data("endpoint") == Some(self.endpoint.as_str());
        }
        if let Some(own) = &self.callbacks {
            return candidate.event.callback_url.as_deref().is_some_and(|url| own.callback(url).is_some());
        }
        self.globs.iter().any(|glob| glob.matches(kind)) && !self.is_about_itself(candidate) && self.passes(candidate)
    }

    /// That an endpoint or its transform fails is told to others: told to itself, each failure would be the cause of the next.
    fn is_about_itself(&self, candidate: &Candidate<'_>) -> bool {
        let kind = EventKind::parse(&candidate.event.kind);
        let is_failure = matches!(
            kind,
            Some(
                EventKind::DeliveryDead
                    | EventKind::EndpointDisabled
                    | EventKind::PluginPoisoned
                    | EventKind::PluginRefused
            )
        );
        is_failure && candidate.data("endpoint") == Some(self.endpoint.as_str())
    }

    fn passes(&self, candidate: &Candidate<'_>) -> bool {
        let among = |names: &[String], name: Option<&str>| names.iter().any(|known| Some(known.as_str()) == name);
        let Filter { agent_ids, session_keys, channels, expr } = &self.filter;
        (agent_ids.is_empty() || among(agent_ids, candidate.agent()))
            && (session_keys.is_empty() || candidate.is_of_session(session_keys))
            && (channels.is_empty() || among(channels, candidate.data("channel")))
            && (expr.is_none() || self.expr.as_ref().is_some_and(|expr| self.holds(expr, candidate)))
    }

    fn holds(&self, expr: &Expr, candidate: &Candidate<'_>) -> bool {
        expr.is_true(candidate.envelope()).unwrap_or_else(|why| {
            tracing::debug!(endpoint = %self.endpoint, event = %candidate.event.id, "filter.expr has no answer: {why}");
            false
        })
    }
}

/// A pattern in which `*` stands for any characters.
struct Glob {
    parts: Vec<String>,
}

impl Glob {
    fn new(pattern: &str) -> Self {
        Self { parts: pattern.split('*').map(str::to_owned).collect() }
    }

    fn matches(&self, text: &str) -> bool {
        let [first, middle @ .., last] = self.parts.as_slice() else {
            return self.parts.first().is_some_and(|whole| whole == text);
        };
        let Some(mut rest) = text.strip_prefix(first.as_str()) else { return false };
        for part in middle {
            let Some(at) = rest.find(part.as_str()) else { return false };
            rest = &rest[at + part.len()..];
        }
        rest.ends_with(last.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Glob;

    fn check(pattern: &str, text: &str, expected: bool) {
        assert_eq!(Glob::new(pattern).matches(text), expected, "{pattern} {text}");
    }

    #[test]
    fn a_star_stands_for_any_characters() {
        check("flow.created", "flow.created", true);
        check("flow.created", "flow.create", false);
        check("flow.*", "flow.created", true);
        check("flow.*", "flows.created", false);
        check("*", "anything.at.all", true);
        check("*.failed", "flow.failed", true);
        check("*.failed", "flow.failed.not", false);
        check("a*b*c", "a.b.b.c", true);
        check("a*b*c", "a.c.b", false);
        check("a*a", "a", false);
    }
}
