//! Every status this door can answer with, and the envelope around what a route action says. The texts and the missing content types are those of
//! OpenClaw 2026.4.7.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};

use super::idempotency;
use crate::model::RouteId;
use crate::sandbox::{Failure, FailureKind, NotReady, Reply};

/// Why a request did not get to its route action. In the order of the guards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    NotFound,
    /// An address that may not knock.
    Forbidden,
    MethodNotAllowed,
    RateLimited,
    UnsupportedMediaType,
    TooManyInFlight,
    Unauthorized,
    PayloadTooLarge,
    BodyTimeout,
    ConnectionClosed,
    InvalidBody,
    /// JSON nested deeper than any handler could take. OpenClaw's handler fails on it, so this is its answer to a failing handler.
    BodyTooDeep,
    /// A credential where logs and histories keep it.
    TokenInQuery,
    /// The idempotency key is none: this is the rule.
    BadKey(&'static str),
    /// The idempotency key belongs to another request.
    KeyOfOtherRequest,
    /// Every run of the pool is taken.
    Busy,
}

const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json; charset=utf-8";

/// How soon a sender may try again when the pool is full. Runs take milliseconds.
const BUSY_RETRY_SECONDS: u16 = 1;
/// How soon when the store cannot write: somebody has to make room on a disk first.
pub(super) const STORE_RETRY_SECONDS: u16 = 10;

/// In OpenClaw's words.
const TOKEN_IN_QUERY: &str = "Hook token must be provided via Authorization: Bearer <token> or X-OpenClaw-Token header (query parameters are not allowed).";

impl Refused {
    pub(super) fn into_response(self) -> Response<Body> {
        match self {
            Self::TokenInQuery => return invalid_request(TOKEN_IN_QUERY),
            Self::BadKey(rule) => return invalid_request(rule),
            Self::KeyOfOtherRequest => {
                return refusal(StatusCode::CONFLICT, idempotency::CONFLICT, idempotency::OTHER_REQUEST);
            }
            _ => {}
        }
        let (status, text) = self.line();
        let mut response = Response::new(Body::from(text));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        match self {
            Self::NotFound | Self::Forbidden | Self::BodyTooDeep => {
                headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(TEXT));
            }
            Self::MethodNotAllowed => {
                headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
            }
            // What is left of the body is not read, so the connection cannot be used again.
            Self::PayloadTooLarge | Self::BodyTimeout | Self::ConnectionClosed => {
                headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            Self::Busy => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(BUSY_RETRY_SECONDS));
            }
            Self::RateLimited
            | Self::UnsupportedMediaType
            | Self::TooManyInFlight
            | Self::Unauthorized
            | Self::TokenInQuery
            | Self::BadKey(_)
            | Self::KeyOfOtherRequest
            | Self::InvalidBody => {}
        }
        response
    }

    fn line(self) -> (StatusCode, &'static str) {
        match self {
            Self::NotFound => (StatusCode::NOT_FOUND, "Not Found"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "Forbidden"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed"),
            Self::RateLimited | Self::TooManyInFlight => (StatusCode::TOO_MANY_REQUESTS, "Too Many Requests"),
            Self::UnsupportedMediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "Unsupported Media Type"),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized"),
            Self::PayloadTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "Payload too large"),
            Self::BodyTimeout => (StatusCode::REQUEST_TIMEOUT, "Request body timeout"),
            Self::ConnectionClosed => (StatusCode::BAD_REQUEST, "Connection closed"),
            Self::InvalidBody => (StatusCode::BAD_REQUEST, "invalid request body"),
            Self::TokenInQuery => (StatusCode::BAD_REQUEST, TOKEN_IN_QUERY),
            Self::BadKey(rule) => (StatusCode::BAD_REQUEST, rule),
            Self::KeyOfOtherRequest => (StatusCode::CONFLICT, idempotency::OTHER_REQUEST),
            Self::BodyTooDeep => (StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
        }
    }
}

