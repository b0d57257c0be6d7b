//! The doors of inbound templates: one name each under one path, with a credential of its own or with none that was written out.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::http::Response;
use axum::http::request::Parts;

use super::answer::Refused;
use super::front::Front;
use super::hooks::under;
use super::knock::{self, Turned};
use crate::auth::secret::DoorSecret;
use crate::config::RouteLimits;
use crate::config::hooks::BODY_MAX_BYTES;
use crate::hooks::{Answer, InboundDoor, Sender};

/// Failures at all these doors count together.
const SCOPE: &str = "inbound";

/// Who may use an endpoint.
pub enum InboundGuard {
    /// Who presents one of these; nobody if there are none.
    Secrets(Vec<Arc<DoorSecret>>),
    /// Everybody, at the pace of a route.
    Anybody,
}

/// All of them.
pub struct InboundDoors {
    base_path: String,
    by_name: HashMap<String, (InboundGuard, InboundDoor)>,
}

impl InboundDoors {
    /// The endpoints under this path, by their names.
    pub fn new(base_path: String, by_name: HashMap<String, (InboundGuard, InboundDoor)>) -> Self {
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
        let (guard, door) = self.by_name.get(name).ok_or_else(|| Box::new(knock::respond(Answer::NotFound)))?;
        let sender = match guard {
            InboundGuard::Secrets(secrets) => Sender::Known(knock::caller(front, secrets, SCOPE, peer, &head.headers)?),
            InboundGuard::Anybody => {
                self.within_rate(front, name, peer, &head)?;
                Sender::Anybody
            }
        };
        let _place = front.requests.try_acquire().map_err(|_| Box::new(Refused::Busy.into_response()))?;
        let request = knock::request(head, name, body, BODY_MAX_BYTES).await?;
        Ok(knock::respond(door.take(&sender, &request).await))
    }

    /// Each message of a stranger costs a run, so strangers have a pace.
    fn within_rate(&self, front: &Front, name: &str, peer: SocketAddr, head: &Parts) -> Result<(), Turned> {
        let (path, limits) = (format!("{}/{name}", self.base_path), RouteLimits::default());
        let client = front.client(peer, &head.headers);
        let allowed = front.rate.allow(&path, client, limits.rate_requests, limits.rate_window, Instant::now());
        if allowed { Ok(()) } else { Err(Refused::RateLimited.into_response().into()) }
    }
}
