//! The doors that begin workflows. The guards are those of a route, with the addresses that may knock before them; what is taken in is durable
//! before it is answered. A body need not be JSON: whoever sends alerts often cannot choose.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Response, StatusCode, Uri};
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::answer::{self, Refused};
use super::front::{Front, json_content};
use super::gate::{Gate, Guest};
use super::head::Head;
use super::knock::{self, Visitor};
use super::routes::normalised;
use super::{idempotency, payload, serve::Peer};
use crate::config::{WAIT_MAX, WorkflowEndpoint};
use crate::json::{self, JsonText, value_lossy};
use crate::model::FlowStatus;
use crate::sandbox::RequestHead;
use crate::taskflow::Once;
use crate::workflow::{Begin, BeginError, Begun, Input, Seen};

/// Failed credentials at all these doors count together.
const SCOPE: &str = "taskflow";

/// All doors that begin workflows, by their paths.
#[derive(Default)]
pub struct WorkflowDoors {
    by_path: HashMap<String, WorkflowDoor>,
}

impl WorkflowDoors {
    /// These doors. The config has already refused two with one path.
    pub fn new(doors: impl IntoIterator<Item = WorkflowDoor>) -> Self {
        Self { by_path: doors.into_iter().map(|door| (door.config.path.clone(), door)).collect() }
    }

    pub(super) fn find(&self, path: &str) -> Option<&WorkflowDoor> {
        self.by_path.get(normalised(path))
    }
}

/// One door.
pub struct WorkflowDoor {
    config: WorkflowEndpoint,
    path: Arc<str>,
    gate: Gate,
    begin: Begin,
}

impl WorkflowDoor {
    /// The door behind this gate.
    pub fn new(config: WorkflowEndpoint, gate: Gate, begin: Begin) -> Self {
        Self { path: config.path.as_str().into(), config, gate, begin }
    }

    pub(super) async fn pass(
        &self,
        front: &Front,
        Peer(peer): Peer,
        head: Parts,
        body: &mut Body,
    ) -> Result<Response<Body>, Refused> {
        let limits = &self.config.limits;
        let client = front.client(peer, &head.headers);
        if !self.config.allowed_ips.contains(client) {
            return Err(Refused::Forbidden);
        }
        if let Err(turned) = knock::is_a_post(&head) {
            return Ok(*turned);
        }
        if !front.rate.allow(&self.path, client, limits.rate_requests, limits.rate_window, Instant::now()) {
            return Err(Refused::RateLimited);
        }
        let in_flight =
            front.in_flight.enter(&self.path, peer.ip(), limits.in_flight).ok_or(Refused::TooManyInFlight)?;
        let visitor = Visitor { client, scope: SCOPE };
        let at_gate = match knock::at_gate(front, &self.gate, &visitor, &head.headers) {
            Ok(at_gate) => at_gate,
            Err(turned) => return Ok(*turned),
        };
        let wait = match wait_of(&head.uri, self.config.wait) {
            Ok(wait) => wait,
            Err(wrong) => return Ok(answer::invalid_request(&wrong)),
        };
        // Behind the credential: no stranger can take these places, nor have a byte of a body read where the head proves who it is.
        let place = front.requests.try_acquire().map_err(|_| Refused::Busy)?;
        let max_bytes = limits.body_max_bytes;
        let guest = match knock::guest(front, &self.gate, &visitor, at_gate, &head, body, max_bytes).await {
            Ok(guest) => guest,
            Err(turned) => return Ok(*turned),
        };
        let begun = self.take(head, &guest).await;
        // Whoever waits for a run takes no place from those who knock.
        drop((in_flight, place));
        let begun = match begun {
            Ok(begun) => begun,
            Err(error) => return Ok(refusal(&error)),
        };
        let seen = match wait {
            Some(wait) => self.begin.wait(&begun.flow, wait).await.ok().flatten(),
            // Its run may have ended long ago.
            None if begun.is_repeated => self.begin.see(&begun.flow).ok().flatten(),
            None => None,
        };
        Ok(answer(&begun, seen, wait.is_some()))
    }

