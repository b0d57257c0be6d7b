//! The guards, in their order, and the run behind them. [`pass`] is the pipeline: one guard a line, and where the order matters, why.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use axum::routing::get;
use hyper::body::Body as _;
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;

use super::answer::{self, Refused};
use super::events::EventsDoor;
use super::head::Head;
use super::routes::{Route, RouteTable, resolved};
use super::workflows::WorkflowDoors;
use super::{approvals, body, serve::Peer};
use crate::auth::secret::{DoorSecret, SecretState};
use crate::auth::{Caller, Forwarded, SECRET_HEADER, authenticate, client_address, presented_secret};
use crate::config::Gateway;
use crate::json::{self, JsonError};
use crate::limits::{Admissions, InFlight, RateWindows};
use crate::model::js_trim;
use crate::sandbox::Outcome;
use crate::taskflow::TaskFlows;
use crate::workflow::approvals::Approvals;

/// Everything the front door needs.
pub struct Front {
    /// The routes.
    pub routes: RouteTable,
    /// Where events are handed in, if anywhere.
    pub events: Option<EventsDoor>,
    /// The doors that begin workflows.
    pub workflows: WorkflowDoors,
    /// Where people answer what workflows ask.
    pub approvals: Approvals,
    /// Which proxies are believed.
    pub gateway: Gateway,
    /// The rate windows.
    pub rate: RateWindows,
    /// The requests in flight.
    pub in_flight: InFlight,
    /// Requests at once over all routes.
    pub requests: Semaphore,
    /// The runs of the pool.
    pub admissions: Admissions,
    /// For `/readyz`: whether the store answers.
    pub taskflows: TaskFlows,
}

