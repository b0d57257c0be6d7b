//! Deliveries, endpoints and recoveries on the operator's socket. Every answer is JSON; a refusal has a code and a sentence.

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, Response, StatusCode, Uri, header};
use axum::routing::{get, post};
use bytes::Bytes;
use serde::Serialize;
use serde_json::json;
use url::form_urlencoded;

use crate::model::Millis;
use crate::outbound::operator::views::{RecoveryRequest, Refusal};
use crate::outbound::operator::{ListQuery, Operator, OperatorError, Status};

/// All paths below `/webhooks`.
pub(super) fn router(operator: Operator) -> Router {
    Router::new()
        .route("/deliveries", get(deliveries))
        .route("/deliveries/{id}", get(delivery))
        .route("/deliveries/{id}/retry", post(retry))
        .route("/endpoints", get(endpoints))
        .route("/endpoints/{name}/enable", post(enable))
        .route("/endpoints/{name}/disable", post(disable))
        .route("/endpoints/{name}/test", post(send_test))
        .route("/recoveries", get(recoveries).post(recover))
        .with_state(operator)
}

async fn deliveries(State(operator): State<Operator>, uri: Uri) -> Response<Body> {
    let query = list_query(uri.query().unwrap_or_default());
    answer(query.and_then(|query| operator.deliveries(&query)))
}

async fn delivery(State(operator): State<Operator>, Path(id): Path<String>) -> Response<Body> {
    answer(operator.delivery(&id))
}

async fn retry(State(operator): State<Operator>, Path(id): Path<String>) -> Response<Body> {
    answer(operator.retry(&id).await)
}

async fn endpoints(State(operator): State<Operator>) -> Response<Body> {
    answer(operator.endpoints())
}

async fn enable(State(operator): State<Operator>, Path(name): Path<String>) -> Response<Body> {
    answer(operator.enable(&name).await.map(|()| json!({})))
}

async fn disable(State(operator): State<Operator>, Path(name): Path<String>) -> Response<Body> {
    answer(operator.disable(&name).await.map(|()| json!({})))
}

async fn send_test(State(operator): State<Operator>, Path(name): Path<String>) -> Response<Body> {
    answer(operator.send_test(&name).await)
}

async fn recoveries(State(operator): State<Operator>) -> Response<Body> {
    answer(operator.recoveries())
}

async fn recover(State(operator): State<Operator>, body: Bytes) -> Response<Body> {
    let asked: RecoveryRequest = match serde_json::from_slice(&body) {
        Ok(asked) => asked,
        Err(error) => return refusal(&OperatorError::Invalid(format!("the body is no recovery: {error}"))),
    };
    if !asked.dry_run {
        return answer(operator.recover(&asked.endpoint, Millis(asked.since)).await);
    }
    // Looks at every event since then: not on a thread that others wait for.
    let forecast = move || operator.forecast(&asked.endpoint, Millis(asked.since));
    match tokio::task::spawn_blocking(forecast).await {
        Ok(forecast) => answer(forecast),
        Err(_) => refusal(&OperatorError::Refused("the count failed; the log tells why".into())),
    }
}

fn list_query(query: &str) -> Result<ListQuery, OperatorError> {
    let mut asked = ListQuery::default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let wrong = || OperatorError::Invalid(format!("{name}: not accepted here: {value}"));
        match &*name {
            "recent" => asked.recent = value.parse().map_err(|_| wrong())?,
            "status" => asked.status = Some(Status::parse(&value).ok_or_else(wrong)?),
            "endpoint" => asked.endpoint = Some(value.into_owned()),
            "changedSince" => asked.changed_since = Some(Millis(value.parse().map_err(|_| wrong())?)),
            _ => return Err(OperatorError::Invalid(format!("{name}: there is no such parameter"))),
        }
    }
    Ok(asked)
}

fn answer(result: Result<impl Serialize, OperatorError>) -> Response<Body> {
    match result {
        Ok(shown) => json_body(StatusCode::OK, &shown),
        Err(error) => refusal(&error),
    }
}

fn refusal(error: &OperatorError) -> Response<Body> {
    let (status, code) = match error {
        OperatorError::Invalid(_) => (StatusCode::BAD_REQUEST, "invalid_request"),
        OperatorError::NotFound(_) => (StatusCode::NOT_FOUND, "not_found"),
        OperatorError::Refused(_) => (StatusCode::CONFLICT, "refused"),
        OperatorError::NotRunning | OperatorError::Store(_) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
    };
    json_body(status, &Refusal { code: code.to_owned(), error: error.to_string() })
}

pub(super) fn json_body(status: StatusCode, shown: &impl Serialize) -> Response<Body> {
    let Ok(body) = serde_json::to_vec(shown) else {
        let mut failed = Response::new(Body::empty());
        *failed.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        return failed;
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_asked_for_by_its_parameters_and_no_others() {
        let query = list_query("recent=7&status=failed&endpoint=crm%2Fa&changedSince=12").unwrap();
        let expected = ListQuery {
            recent: 7,
            status: Some(Status::Failed),
            endpoint: Some("crm/a".into()),
            changed_since: Some(Millis(12)),
        };
        assert_eq!(query, expected);
        assert_eq!(list_query("").unwrap(), ListQuery::default());
        for wrong in ["recent=-1", "recent=x", "status=lost", "changedSince=", "limit=1"] {
            assert!(matches!(list_query(wrong), Err(OperatorError::Invalid(_))), "{wrong}");
        }
    }
}
