//! What the doors for agents have in common: the guards in OpenClaw's order, in its words, and the request that is left behind them.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use url::form_urlencoded;

use super::answer::{self, Refused};
use super::body;
use super::events::no_token_in_query;
use super::front::Front;
use super::gate::{AtGate, Entered, Gate, Guest};
use super::head::Head;
use super::{idempotency, json_error, payload};
use crate::config::RouteLimits;
use crate::hooks::{Answer, Request};
use crate::json::{self, JsonError, JsonKind, JsonText};
use crate::limits::Failed;

/// OpenClaw's number.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// In OpenClaw's words.
const TOKEN_IN_QUERY: &str = "Hook token must be provided via Authorization: Bearer <token> or X-OpenClaw-Token header (query parameters are not allowed).";

/// Somebody who is turned away, with what they are told.
pub(super) type Turned = Box<Response<Body>>;

/// What does not need to know who knocks.
pub(super) fn is_a_post(head: &Parts) -> Result<(), Turned> {
    if no_token_in_query(&head.uri).is_err() {
        return Err(text(StatusCode::BAD_REQUEST, TOKEN_IN_QUERY).into());
    }
    if head.method != Method::POST {
        let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
        return Err(response.into());
    }
    Ok(())
}

/// Somebody at one of these doors.
pub(super) struct Visitor {
    /// The client's address.
    pub client: IpAddr,
    /// The doors whose failures count together.
    pub scope: &'static str,
}

/// Who knocks, as far as the head tells.
pub(super) fn at_gate(front: &Front, gate: &Gate, visitor: &Visitor, headers: &HeaderMap) -> Result<AtGate, Turned> {
    gate.may_knock(visitor.client).map_err(|refused| Box::new(refused.into_response()))?;
    match gate.knock(headers) {
        Ok(at_gate) => {
            // An open gate has proven nothing: it must not make anybody's failures at the others undone.
            if at_gate.is_proven() {
                front.failed.succeeded(visitor.scope, visitor.client);
            }
            Ok(at_gate)
        }
        Err(_) => Err(turned_away(front, visitor)),
    }
}

/// At a door that anybody may use. Each message of a stranger costs a run, so strangers have a pace.
pub(super) fn within_rate(front: &Front, gate: &Gate, client: IpAddr, path: &str) -> Result<(), Turned> {
    let limits = RouteLimits::default();
    let allows = || front.rate.allow(path, client, limits.rate_requests, limits.rate_window, Instant::now());
    if !gate.is_open() || allows() { Ok(()) } else { Err(Refused::RateLimited.into_response().into()) }
}

/// A failed credential, in OpenClaw's words and at its pace.
fn turned_away(front: &Front, visitor: &Visitor) -> Turned {
    let Visitor { client, scope } = visitor;
    match front.failed.failed(scope, *client, Instant::now()) {
        Failed::Refused => text(StatusCode::UNAUTHORIZED, "Unauthorized").into(),
        Failed::LockedOut { retry_after, is_first } => {
            let seconds = retry_after.as_secs();
            if is_first {
                tracing::warn!("hook auth throttled for {client}; retry-after={seconds}s");
            }
            let mut response = text(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests");
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            response.into()
        }
    }
}

/// The body, and whoever sent it.
pub(super) async fn guest(
    front: &Front,
    gate: &Gate,
    visitor: &Visitor,
    at_gate: AtGate,
    head: &Parts,
    body: &mut Body,
    max_bytes: usize,
) -> Result<Guest, Turned> {
    let is_known = at_gate.is_known();
    let busy = |_| Box::new(Refused::Busy.into_response());
    let _unproven = (!is_known).then(|| front.unproven.try_acquire().map_err(busy)).transpose()?;
    let raw_body = match body::read(body, max_bytes, BODY_TIMEOUT).await {
        Ok(bytes) => bytes,
        Err(Refused::PayloadTooLarge) => return Err(cut(StatusCode::PAYLOAD_TOO_LARGE, "payload too large").into()),
        Err(Refused::BodyTimeout) => return Err(cut(StatusCode::REQUEST_TIMEOUT, "request body timeout").into()),
        Err(_) => return Err(cut(StatusCode::BAD_REQUEST, "Connection closed").into()),
    };
    match gate.enter(at_gate, head, raw_body, &front.taskflows, &front.clock).await {
        Ok(Entered::Guest(guest)) => {
            if !is_known {
                front.failed.succeeded(visitor.scope, visitor.client);
            }
            Ok(guest)
        }
        Ok(Entered::Handshake(answer)) => Err(answer.into()),
        Err(Refused::Unauthorized) => Err(turned_away(front, visitor)),
        Err(refused) => Err(refused.into_response().into()),
    }
}

/// What bodies count as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// JSON, whatever the content type says; nothing is `{}`, and so is what has no members. That is OpenClaw.
    Json,
    /// JSON if it is that, or else a form or a text if the content type says so.
    Any,
}

/// The request with its body.
pub(super) fn request(head: Parts, path: &str, guest: Guest, reading: Reading) -> Result<Request, Turned> {
    let head = guest.head(head);
    let Guest { body: raw_body, delivery, .. } = guest;
    let payload = match (json::canonical(&raw_body), reading) {
        (Ok(payload), Reading::Any) => payload,
        (Ok(payload), Reading::Json) if matches!(payload.kind(), JsonKind::Object | JsonKind::Array) => payload,
        (Ok(_), Reading::Json) | (Err(JsonError::Empty), _) => empty(),
        (Err(error), reading) => {
            let other = (reading == Reading::Any).then(|| payload::other(&head.headers, &raw_body)).flatten();
            let told = || Box::new(failed(StatusCode::BAD_REQUEST, &json_error::message(&raw_body, error)));
            other.ok_or_else(told)?
        }
    };
    let query = head.uri.query().unwrap_or_default();
    let query = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let url = head.uri.path_and_query().map_or_else(String::new, |url| url.as_str().to_owned());
    let headers = Head::new(head.headers, head.uri).headers_as_node();
    Ok(Request { path: path.to_owned(), url, query, headers, payload, raw_body, delivery })
}

/// No members.
fn empty() -> JsonText {
    json::canonical(b"{}").unwrap_or_else(|_| JsonText::null())
}

/// An answer as a response, but for one that is to wait.
pub(super) fn respond(answer: Answer) -> Response<Body> {
    match answer {
        Answer::NotFound => text(StatusCode::NOT_FOUND, "Not Found"),
        Answer::Nothing => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NO_CONTENT;
            response
        }
        Answer::Json { status, body, is_replayed, .. } => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let mut response = answer::json(status, body);
            if is_replayed {
                idempotency::mark_repeat(&mut response);
            }
            if status == StatusCode::SERVICE_UNAVAILABLE {
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(answer::STORE_RETRY_SECONDS));
            }
            response
        }
    }
}

/// A few plain words.
pub(super) fn text(status: StatusCode, words: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(words));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

fn failed(status: StatusCode, error: &str) -> Response<Body> {
    let mut body = String::from("{\"ok\":false,\"error\":");
    json::quote(error, &mut body);
    body.push('}');
    answer::json(status, body)
}

/// What is left of the body is not read, so the connection cannot be used again.
fn cut(status: StatusCode, error: &str) -> Response<Body> {
    let mut response = failed(status, error);
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}
