//! The door for events: the guards that a route has, but for the rate window, because the only sender is the operator's own Gateway. Answers
//! are JSON from the point on where the sender is known.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{Response, StatusCode, Uri};
use url::form_urlencoded;

use super::answer::{self, Refused};
use super::front::{Front, json_content, post_only};
use super::gate::{Entered, Gate};
use super::routes::normalised;
use super::{body, idempotency, serve::Peer};
use crate::config::webhooks::Ingest;
use crate::json;
use crate::outbound::ingest::{IngestError, Intake, Taken};

/// Where events are handed in.
pub struct EventsDoor {
    path: Arc<str>,
    body_max_bytes: usize,
    body_timeout: Duration,
    in_flight: u32,
    gate: Gate,
    intake: Intake,
}

impl EventsDoor {
    /// As the config has it, behind this gate.
    pub fn new(config: &Ingest, gate: Gate, intake: Intake) -> Self {
        Self {
            path: config.path.as_str().into(),
            body_max_bytes: config.body_max_bytes,
            body_timeout: config.body_timeout,
            in_flight: config.in_flight,
            gate,
            intake,
        }
    }

    /// Whether this is its path. A door whose secret has never been resolved is not there.
    pub(super) fn is_at(&self, path: &str) -> bool {
        *self.path == *normalised(path) && !self.gate.is_closed()
    }

    pub(super) async fn pass(
        &self,
        front: &Front,
        Peer(peer): Peer,
        head: &Parts,
        body: &mut Body,
    ) -> Result<Response<Body>, Refused> {
        self.gate.may_knock(front.client(peer, &head.headers))?;
        no_token_in_query(&head.uri)?;
        post_only(&head.method)?;
        json_content(&head.headers)?;
        let _in_flight =
            front.in_flight.enter(&self.path, peer.ip(), self.in_flight).ok_or(Refused::TooManyInFlight)?;
        let _request = front.requests.try_acquire().map_err(|_| Refused::Busy)?;
        let at_gate = self.gate.knock(&head.headers)?;
        let unproven =
            (!at_gate.is_known()).then(|| front.unproven.try_acquire().map_err(|_| Refused::Busy)).transpose()?;
        // Only now is a byte of the body read: a stranger cannot make us hold any, but where the proof is in the body.
        let body = body::read(body, self.body_max_bytes, self.body_timeout).await?;
        let guest = match self.gate.enter(at_gate, head, body, &front.taskflows, &front.clock).await? {
            Entered::Guest(guest) => guest,
            Entered::Handshake(answer) => return Ok(answer),
        };
        drop(unproven);
        // A sender that names its deliveries has said which one this is. A key has no spaces, and a name may have.
        let delivery = guest.delivery.as_ref().map(|name| name.replace(' ', "_"));
        let key = match &delivery {
            Some(delivery) => Ok(Some(delivery.as_str())),
            None => idempotency::key(&head.headers),
        };
        let taken = match (json::canonical(&guest.body), key) {
            (Err(error), _) => Err(IngestError::Invalid(error.to_string())),
            (_, Err(wrong)) => Err(IngestError::Invalid(wrong.to_owned())),
            (Ok(body), Ok(key)) => self.intake.take(&guest.caller, &body, key).await,
        };
        Ok(taken.map_or_else(|error| refusal(&error), |taken| accepted(&taken)))
    }
}

/// Queries end up in logs and histories. OpenClaw's rule for its hooks: a token there is an error even if another one is in a header.
pub(super) fn no_token_in_query(uri: &Uri) -> Result<(), Refused> {
    let query = uri.query().unwrap_or_default();
    let has_token = form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "token");
    if has_token { Err(Refused::TokenInQuery) } else { Ok(()) }
}

fn accepted(taken: &Taken) -> Response<Body> {
    // Ids are plain: a prefix, letters, digits, `_` and `-`. Nothing in them needs an escape.
    let ids: Vec<&str> = taken.ids.iter().map(|id| id.as_str()).collect();
    let mut response =
        answer::json(StatusCode::ACCEPTED, format!("{{\"ok\":true,\"ids\":[\"{}\"]}}", ids.join("\",\"")));
    if taken.is_repeated {
        idempotency::mark_repeat(&mut response);
    }
    response
}

fn refusal(error: &IngestError) -> Response<Body> {
    let (status, code) = match error {
        IngestError::Invalid(_) => (StatusCode::BAD_REQUEST, "invalid_request"),
        IngestError::OtherRequest => (StatusCode::CONFLICT, idempotency::CONFLICT),
        IngestError::OtherEvent(_) => (StatusCode::CONFLICT, "event_conflict"),
        IngestError::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
    };
    answer::refusal(status, code, &error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_in_the_query_is_found_however_it_is_spelt() {
        for (uri, is_refused) in [
            ("/events", false),
            ("/events?", false),
            ("/events?tokens=x&a=token&Token=1", false),
            ("/events?token", true),
            ("/events?token=", true),
            ("/events?a=b&token=s", true),
            ("/events?%74oken=s", true),
        ] {
            assert_eq!(no_token_in_query(&uri.parse().unwrap()).is_err(), is_refused, "{uri}");
        }
    }
}
