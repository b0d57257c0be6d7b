//! Questions of workflows on the operator's socket.

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{Response, StatusCode, Uri};
use axum::routing::{get, post};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::webhooks::json_body;
use crate::outbound::operator::views::Refusal;
use crate::workflow::approvals::{Approvals, Asked, DecideError};

/// All paths below `/approvals`.
pub(super) fn router(desk: Approvals) -> Router {
    Router::new()
        .route("/", get(list))
        .route("/{id}", get(show))
        .route("/{id}/decide", post(decide))
        .route("/{id}/link", post(link))
        .with_state(desk)
}

/// What is decided, and by whom.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Decision {
    name: String,
    #[serde(default)]
    approve: bool,
    #[serde(default)]
    response: Option<Value>,
}

async fn list(State(desk): State<Approvals>, uri: Uri) -> Response<Body> {
    let only_open = uri.query() != Some("all=true");
    answer(desk.list(only_open).map(|approvals| json!({ "approvals": approvals })).map_err(DecideError::from))
}

async fn show(State(desk): State<Approvals>, Path(id): Path<String>) -> Response<Body> {
    answer(desk.show(&id))
}

async fn decide(State(desk): State<Approvals>, Path(id): Path<String>, body: Bytes) -> Response<Body> {
    let decision: Decision = match serde_json::from_slice(&body) {
        Ok(decision) => decision,
        Err(error) => return answer::<Value>(Err(DecideError::Invalid(format!("the body is no decision: {error}")))),
    };
    let said = if decision.approve { Asked::Yes(decision.response) } else { Asked::No };
    answer(desk.decide(&id, &decision.name, said).await)
}

async fn link(State(desk): State<Approvals>, Path(id): Path<String>, body: Bytes) -> Response<Body> {
    let name = serde_json::from_slice::<Decision>(&body).map(|decision| decision.name).unwrap_or_default();
    answer(desk.link(&id, &name).map(|token| json!({ "token": token })))
}

fn answer<T: Serialize>(result: Result<T, DecideError>) -> Response<Body> {
    let error = match result {
        Ok(shown) => return json_body(StatusCode::OK, &shown),
        Err(error) => error,
    };
    let (status, code) = match &error {
        DecideError::Missing(_) => (StatusCode::NOT_FOUND, "not_found"),
        DecideError::Decided(_) => (StatusCode::CONFLICT, "decided"),
        DecideError::Void => (StatusCode::GONE, "void"),
        DecideError::Expired => (StatusCode::GONE, "expired"),
        DecideError::NotYours(_) => (StatusCode::FORBIDDEN, "not_yours"),
        DecideError::Invalid(_) => (StatusCode::BAD_REQUEST, "invalid_request"),
        DecideError::Store(_) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
    };
    json_body(status, &Refusal { code: code.to_owned(), error: error.to_string() })
}
