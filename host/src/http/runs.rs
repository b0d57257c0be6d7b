//! The door for clients that carry out runs of an agent: `/agents/<id>/claim` and `/agents/<id>/runs/<runId>`, with `/progress` and
//! `/complete`. There is one for each agent with a `clientSecret`; the guards are those of the door for events.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, Response, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::answer::{self, Refused};
use super::events::no_token_in_query;
use super::front::{Front, json_content, known_caller, post_only};
use super::routes::normalised;
use super::{body, serve::Peer};
use crate::agents::{ClaimAsked, ClientError, Clients};
use crate::auth::secret::{DoorSecret, SecretState};
use crate::auth::{Caller, TOKEN_HEADER};
use crate::model::AgentId;

/// An answer of an agent and what stands around it. Larger than any that a model writes at once.
const BODY_MAX_BYTES: usize = 4 << 20;
/// Clients are near, or on a good line.
const BODY_TIMEOUT: Duration = Duration::from_secs(15);
/// Requests of one client at the same time: each run that it works on may send one.
const IN_FLIGHT: u32 = 64;

/// Where clients claim runs, tell of them and end them.
pub struct RunsDoor {
    secrets: HashMap<AgentId, Arc<DoorSecret>>,
    clients: Clients,
}

/// What a path of this door asks for.
#[derive(Debug, PartialEq, Eq)]
enum Wish<'p> {
    Claim,
    Show(&'p str),
    Progress(&'p str),
    Complete(&'p str),
}

impl RunsDoor {
    /// The door, with the secret that the clients of each agent must present.
    pub fn new(secrets: HashMap<AgentId, Arc<DoorSecret>>, clients: Clients) -> Self {
        Self { secrets, clients }
    }

    /// Whether this is one of its paths. An agent whose secret has never been resolved has none.
    pub(super) fn is_at(&self, path: &str) -> bool {
        self.asked(path).is_some()
    }

    fn asked<'p>(&self, path: &'p str) -> Option<(&Arc<DoorSecret>, Wish<'p>)> {
        let (agent, wish) = parse(normalised(path))?;
        let secret = self.secrets.get(&AgentId::new(agent))?;
        (!matches!(**secret.state(), SecretState::Unresolved)).then_some((secret, wish))
    }

    pub(super) async fn pass(
        &self,
        front: &Front,
        Peer(peer): Peer,
        path: &str,
        head: &Parts,
        body: &mut Body,
    ) -> Result<Response<Body>, Refused> {
        let (secret, wish) = self.asked(path).ok_or(Refused::NotFound)?;
        no_token_in_query(&head.uri)?;
        let is_question = matches!(wish, Wish::Show(_)) && head.method == Method::GET;
        if !is_question {
            post_only(&head.method)?;
            json_content(&head.headers)?;
        }
        let place = secret.door().to_string();
        let _in_flight = front.in_flight.enter(&place.into(), peer.ip(), IN_FLIGHT).ok_or(Refused::TooManyInFlight)?;
        let _request = front.requests.try_acquire().map_err(|_| Refused::Busy)?;
        let caller = known_caller(secret, TOKEN_HEADER, &head.headers)?;
        // Only now is a byte of the body read: a stranger cannot make us hold any.
        let body = body::read(body, BODY_MAX_BYTES, BODY_TIMEOUT).await?;
        let done = match wish {
            Wish::Show(run) if is_question => self.clients.status(&caller, run).map(|run| Some(json!({ "run": run }))),
            Wish::Show(_) => return Ok(get_only()),
            Wish::Claim => self.claim(&caller, &body).await,
            Wish::Progress(run) => self.progress(&caller, run, &body).await,
            Wish::Complete(run) => self.complete(&caller, run, &body).await,
        };
        Ok(match done {
            Ok(Some(told)) => ok(told),
            Ok(None) => nothing(),
            Err(error) => refusal(&error),
        })
    }

    async fn claim(&self, caller: &Caller, body: &[u8]) -> Result<Option<Value>, ClientError> {
        let asked = if body.is_empty() { ClaimAsked::default() } else { read(body)? };
        Ok(self.clients.claim(caller, asked).await?.map(|run| json!({ "run": run })))
    }

    async fn progress(&self, caller: &Caller, run: &str, body: &[u8]) -> Result<Option<Value>, ClientError> {
        let (until, is_to_stop) = self.clients.progress(caller, run, read(body)?).await?;
        Ok(Some(json!({ "leasedUntil": until.0, "isToStop": is_to_stop })))
    }

    async fn complete(&self, caller: &Caller, run: &str, body: &[u8]) -> Result<Option<Value>, ClientError> {
        self.clients.complete(caller, run, read(body)?).await?;
        Ok(Some(json!({})))
    }
}

/// The agent and the wish. Ids of both are plain; nothing in them is ever encoded.
fn parse(path: &str) -> Option<(&str, Wish<'_>)> {
    let mut parts = path.strip_prefix("/agents/")?.split('/');
    let (agent, what) = (parts.next()?, parts.next()?);
    let rest: Vec<&str> = parts.collect();
    let wish = match (what, &rest[..]) {
        ("claim", []) => Wish::Claim,
        ("runs", [run]) => Wish::Show(run),
        ("runs", [run, "progress"]) => Wish::Progress(run),
        ("runs", [run, "complete"]) => Wish::Complete(run),
        _ => return None,
    };
    Some((agent, wish))
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ClientError> {
    serde_json::from_slice(body)
        .map_err(|error| ClientError::Invalid(format!("the body is not as it must be: {error}")))
}

/// `{"ok":true, …}`
fn ok(told: Value) -> Response<Body> {
    let mut said = Map::from_iter([("ok".to_owned(), json!(true))]);
    if let Value::Object(told) = told {
        said.extend(told);
    }
    answer::json(StatusCode::OK, Value::Object(said).to_string())
}

/// The one path here that is looked at and never told anything.
fn get_only() -> Response<Body> {
    let mut response = answer::refusal(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this path answers GET");
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET"));
    response
}

fn nothing() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

fn refusal(error: &ClientError) -> Response<Body> {
    let (status, code) = match error {
        ClientError::Invalid(_) => (StatusCode::BAD_REQUEST, "invalid_request"),
        ClientError::NotFound => (StatusCode::NOT_FOUND, "not_found"),
        ClientError::LeaseLost(_) => (StatusCode::CONFLICT, "lease_lost"),
        ClientError::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
    };
    answer::refusal(status, code, &error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_an_agent_and_what_is_to_be_done() {
        for (path, expected) in [
            ("/agents/a/claim", Some(("a", Wish::Claim))),
            ("/agents/a/runs/r", Some(("a", Wish::Show("r")))),
            ("/agents/a/runs/r/progress", Some(("a", Wish::Progress("r")))),
            ("/agents/a/runs/r/complete", Some(("a", Wish::Complete("r")))),
            ("/agents/a", None),
            ("/agents/a/claim/x", None),
            ("/agents/a/runs", None),
            ("/agents/a/runs/r/cancel", None),
            ("/agent/a/claim", None),
        ] {
            assert_eq!(parse(path), expected, "{path}");
        }
    }
}
