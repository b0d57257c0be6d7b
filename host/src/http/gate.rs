//! The gate of one route of a door: who may knock there, and how that is proven. An address that may not is turned away before anything is
//! read; a credential in the head is looked at before the body; a signature when the body is here, before anybody parses it.

use std::net::IpAddr;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, Uri, header};
use bytes::Bytes;

use super::answer::Refused;
use super::front::known_caller;
use crate::auth::Caller;
use crate::auth::scheme::{Delivery, Handshake, HeaderLookup, Nonce, Presented, Proof, Reason, Shows};
use crate::auth::secret::{DoorGuard, DoorKeys, Knock};
use crate::clock::Clock;
use crate::config::AllowedIps;
use crate::model::Millis;
use crate::taskflow::{OnceSigned, Seen, TaskFlows};

/// Who may knock at one route.
pub struct Gate {
    guard: DoorGuard,
    /// The header that carries the secret, if it does not come as Bearer.
    own_header: &'static str,
    allowed: AllowedIps,
}

/// Somebody at the gate whose body has not been read.
pub(super) enum AtGate {
    /// The gate is open, and asked for nothing.
    Anybody(Caller),
    /// The head shows a credential, and it is right.
    Proven(Caller),
    /// What the body proves is not known yet.
    Unproven,
}

impl AtGate {
    /// Whether the body proves nothing more.
    pub fn is_known(&self) -> bool {
        !matches!(self, Self::Unproven)
    }

    /// Whether the head has proven who it is. At an open gate nobody has.
    pub fn is_proven(&self) -> bool {
        matches!(self, Self::Proven(_))
    }
}

/// Somebody inside.
pub(super) struct Guest {
    /// Who it is.
    pub caller: Caller,
    /// The body, decrypted if it came encrypted, and without what it shows that is secret.
    pub body: Bytes,
    /// The sender's own name for this delivery: the same again is the same delivery.
    pub delivery: Option<String>,
    shows: Shows,
}

impl Guest {
    /// The head of its request as it is handed on: without what it shows that is secret.
    pub fn head(&self, mut head: Parts) -> Parts {
        for name in self.shows.headers {
            head.headers.remove(*name);
        }
        if let Some(query) = self.shows.query_without(head.uri.query().unwrap_or_default()) {
            let path = head.uri.path();
            let without = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
            // A part of what was a URI is one.
            head.uri = Uri::try_from(without).unwrap_or_default();
        }
        head
    }
}

/// What becomes of somebody whose body is here.
pub(super) enum Entered {
    Guest(Guest),
    /// The sender only asked whether this is the right door. This is the answer.
    Handshake(Response<Body>),
}

impl Gate {
    /// `allowed` are the addresses of this route, beside those of the whole gateway.
    pub fn new(guard: DoorGuard, own_header: &'static str, allowed: AllowedIps) -> Self {
        Self { guard, own_header, allowed }
    }

    /// Whether there is nobody who could come in, because no secret was ever there: then there is no door.
    pub(super) fn is_closed(&self) -> bool {
        self.guard.is_unresolved()
    }