impl Front {
    /// All paths of this door. Layers from the outside in.
    pub fn router(self) -> Router {
        let fixed = |name, value| {
            SetResponseHeaderLayer::overriding(header::HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        Router::new()
            .route("/healthz", get(|| async { "ok" }))
            .route("/readyz", get(ready))
            .fallback(plugin_route)
            .with_state(Arc::new(self))
            .layer(CatchPanicLayer::new())
            .layer(fixed("x-content-type-options", "nosniff"))
            .layer(fixed("referrer-policy", "no-referrer"))
            .layer(fixed("permissions-policy", "camera=(), microphone=(), geolocation=()"))
    }

    async fn pass(&self, peer: SocketAddr, head: Parts, body: &mut Body) -> Result<Response<Body>, Refused> {
        let path = resolved(head.uri.path());
        if let Some(events) = self.events.as_ref().filter(|events| events.is_at(&path)) {
            return events.pass(self, Peer(peer), &head, body).await;
        }
        if let Some(door) = self.workflows.find(&path) {
            return door.pass(self, Peer(peer), head, body).await;
        }
        if let Some(token) = path.strip_prefix(approvals::PREFIX) {
            return approvals::pass(self, Peer(peer), &head, token, body).await;
        }
        let route = self.known_path(&path)?;
        post_only(&head.method)?;
        self.within_rate(route, &path, peer, &head.headers)?;
        json_content(&head.headers)?;
        let in_flight =
            self.in_flight.enter(&route.path, peer.ip(), route.limits.in_flight).ok_or(Refused::TooManyInFlight)?;
        let _request = self.requests.try_acquire().map_err(|_| Refused::Busy)?;
        let caller = known_caller(&route.secret, SECRET_HEADER, &head.headers)?;
        // Only now is a byte of the body read: a stranger cannot make us hold any.
        let body = body::read(body, route.limits.body_max_bytes, route.limits.body_timeout).await?;
        let body = json::canonical(&body).map_err(invalid_body)?;
        // The deadline of the run starts after the body is here: a slow sender is not billed to the guest.
        let admission = self.admissions.admit(&caller, in_flight, &route.limits).map_err(|_| Refused::Busy)?;
        let ran = route.slot.run(admission, Box::new(Head::new(head.headers, head.uri)), body).await;
        Ok(match ran {
            Ok(Outcome::Replied(reply)) => answer::reply(&route.id, &reply),
            Ok(Outcome::InvalidRequest(message)) => answer::invalid_request(&message),
            Ok(Outcome::Failed(failure)) => answer::failed(&route.id, &failure),
            Err(why) => answer::not_ready(&route.id, why),
        })
    }

    /// A route whose secret has never been resolved is not there.
    fn known_path(&self, path: &str) -> Result<&Arc<Route>, Refused> {
        self.routes
            .find(path)
            .filter(|route| !matches!(**route.secret.state(), SecretState::Unresolved))
            .ok_or(Refused::NotFound)
    }

    /// Counted per path as it was requested, as the real one does: `/x` and `/x/` have separate windows.
    fn within_rate(&self, route: &Route, path: &str, peer: SocketAddr, headers: &HeaderMap) -> Result<(), Refused> {
        let client = self.client(peer, headers);
        let limits = &route.limits;
        let allowed = self.rate.allow(path, client, limits.rate_requests, limits.rate_window, Instant::now());
        if allowed { Ok(()) } else { Err(Refused::RateLimited) }
    }

    pub(super) fn client(&self, peer: SocketAddr, headers: &HeaderMap) -> IpAddr {
        let joined = |name: &str| {
            let values: Vec<&str> = headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
            (!values.is_empty()).then(|| values.join(","))
        };
        let (forwarded_for, real_ip) = (joined("x-forwarded-for"), joined("x-real-ip"));
        let forwarded = Forwarded { forwarded_for: forwarded_for.as_deref(), real_ip: real_ip.as_deref() };
        client_address(peer.ip(), forwarded, &self.gateway)
    }
}

async fn plugin_route(State(front): State<Arc<Front>>, Peer(peer): Peer, request: Request<Body>) -> Response<Body> {
    let (head, mut body) = request.into_parts();
    // Whoever waits for a word before the body gets none: what follows may be the body or the next request.
    let is_held_back = head.headers.contains_key(header::EXPECT);
    let refused = match front.pass(peer, head, &mut body).await {
        Ok(response) => return response,
        Err(refused) => refused,
    };
    let mut response = refused.into_response();
    let is_settled = body.is_end_stream() || response.headers().contains_key(header::CONNECTION);
    if !is_settled && (is_held_back || !body::discard(body).await) {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

async fn ready(State(front): State<Arc<Front>>) -> (StatusCode, &'static str) {
    match front.taskflows.find("") {
        Ok(_) => (StatusCode::OK, "ready"),
        Err(error) => {
            tracing::error!("not ready: {error}");
            (StatusCode::SERVICE_UNAVAILABLE, "not ready")
        }
    }
}

pub(super) fn post_only(method: &Method) -> Result<(), Refused> {
    if method == Method::POST { Ok(()) } else { Err(Refused::MethodNotAllowed) }
}

/// `application/json` or anything that ends in `+json`; parameters do not matter.
pub(super) fn json_content(headers: &HeaderMap) -> Result<(), Refused> {
    let content_type = first_of(headers, header::CONTENT_TYPE.as_str()).unwrap_or_default();
    let media_type = js_trim(content_type.split(';').next().unwrap_or_default());
    let is_json = media_type.eq_ignore_ascii_case("application/json")
        || media_type.len() >= 5 && media_type.as_bytes()[media_type.len() - 5..].eq_ignore_ascii_case(b"+json");
    if is_json { Ok(()) } else { Err(Refused::UnsupportedMediaType) }
}

/// `own_header` is the door's own way to present the secret, beside Bearer.
pub(super) fn known_caller(
    secret: &DoorSecret,
    own_header: &'static str,
    headers: &HeaderMap,
) -> Result<Caller, Refused> {
    let authorization = first_of(headers, header::AUTHORIZATION.as_str());
    // A shared secret sent twice would be joined by HTTP's rules, and a joined secret is a wrong one.
    let is_sent_once = headers.get_all(own_header).iter().count() == 1;
    let shared = first_of(headers, own_header).filter(|_| is_sent_once);
    authenticate(secret, presented_secret(authorization.as_deref(), shared.as_deref()))
        .map_err(|_| Refused::Unauthorized)
}

/// A header as OpenClaw reads it: of several lines the first, and each byte one character (Latin-1), so that what stands in the header decides and
/// never how it is encoded.
fn first_of<'h>(headers: &'h HeaderMap, name: &str) -> Option<Cow<'h, str>> {
    let bytes = headers.get(name)?.as_bytes();
    Some(match std::str::from_utf8(bytes) {
        Ok(text) if text.is_ascii() => Cow::Borrowed(text),
        _ => Cow::Owned(bytes.iter().copied().map(char::from).collect()),
    })
}

fn invalid_body(error: JsonError) -> Refused {
    match error {
        JsonError::TooDeep => Refused::BodyTooDeep,
        _ => Refused::InvalidBody,
    }
}
