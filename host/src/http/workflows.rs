//! The doors that begin workflows. The guards are those of a route, with the addresses that may knock before them; what is taken in is durable
//! before it is answered. A body need not be JSON: whoever sends alerts often cannot choose.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, Uri, header};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use url::form_urlencoded;

use super::answer::{self, Refused};
use super::events::{IDEMPOTENCY_KEY, REPLAYED, no_token_in_query};
use super::front::{Front, known_caller, post_only};
use super::head::Head;
use super::routes::normalised;
use super::{body, serve::Peer};
use crate::auth::TOKEN_HEADER;
use crate::auth::secret::DoorSecret;
use crate::config::auth::AuthConfig;
use crate::config::{WAIT_MAX, WorkflowEndpoint};
use crate::json::{self, value_lossy};
use crate::model::{Digest, FlowStatus};
use crate::sandbox::RequestHead;
use crate::workflow::{Begin, BeginError, Begun, Input, Once, Seen};

/// Longest idempotency key, in bytes: as at the door for events.
const KEY_MAX_BYTES: usize = 255;

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
    secrets: Vec<Arc<DoorSecret>>,
    begin: Begin,
}

impl WorkflowDoor {
    /// As the config has it, with the secrets that a sender may present.
    pub fn new(config: WorkflowEndpoint, secrets: Vec<Arc<DoorSecret>>, begin: Begin) -> Self {
        Self { path: config.path.as_str().into(), config, secrets, begin }
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
        if !self.config.allowed_ips.iter().all(|allowed| allowed.contains(client)) {
            return Err(Refused::Forbidden);
        }
        no_token_in_query(&head.uri)?;
        post_only(&head.method)?;
        if !front.rate.allow(&self.path, client, limits.rate_requests, limits.rate_window, Instant::now()) {
            return Err(Refused::RateLimited);
        }
        let in_flight =
            front.in_flight.enter(&self.path, peer.ip(), limits.in_flight).ok_or(Refused::TooManyInFlight)?;
        let request = front.requests.try_acquire().map_err(|_| Refused::Busy)?;
        self.known(&head.headers)?;
        // Only now is a byte of the body read: a stranger cannot make us hold any.
        let body = body::read(body, limits.body_max_bytes, limits.body_timeout).await?;
        let wait = match wait_of(&head.uri, self.config.wait) {
            Ok(wait) => wait,
            Err(wrong) => return Ok(answer::invalid_request(&wrong)),
        };
        let begun = self.take(head, &body).await;
        // Whoever waits for a run takes no place from those who knock.
        drop((in_flight, request));
        let begun = match begun {
            Ok(begun) => begun,
            Err(error) => return Ok(refusal(&error)),
        };
        let seen = match wait {
            Some(wait) => self.begin.wait(&begun.flow, wait).await.ok().flatten(),
            None => None,
        };
        Ok(answer(&begun, seen))
    }

    /// One of the door's secrets, unless the operator wrote that anybody may knock.
    fn known(&self, headers: &HeaderMap) -> Result<(), Refused> {
        if matches!(self.config.auth, AuthConfig::Open) {
            return Ok(());
        }
        // All of them are compared, so that which one it was takes no other time.
        let known = self.secrets.iter().filter(|secret| known_caller(secret, TOKEN_HEADER, headers).is_ok()).count();
        if known > 0 { Ok(()) } else { Err(Refused::Unauthorized) }
    }

    async fn take(&self, head: Parts, body: &[u8]) -> Result<Begun, BeginError> {
        let once = once(&self.path, &head.headers, body)?;
        let (method, path) = (head.method.as_str().to_owned(), head.uri.path().to_owned());
        let query: Map<String, Value> = pairs(head.uri.query().unwrap_or_default().as_bytes());
        let body = read_body(&head.headers, body)?;
        let headers: Map<String, Value> =
            Head::new(head.headers, head.uri).headers().into_iter().map(|(name, value)| (name, value.into())).collect();
        let webhook = json!({ "body": body, "headers": headers, "query": query, "path": path, "method": method });
        let input = Input { webhook, args: Map::new() };
        self.begin.begin(&self.config.flow, &self.config.session_key, input, once).await
    }
}

/// JSON whatever it is called; else a form, if it is called one; else text. Nothing at all is an empty object.
fn read_body(headers: &HeaderMap, body: &[u8]) -> Result<Value, BeginError> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match json::canonical(body) {
        Ok(json) => Ok(value_lossy(json.as_str())),
        Err(json::JsonError::Empty) => Ok(json!({})),
        Err(error) if kind == "application/json" || kind.ends_with("+json") => {
            Err(BeginError::Invalid(error.to_string()))
        }
        Err(_) if kind == "application/x-www-form-urlencoded" => Ok(Value::Object(pairs(body))),
        Err(_) => Ok(Value::String(String::from_utf8_lossy(body).into_owned())),
    }
}

/// Names and values; of a name that is there twice the last.
fn pairs(text: &[u8]) -> Map<String, Value> {
    form_urlencoded::parse(text).map(|(name, value)| (name.into_owned(), value.into_owned().into())).collect()
}

/// The idempotency key, if there is one. It belongs to its door.
fn once(path: &str, headers: &HeaderMap, body: &[u8]) -> Result<Option<Once>, BeginError> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let (Some(key), more) = (values.next(), values.next()) else { return Ok(None) };
    let key = key.to_str().unwrap_or_default();
    let is_good = (1..=KEY_MAX_BYTES).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_good || more.is_some() {
        let rule = format!("Idempotency-Key: must be sent once, 1 to {KEY_MAX_BYTES} visible ASCII characters");
        return Err(BeginError::Invalid(rule));
    }
    Ok(Some(Once { key: format!("workflow {path} {key}"), request: Digest(Sha256::digest(body).into()) }))
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
/// and each repeat would be another run.
fn answer(begun: &Begun, seen: Option<Seen>) -> Response<Body> {
    let mut said = json!({ "ok": true, "flowId": begun.flow.as_str(), "status": "running" });
    let mut status = StatusCode::ACCEPTED;
    if let Some(seen) = seen {
        said["status"] = seen.status.as_str().into();
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
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
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
        BeginError::OtherRequest => (StatusCode::CONFLICT, "idempotency_conflict"),
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
    let mut response = answer::refusal(status, code, &sentence);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(answer::STORE_RETRY_SECONDS));
    }
    response
}

#[cfg(test)]
mod tests {
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
            assert_eq!(read_body(&headers, body.as_bytes()).ok(), expected, "{kind} {body}");
        };
        check("text/plain", r#"{"a": 1}"#, Some(json!({"a": 1})));
        check("application/x-www-form-urlencoded", "a=1&b=x+y", Some(json!({"a": "1", "b": "x y"})));
        check("application/x-www-form-urlencoded", r#"{"a": 1}"#, Some(json!({"a": 1})));
        check("text/plain", "disk full", Some(json!("disk full")));
        check("application/json", "{", None);
        check("application/json", " ", Some(json!({})));
    }
}