    async fn take(&self, head: Parts, guest: &Guest) -> Result<Begun, BeginError> {
        let body = read_body(&head.headers, &guest.body)?;
        let once = self.once(&head, guest, &body)?;
        let head = guest.head(head);
        let (method, path) = (head.method.as_str().to_owned(), head.uri.path().to_owned());
        let query: Map<String, Value> = form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes())
            .map(|(name, value)| (name.into_owned(), value.into_owned().into()))
            .collect();
        let headers: Map<String, Value> =
            Head::new(head.headers, head.uri).headers().into_iter().map(|(name, value)| (name, value.into())).collect();
        let body = value_lossy(body.as_str());
        let webhook = json!({ "body": body, "headers": headers, "query": query, "path": path, "method": method });
        let input = Input { webhook, args: Map::new() };
        self.begin.begin(&self.config.flow, &self.config.session_key, input, once).await
    }

    /// What makes the request count once: the sender's own name for the delivery, or its key. Both belong to this door.
    fn once(&self, head: &Parts, guest: &Guest, body: &JsonText) -> Result<Option<Once>, BeginError> {
        let scope = format!("workflow{}", self.path);
        if let Some(delivery) = &guest.delivery {
            return Ok(Some(Once::delivery(&scope, delivery)));
        }
        let invalid = |rule: &str| BeginError::Invalid(rule.to_owned());
        let Some(key) = idempotency::key(&head.headers).map_err(invalid)? else { return Ok(None) };
        // How long somebody waits is no part of what is asked for.
        let query = head.uri.query().unwrap_or_default().split('&').filter(|pair| !is_wait(pair));
        let request = idempotency::request(body, &query.collect::<Vec<_>>().join("&")).into_owned();
        Once::new(&format!("{scope}\n"), key, &request).map(Some).map_err(|_| invalid(idempotency::RULE))
    }
}

fn is_wait(pair: &str) -> bool {
    pair == "wait" || pair.starts_with("wait=")
}

/// JSON whatever it is called; else a form, if it is called one; else text. Nothing at all is an empty object.
fn read_body(headers: &HeaderMap, body: &[u8]) -> Result<JsonText, BeginError> {
    match json::canonical(body) {
        Ok(json) => Ok(json),
        Err(json::JsonError::Empty) => Ok(json::canonical(b"{}").unwrap_or_else(|_| JsonText::null())),
        Err(error) if json_content(headers).is_ok() => Err(BeginError::Invalid(error.to_string())),
        Err(_) => Ok(payload::other(headers, body).unwrap_or_else(|| JsonText::string(&String::from_utf8_lossy(body)))),
    }
}

/// How long to wait: what the request says (`?wait=true`, `?wait=30s`, `?wait=500ms`), else what the door does. Never longer than a proxy would.
fn wait_of(uri: &Uri, default: Option<Duration>) -> Result<Option<Duration>, String> {
    let mut pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let Some((_, value)) = pairs.find(|(name, _)| name == "wait") else { return Ok(default) };
    let wrong = || "wait: must be true, false, or a time such as 30s or 500ms".to_owned();
    let number = |text: &str| text.parse::<u32>().map(u64::from).map_err(|_| wrong());
    let wait = match &*value {
        "true" | "" => WAIT_MAX,
        "false" => return Ok(None),
        text => match (text.strip_suffix("ms"), text.strip_suffix('s')) {
            (Some(ms), _) => Duration::from_millis(number(ms)?),
            (None, Some(s)) => Duration::from_secs(number(s)?),
            _ => return Err(wrong()),
        },
    };
    Ok(Some(wait.min(WAIT_MAX)))
}

