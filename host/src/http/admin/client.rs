//! How commands ask a running gateway.

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use axum::http::{Method, Request, StatusCode};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde_json::Value;
use tokio::net::UnixStream;

use super::SOCKET;

/// The most a command reads of an answer. A thousand routes with long refusals are a tenth of it, and so are a hundred attempts with all that
/// is kept of their answers.
const ANSWER_MAX_BYTES: usize = 64 << 20;
/// The longest a command waits for it, unless it asks for something that takes its time: a gateway that is too busy to say how it is says
/// something by that.
const ANSWER_MAX_TIME: Duration = Duration::from_secs(5);

/// What a gateway said.
#[derive(Clone, Debug)]
pub struct Said {
    /// Whether it did, or showed, what it was asked to.
    pub is_ok: bool,
    /// JSON.
    pub body: Bytes,
}

/// A gateway is there and cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The socket belongs to somebody else.
    #[error("the gateway on this state folder belongs to another user; run this command as that one")]
    NotYours,
    /// It does not answer.
    #[error("the gateway on this state folder does not answer; its log may tell why")]
    Silent,
}

/// Asks a running gateway; nothing if none runs on this state folder, or it does not answer.
pub async fn ask(state_dir: &Path, path: &str) -> Option<Value> {
    let said = get(state_dir, path).await.ok()??;
    serde_json::from_slice(&said.body).ok()
}

/// Asks a running gateway; nothing if none runs on this state folder.
pub async fn get(state_dir: &Path, path: &str) -> Result<Option<Said>, AskError> {
    call(state_dir, Method::GET, path, Bytes::new(), ANSWER_MAX_TIME).await
}

/// Tells a running gateway to do something; nothing if none runs on this state folder.
pub async fn post(
    state_dir: &Path,
    path: &str,
    body: &(impl Serialize + Sync),
    patience: Option<Duration>,
) -> Result<Option<Said>, AskError> {
    let body = serde_json::to_vec(body).map_err(|_| AskError::Silent)?;
    call(state_dir, Method::POST, path, body.into(), patience.unwrap_or(ANSWER_MAX_TIME)).await
}

async fn call(
    state_dir: &Path,
    method: Method,
    path: &str,
    body: Bytes,
    patience: Duration,
) -> Result<Option<Said>, AskError> {
    let stream = match UnixStream::connect(state_dir.join(SOCKET)).await {
        Ok(stream) => stream,
        Err(cause) if cause.kind() == ErrorKind::PermissionDenied => return Err(AskError::NotYours),
        // No socket, or a dead server's.
        Err(_) => return Ok(None),
    };
    let asked = tokio::time::timeout(patience, exchange(stream, method, path, body)).await;
    asked.ok().flatten().map(Some).ok_or(AskError::Silent)
}

async fn exchange(stream: UnixStream, method: Method, path: &str, body: Bytes) -> Option<Said> {
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.ok()?;
    let request = Request::builder().method(method).uri(path).header("host", "admin").body(Full::new(body)).ok()?;
    // The connection lives as long as something drives it; it ends with the sender.
    tokio::spawn(connection);
    let answer = sender.send_request(request).await.ok()?;
    let is_ok = answer.status() == StatusCode::OK;
    let body = Limited::new(answer.into_body(), ANSWER_MAX_BYTES).collect().await.ok()?;
    Some(Said { is_ok, body: body.to_bytes() })
}