/// The envelope around a route action's answer.
pub(super) fn reply(route: &RouteId, reply: &Reply) -> Response<Body> {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let ok = reply.status < 400;
    let mut body = envelope(ok, Some(route), reply.result.as_str().len());
    if let Some(code) = reply.code.as_deref().or((!ok).then_some("error")) {
        member(&mut body, "code", code);
    }
    if !ok {
        member(&mut body, "error", reply.error.as_deref().unwrap_or_default());
    }
    body.push_str(",\"result\":");
    body.push_str(reply.result.as_str());
    body.push('}');
    json(status, body)
}

/// The request was none the action can act on: 400, and neither route nor result, as OpenClaw answers it.
pub(super) fn invalid_request(message: &str) -> Response<Body> {
    refusal(StatusCode::BAD_REQUEST, "invalid_request", message)
}

/// A refusal with a code and a sentence, and no route. A 503 says when to come again.
pub(super) fn refusal(status: StatusCode, code: &str, message: &str) -> Response<Body> {
    let mut body = envelope(false, None, message.len());
    member(&mut body, "code", code);
    member(&mut body, "error", message);
    body.push('}');
    let mut response = json(status, body);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(STORE_RETRY_SECONDS));
    }
    response
}

/// The run ended without an answer. The caller learns which limit it was and nothing of the guest's own words.
pub(super) fn failed(route: &RouteId, failure: &Failure) -> Response<Body> {
    let status = match failure.kind {
        FailureKind::Deadline => StatusCode::GATEWAY_TIMEOUT,
        FailureKind::Host => StatusCode::SERVICE_UNAVAILABLE,
        FailureKind::Cpu
        | FailureKind::Memory
        | FailureKind::Output
        | FailureKind::HostCalls
        | FailureKind::Trap
        | FailureKind::GuestError => StatusCode::INTERNAL_SERVER_ERROR,
    };
    unavailable(route, status, failure.kind.as_str(), failure.kind.sentence())
}

/// The route has no component to run now.
pub(super) fn not_ready(route: &RouteId, why: NotReady) -> Response<Body> {
    match why {
        NotReady::Refused => unavailable(
            route,
            StatusCode::SERVICE_UNAVAILABLE,
            "plugin-refused",
            "The route's handler is not available.",
        ),
        NotReady::Resting { for_ms } => {
            let mut response = unavailable(
                route,
                StatusCode::SERVICE_UNAVAILABLE,
                "plugin-poisoned",
                "The route's handler crashed too often and rests.",
            );
            let seconds = u64::try_from(for_ms).unwrap_or(0).div_ceil(1000);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            response
        }
    }
}

fn unavailable(route: &RouteId, status: StatusCode, code: &str, sentence: &str) -> Response<Body> {
    let mut body = envelope(false, Some(route), 0);
    member(&mut body, "code", code);
    member(&mut body, "error", sentence);
    body.push('}');
    json(status, body)
}

fn envelope(ok: bool, route: Option<&RouteId>, payload: usize) -> String {
    let mut body = String::with_capacity(payload + 160);
    body.push_str(if ok { "{\"ok\":true" } else { "{\"ok\":false" });
    if let Some(route) = route {
        member(&mut body, "routeId", route.as_str());
    }
    body
}

fn member(body: &mut String, name: &str, value: &str) {
    body.push_str(",\"");
    body.push_str(name);
    body.push_str("\":");
    crate::json::quote(value, body);
}

pub(super) fn json(status: StatusCode, body: String) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_that_leaves_a_body_unread_closes_the_connection() {
        for refused in [Refused::PayloadTooLarge, Refused::BodyTimeout, Refused::ConnectionClosed] {
            assert_eq!(refused.into_response().headers()[header::CONNECTION], "close");
        }
    }

    #[test]
    fn a_refusal_that_may_be_over_soon_says_when_to_come_again() {
        let told = |status| refusal(status, "c", "m").headers().get(header::RETRY_AFTER).cloned();
        assert_eq!(told(StatusCode::SERVICE_UNAVAILABLE), Some(HeaderValue::from(STORE_RETRY_SECONDS)));
        assert_eq!(told(StatusCode::CONFLICT), None);
    }
}
