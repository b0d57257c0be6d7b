//! Runs of agents on the operator's socket. Every answer is JSON; a refusal has a code and a sentence.

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{Response, StatusCode, Uri};
use axum::routing::{get, post};
use serde::Serialize;
use url::form_urlencoded;

use super::webhooks::json_body;
use crate::agents::operator::{RunsAsked, RunsDesk, RunsError};
use crate::model::RunState;
use crate::outbound::operator::views::Refusal;

/// All paths below `/runs`.
pub(super) fn router(desk: RunsDesk) -> Router {
    Router::new().route("/", get(list)).route("/{id}", get(show)).route("/{id}/cancel", post(cancel)).with_state(desk)
}

async fn list(State(desk): State<RunsDesk>, uri: Uri) -> Response<Body> {
    answer(asked(uri.query().unwrap_or_default()).and_then(|asked| desk.list(&asked)))
}

async fn show(State(desk): State<RunsDesk>, Path(id): Path<String>) -> Response<Body> {
    answer(desk.show(&id))
}

async fn cancel(State(desk): State<RunsDesk>, Path(id): Path<String>) -> Response<Body> {
    answer(desk.cancel(&id).await)
}

fn asked(query: &str) -> Result<RunsAsked, RunsError> {
    let mut asked = RunsAsked::default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let wrong = || RunsError::Invalid(format!("{name}: not accepted here: {value}"));
        match &*name {
            "recent" => asked.recent = value.parse().map_err(|_| wrong())?,
            "state" => asked.state = Some(RunState::parse(&value).ok_or_else(wrong)?),
            "agent" => asked.agent = Some(value.into_owned()),
            _ => return Err(RunsError::Invalid(format!("{name}: there is no such parameter"))),
        }
    }
    Ok(asked)
}

fn answer(result: Result<impl Serialize, RunsError>) -> Response<Body> {
    let error = match result {
        Ok(shown) => return json_body(StatusCode::OK, &shown),
        Err(error) => error,
    };
    let (status, code) = match &error {
        RunsError::Invalid(_) => (StatusCode::BAD_REQUEST, "invalid_request"),
        RunsError::NotFound => (StatusCode::NOT_FOUND, "not_found"),
        RunsError::Ended(_) => (StatusCode::CONFLICT, "refused"),
        RunsError::Store(_) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
    };
    json_body(status, &Refusal { code: code.to_owned(), error: error.to_string() })
}
