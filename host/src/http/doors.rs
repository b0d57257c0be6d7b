//! The doors that are no plugin routes. No path belongs to two of them, nor to a route: the config has seen to that.

use axum::body::Body;
use axum::http::Response;
use axum::http::request::Parts;

use super::answer::Refused;
use super::approvals;
use super::events::EventsDoor;
use super::front::Front;
use super::hooks::HooksDoor;
use super::inbound::InboundDoors;
use super::runs::RunsDoor;
use super::serve::Peer;
use super::workflows::WorkflowDoors;
use crate::workflow::approvals::Approvals;

/// All of them.
pub struct Doors {
    /// Where events are handed in, if anywhere.
    pub events: Option<EventsDoor>,
    /// Where clients claim runs of agents.
    pub runs: RunsDoor,
    /// Where agents are woken and told.
    pub hooks: Vec<HooksDoor>,
    /// Where templates make messages.
    pub inbound: Option<InboundDoors>,
    /// Where workflows are begun.
    pub workflows: WorkflowDoors,
    /// Where people answer what workflows ask.
    pub approvals: Approvals,
}

impl Doors {
    /// What becomes of the request, if its path is one of theirs.
    pub(super) async fn pass(
        &self,
        front: &Front,
        peer: Peer,
        path: &str,
        head: &Parts,
        body: &mut Body,
    ) -> Option<Result<Response<Body>, Refused>> {
        if let Some(events) = self.events.as_ref().filter(|events| events.is_at(path)) {
            return Some(events.pass(front, peer, head, body).await);
        }
        if self.runs.is_at(path) {
            return Some(self.runs.pass(front, peer, path, head, body).await);
        }
        if let Some((door, under)) = self.hooks.iter().find_map(|door| Some((door, door.under(path)?))) {
            return Some(Ok(door.pass(front, peer.0, head.clone(), under, body).await));
        }
        let named = self.inbound.as_ref().and_then(|inbound| Some((inbound, inbound.under(path)?)));
        if let Some((inbound, name)) = named {
            return Some(Ok(inbound.pass(front, peer.0, head.clone(), name, body).await));
        }
        if let Some(door) = self.workflows.find(path) {
            return Some(door.pass(front, peer, head.clone(), body).await);
        }
        if let Some(token) = path.strip_prefix(approvals::PREFIX) {
            return Some(approvals::pass(&self.approvals, front, peer, head, token, body).await);
        }
        None
    }
}
