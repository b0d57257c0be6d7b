//! What the doors for agents have in common: the guards in OpenClaw's order, in its words, and the request that is left behind them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use url::form_urlencoded;

use super::answer::{self, Refused};
use super::body;
use super::events::{REPLAYED, no_token_in_query};
use super::front::{Front, known_caller};
use super::head::Head;
use super::json_error;
use crate::auth::secret::DoorSecret;
use crate::auth::{Caller, TOKEN_HEADER};
use crate::hooks::{Answer, Request};
use crate::json::{self, JsonError, JsonKind, JsonText};
use crate::limits::Failed;
use crate::sandbox::RequestHead;

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

/// Who knocks, if one of the secrets is presented. `scope` names the doors whose failures count together.
pub(super) fn caller(
    front: &Front,
    secrets: &[Arc<DoorSecret>],
    scope: &str,
    peer: SocketAddr,
    headers: &HeaderMap,
) -> Result<Caller, Turned> {
    let client = front.client(peer, headers);
    // All of them are compared, so that time tells nobody which one is near.
    let known = secrets.iter().filter_map(|secret| known_caller(secret, TOKEN_HEADER, headers).ok());
    if let Some(caller) = known.collect::<Vec<_>>().pop() {
        front.failed.succeeded(scope, client);
        return Ok(caller);
    }
    match front.failed.failed(scope, client, Instant::now()) {
        Failed::Refused => Err(text(StatusCode::UNAUTHORIZED, "Unauthorized").into()),
        Failed::LockedOut { retry_after, is_first } => {
            let seconds = retry_after.as_secs();
            if is_first {
                tracing::warn!("hook auth throttled for {client}; retry-after={seconds}s");
            }
            let mut response = text(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests");
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            Err(response.into())
        }
    }
}

/// The request with its body, which is JSON whatever its content type says; nothing is `{}`, and so is what has no members.
pub(super) async fn request(head: Parts, path: &str, body: &mut Body, max_bytes: usize) -> Result<Request, Turned> {
    let raw_body = match body::read(body, max_bytes, BODY_TIMEOUT).await {
        Ok(bytes) => bytes,
        Err(Refused::PayloadTooLarge) => return Err(cut(StatusCode::PAYLOAD_TOO_LARGE, "payload too large").into()),
        Err(Refused::BodyTimeout) => return Err(cut(StatusCode::REQUEST_TIMEOUT, "request body timeout").into()),
        Err(_) => return Err(cut(StatusCode::BAD_REQUEST, "Connection closed").into()),
    };
    let payload = match json::canonical(&raw_body) {
        Ok(payload) if matches!(payload.kind(), JsonKind::Object | JsonKind::Array) => payload,
        Ok(_) | Err(JsonError::Empty) => empty(),
        Err(error) => return Err(failed(StatusCode::BAD_REQUEST, &json_error::message(&raw_body, error)).into()),
    };
    let query = head.uri.query().unwrap_or_default();
    let query = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let url = head.uri.path_and_query().map_or_else(String::new, |url| url.as_str().to_owned());
    let headers = Head::new(head.headers, head.uri).headers();
    Ok(Request { path: path.to_owned(), url, query, headers, payload, raw_body })
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
            let headers = response.headers_mut();
            if is_replayed {
                headers.insert(REPLAYED, HeaderValue::from_static("true"));
            }
            if status == StatusCode::SERVICE_UNAVAILABLE {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(answer::STORE_RETRY_SECONDS));
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