/// 202 for a run that goes on or waits for a person; 200 for one that succeeded; 422 for one that did not: not 5xx, because senders repeat those,
/// and each repeat would be another run. Who does not wait is told 202 each time, and how the run stands in a word.
fn answer(begun: &Begun, seen: Option<Seen>, waits: bool) -> Response<Body> {
    let mut said = json!({ "ok": true, "flowId": begun.flow.as_str() });
    let mut status = StatusCode::ACCEPTED;
    match &seen {
        Some(seen) => said["status"] = seen.status.as_str().into(),
        None if !begun.is_repeated => said["status"] = FlowStatus::Running.as_str().into(),
        // A flow that somebody has removed since stands nowhere.
        None => {}
    }
    if let Some(seen) = seen.filter(|_| waits) {
        match seen.status {
            FlowStatus::Succeeded => status = StatusCode::OK,
            FlowStatus::Failed | FlowStatus::Cancelled | FlowStatus::Lost => {
                status = StatusCode::UNPROCESSABLE_ENTITY;
                said["ok"] = false.into();
                said["code"] = format!("workflow_{}", seen.status).into();
                said["error"] = seen.error.unwrap_or_else(|| format!("the workflow was {}", seen.status)).into();
            }
            FlowStatus::Queued | FlowStatus::Running | FlowStatus::Waiting | FlowStatus::Blocked => {}
        }
        if seen.status.is_terminal() {
            said["result"] = seen.result;
        } else if !seen.wait.is_null() {
            said["waitsFor"] = seen.wait;
        }
    }
    let mut response = answer::json(status, said.to_string());
    if begun.is_repeated {
        idempotency::mark_repeat(&mut response);
    }
    response
}

fn refusal(error: &BeginError) -> Response<Body> {
    let (status, code) = match error {
        BeginError::NotReady(why) => {
            tracing::warn!("{why}");
            (StatusCode::SERVICE_UNAVAILABLE, "workflow_not_ready")
        }
        BeginError::Invalid(_) => (StatusCode::BAD_REQUEST, "invalid_request"),
        BeginError::OtherRequest => (StatusCode::CONFLICT, idempotency::CONFLICT),
        BeginError::Crowded(why) => {
            tracing::error!("a request for a workflow was answered 503: {why}");
            (StatusCode::SERVICE_UNAVAILABLE, "unavailable")
        }
        BeginError::Store(why) => {
            tracing::error!("a run of a workflow cannot be stored: {why}");
            (StatusCode::SERVICE_UNAVAILABLE, "unavailable")
        }
    };
    // Which line of the config is missing is the operator's to know, and not the sender's.
    let sentence = match error {
        BeginError::NotReady(_) => "the workflow cannot be run now; the gateway's log says why".to_owned(),
        BeginError::Store(_) => "the run cannot be stored now; send the request again later".to_owned(),
        other => other.to_string(),
    };
    answer::refusal(status, code, &sentence)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderValue, header};

    use super::*;

    #[test]
    fn a_request_says_how_long_it_waits() {
        let check = |uri: &str, expected: Result<Option<u128>, ()>| {
            let wait = wait_of(&uri.parse().unwrap(), Some(Duration::from_millis(7)));
            assert_eq!(wait.map(|wait| wait.map(|wait| wait.as_millis())).map_err(drop), expected, "{uri}");
        };
        check("/x", Ok(Some(7)));
        check("/x?wait=false", Ok(None));
        check("/x?wait=500ms", Ok(Some(500)));
        check("/x?a=b&wait=3s", Ok(Some(3_000)));
        check("/x?wait=true", Ok(Some(WAIT_MAX.as_millis())));
        check("/x?wait=9999s", Ok(Some(WAIT_MAX.as_millis())));
        for wrong in ["/x?wait=soon", "/x?wait=-1s", "/x?wait=5", "/x?wait=s"] {
            check(wrong, Err(()));
        }
    }

    #[test]
    fn a_body_is_json_if_it_can_be_then_a_form_then_text() {
        let check = |kind: &'static str, body: &str, expected: Option<Value>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
            let read = read_body(&headers, body.as_bytes()).ok();
            assert_eq!(read.map(|read| value_lossy(read.as_str())), expected, "{kind} {body}");
        };
        check("text/plain", r#"{"a": 1}"#, Some(json!({"a": 1})));
        check("application/x-www-form-urlencoded", "a=1&b=x+y", Some(json!({"a": "1", "b": "x y"})));
        check("application/x-www-form-urlencoded", r#"{"a": 1}"#, Some(json!({"a": 1})));
        check("text/plain", "disk full", Some(json!("disk full")));
        check("application/json", "{", None);
        check("application/json", " ", Some(json!({})));
    }
}
