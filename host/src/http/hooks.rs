//! The doors for agent hooks: everything under one path. The order of the guards is OpenClaw's, which tells a stranger about methods before it asks
//! who knocks, and about nothing else.

use std::collections::HashMap;
use std::net::SocketAddr;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{Response, StatusCode};
use tokio::sync::Semaphore;

use super::answer::Refused;
use super::front::Front;
use super::gate::Gate;
use super::knock::{self, Reading, Turned, Visitor};
use crate::hooks::{Answer, Hooks, completion};

/// Senders that may wait for the end of their runs at once. Each holds a connection and nothing else, for minutes; the rest of the gateway's
/// connections stay for others.
const WAITING_MAX: usize = 256;

/// Failures at all these doors count together.
const SCOPE: &str = "hooks";

/// One door.
pub struct HooksDoor {
    gate: Gate,
    /// Gates of single paths behind the door's.
    gates: HashMap<String, Gate>,
    hooks: Hooks,
    waiting: Semaphore,
}

impl HooksDoor {
    /// The door behind this gate, but for paths with one of their own.
    pub fn new(gate: Gate, gates: HashMap<String, Gate>, hooks: Hooks) -> Self {
        Self { gate, gates, hooks, waiting: Semaphore::new(WAITING_MAX) }
    }

    /// What stands behind the door's path, if the path is under it.
    pub(super) fn under<'p>(&self, path: &'p str) -> Option<&'p str> {
        under(&self.hooks.config().path, path)
    }

    pub(super) async fn pass(
        &self,
        front: &Front,
        peer: SocketAddr,
        head: Parts,
        path: &str,
        body: &mut Body,
    ) -> Response<Body> {
        self.guarded(front, peer, head, path, body).await.unwrap_or_else(|turned| *turned)
    }

    async fn guarded(
        &self,
        front: &Front,
        peer: SocketAddr,
        head: Parts,
        path: &str,
        body: &mut Body,
    ) -> Result<Response<Body>, Turned> {
        knock::is_a_post(&head)?;
        let name = path.trim_matches('/');
        // No mapping ever answers a direct request, so none of their gates leads to one.
        let own = if Hooks::is_direct(path) { None } else { self.gates.get(name) };
        let gate = own.unwrap_or(&self.gate);
        let visitor = Visitor { client: front.client(peer, &head.headers), scope: SCOPE };
        let at_gate = knock::at_gate(front, gate, &visitor, &head.headers)?;
        knock::within_rate(front, gate, visitor.client, &format!("{}/{name}", self.hooks.config().path))?;
        if path.is_empty() {
            return Err(knock::respond(Answer::NotFound).into());
        }
        // Behind the credential: no stranger can take these places, nor have a byte of a body read.
        let place = front.requests.try_acquire().map_err(|_| Box::new(Refused::Busy.into_response()))?;
        let max_bytes = self.hooks.body_max_bytes(path);
        let guest = knock::guest(front, gate, &visitor, at_gate, &head, body, max_bytes).await?;
        let caller = guest.caller.clone();
        // OpenClaw knows no senders that sign. Several of them send forms, and say so.
        let reading = if gate.is_signed_at() { Reading::Any } else { Reading::Json };
        let request = knock::request(head, path, guest, reading)?;
        let answer = self.hooks.take(&caller, &request).await;
        drop((place, request));
        Ok(self.told(answer).await)
    }

    /// The answer, once the run has ended if that is what the sender waits for.
    async fn told(&self, answer: Answer) -> Response<Body> {
        let Answer::Json { status, body, is_replayed, wait_for: Some((run, patience)) } = answer else {
            return knock::respond(answer);
        };
        let said =
            |status: u16, body: String| knock::respond(Answer::Json { status, body, is_replayed, wait_for: None });
        let include_reply = self.hooks.config().include_reply;
        let Ok(_place) = self.waiting.try_acquire() else { return said(StatusCode::ACCEPTED.as_u16(), body) };
        match tokio::time::timeout(patience, self.hooks.inbox().ended(&run)).await {
            Ok(Ok(Some(run))) => said(status, completion(&body, &run, include_reply)),
            // It is accepted, and goes on: the answer says so by saying nothing of an end.
            Err(_) | Ok(Ok(None)) => said(StatusCode::ACCEPTED.as_u16(), body),
            Ok(Err(error)) => {
                tracing::error!(%error, "the end of a run could not be waited for: {error}");
                said(StatusCode::ACCEPTED.as_u16(), body)
            }
        }
    }
}

/// What stands behind `base` and any slashes, if the path is under it.
pub(super) fn under<'p>(base: &str, path: &'p str) -> Option<&'p str> {
    let rest = path.strip_prefix(base)?;
    (rest.is_empty() || rest.starts_with('/')).then(|| rest.trim_start_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::under;

    #[test]
    fn what_only_begins_like_the_door_is_not_under_it() {
        for (path, expected) in [
            ("/hooks", Some("")),
            ("/hooks/", Some("")),
            ("/hooks/wake", Some("wake")),
            ("/hooks//wake", Some("wake")),
            ("/hooks/wake/", Some("wake/")),
            ("/hooksX/wake", None),
            ("/hook", None),
            ("/x/hooks/wake", None),
        ] {
            assert_eq!(under("/hooks", path), expected, "{path}");
        }
    }
}