    /// Whether anybody is let in.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.guard, DoorGuard::Open(_))
    }

    /// Whether requests prove by a sender's scheme who they are of.
    pub(super) fn is_signed_at(&self) -> bool {
        matches!(self.guard, DoorGuard::Scheme(_))
    }

    pub(super) fn may_knock(&self, client: IpAddr) -> Result<(), Refused> {
        if self.allowed.contains(client) { Ok(()) } else { Err(Refused::Forbidden) }
    }

    /// Looks at what the head proves.
    pub(super) fn knock(&self, headers: &HeaderMap) -> Result<AtGate, Refused> {
        Ok(match &self.guard {
            DoorGuard::Open(door) => AtGate::Anybody(door.caller()),
            DoorGuard::Bearer(secret) => AtGate::Proven(known_caller(secret, self.own_header, headers)?),
            DoorGuard::Scheme(_) => AtGate::Unproven,
        })
    }

    /// Looks at what the body proves, if the head did not.
    pub(super) async fn enter(
        &self,
        at_gate: AtGate,
        head: &Parts,
        body: Bytes,
        seen: &TaskFlows,
        clock: &Clock,
    ) -> Result<Entered, Refused> {
        match (at_gate, &self.guard) {
            (AtGate::Anybody(caller) | AtGate::Proven(caller), _) => {
                Ok(Entered::Guest(Guest { caller, body, delivery: None, shows: Shows::NOTHING }))
            }
            (AtGate::Unproven, DoorGuard::Scheme(keys)) => self.verify(keys, head, body, seen, clock).await,
            (AtGate::Unproven, DoorGuard::Open(_) | DoorGuard::Bearer(_)) => Err(Refused::Unauthorized),
        }
    }

    async fn verify(
        &self,
        keys: &DoorKeys,
        head: &Parts,
        body: Bytes,
        seen: &TaskFlows,
        clock: &Clock,
    ) -> Result<Entered, Refused> {
        let (door, scheme) = (keys.door(), keys.scheme().name());
        let url = head.uri.path_and_query().map_or("/", |url| url.as_str());
        let headers = Headers(&head.headers);
        let presented = Presented { headers: &headers, url, body: &body };
        let (caller, proof) = match keys.verify(&presented, clock.now()) {
            Ok(Knock::Request(caller, proof)) => (caller, proof),
            Ok(Knock::Handshake(handshake)) => return Ok(Entered::Handshake(answer(handshake))),
            Err(why) => {
                tracing::info!(%door, scheme, "{door} let nobody in: {why}");
                return Err(Refused::Unauthorized);
            }
        };
        let first_until = match proof.nonce() {
            None => None,
            Some(nonce) => Some(first_of_its_kind(&door.to_string(), nonce, seen).await?),
        };
        let delivery = proof.delivery().map(|delivery| match (delivery, first_until) {
            // Two events of such a sender can be equal: a repeat is one only while the first is remembered.
            (Delivery::Digest(digest), Some(until)) => format!("{digest} {}", until.0),
            (delivery, _) => delivery.id().to_owned(),
        });
        let opened = opened(&proof, &body);
        Ok(Entered::Guest(Guest { caller, body: opened, delivery, shows: keys.scheme().shows() }))
    }
}

/// The body as the proof has it, which is nearly always as it came: then it is not copied.
fn opened(proof: &Proof<'_>, body: &Bytes) -> Bytes {
    let opened = proof.body();
    if opened.as_ptr() == body.as_ptr() && opened.len() == body.len() {
        body.clone()
    } else {
        Bytes::copy_from_slice(opened)
    }
}

/// Notes what was signed, unless that is a replay. Until when the first of its kind is remembered.
async fn first_of_its_kind(door: &str, nonce: &Nonce, seen: &TaskFlows) -> Result<Millis, Refused> {
    // Two doors with one secret do not share what they have seen: a sender may post one event to both.
    let signed = OnceSigned::new(door, &nonce.digest, nonce.owner.clone(), nonce.expires_at);
    match seen.see_signature(signed).await {
        Ok(Seen::Never) => Ok(nonce.expires_at),
        Ok(Seen::WithItsOwner(until)) => Ok(until),
        Ok(Seen::Before) => {
            tracing::warn!(door, "{door} let nobody in: {}", Reason::Replayed);
            Err(Refused::Unauthorized)
        }
        Ok(Seen::TooLate) => {
            tracing::info!(door, "{door} let nobody in: the time of the signature ran out while it was looked at");
            Err(Refused::Unauthorized)
        }
        Err(error) => {
            tracing::error!("a signature could not be remembered: {error}");
            Err(Refused::Busy)
        }
    }
}

fn answer(handshake: Handshake) -> Response<Body> {
    let mut response = Response::new(Body::from(handshake.body));
    *response.status_mut() = StatusCode::from_u16(handshake.status).unwrap_or(StatusCode::OK);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(handshake.content_type));
    response
}

/// A request's headers as schemes look at them.
struct Headers<'a>(&'a HeaderMap);

impl HeaderLookup for Headers<'_> {
    fn count(&self, name: &str) -> usize {
        self.0.get_all(name).iter().count()
    }

    fn first(&self, name: &str) -> Option<&[u8]> {
        self.0.get(name).map(HeaderValue::as_bytes)
    }
}
