//! The doors of inbound templates: one name each under one path, with a credential of its own or with none that was written out.

use std::collections::HashMap;
use std::net::SocketAddr;

use axum::body::Body;
use axum::http::Response;
use axum::http::request::Parts;

use super::answer::Refused;
use super::front::Front;
use super::gate::Gate;
use super::hooks::under;
use super::knock::{self, Reading, Turned, Visitor};
use crate::config::hooks::BODY_MAX_BYTES;
use crate::hooks::{Answer, InboundDoor};

/// Failures at all these doors count together.
const SCOPE: &str = "inbound";

/// All of them.
pub struct InboundDoors {
    base_path: String,
    by_name: HashMap<String, (Gate, InboundDoor)>,
}

impl InboundDoors {
    /// The endpoints under this path, by their names.
    pub fn new(base_path: String, by_name: HashMap<String, (Gate, InboundDoor)>) -> Self {
        Self { base_path, by_name }
    }

    /// The name in a path under the doors'.
    pub(super) fn under<'p>(&self, path: &'p str) -> Option<&'p str> {
        let name = under(&self.base_path, path)?;
        Some(name.strip_suffix('/').unwrap_or(name))
    }

    pub(super) async fn pass(
        &self,
        front: &Front,
        peer: SocketAddr,
        head: Parts,
        name: &str,
        body: &mut Body,
    ) -> Response<Body> {
        self.guarded(front, peer, head, name, body).await.unwrap_or_else(|turned| *turned)
    }

    async fn guarded(
        &self,
        front: &Front,
        peer: SocketAddr,
        head: Parts,
        name: &str,
        body: &mut Body,
    ) -> Result<Response<Body>, Turned> {
        knock::is_a_post(&head)?;
        let (gate, door) = self.by_name.get(name).ok_or_else(|| Box::new(knock::respond(Answer::NotFound)))?;
        let visitor = Visitor { client: front.client(peer, &head.headers), scope: SCOPE };
        let at_gate = knock::at_gate(front, gate, &visitor, &head.headers)?;
        knock::within_rate(front, gate, visitor.client, &format!("{}/{name}", self.base_path))?;
        let _place = front.requests.try_acquire().map_err(|_| Box::new(Refused::Busy.into_response()))?;
        let guest = knock::guest(front, gate, &visitor, at_gate, &head, body, BODY_MAX_BYTES).await?;
        let caller = guest.caller.clone();
        let request = knock::request(head, name, guest, Reading::Any)?;
        Ok(knock::respond(door.take(&caller, &request).await))
    }
}
