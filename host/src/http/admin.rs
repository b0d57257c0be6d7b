//! The operator's door: a socket in the state folder, which only its owner can open. No credential but the file's permissions, no way in from the network.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{UnixListener, UnixStream};

use crate::sandbox::{Plugins, Standing};

/// The socket's name in the state folder.
const SOCKET: &str = "admin.sock";
/// The most a command reads of an answer. A thousand routes with long refusals are a tenth of it.
const ANSWER_MAX_BYTES: usize = 16 << 20;
/// The longest a command waits for it: a gateway that is too busy to say how it is says something by that.
const ANSWER_MAX_TIME: Duration = Duration::from_secs(5);

/// Opens the door. The caller holds the folder's lock, so a socket that is there already is a dead server's.
pub fn listen(state_dir: &Path) -> std::io::Result<UnixListener> {
    let path = state_dir.join(SOCKET);
    match fs::remove_file(&path) {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => return Err(cause),
        _ => {}
    }
    let listener = UnixListener::bind(&path)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Answers until it is dropped.
pub async fn serve_admin(listener: UnixListener, plugins: Arc<Plugins>) {
    let router = Router::new().route("/plugins", get(list_plugins)).with_state(plugins);
    if let Err(cause) = axum::serve(listener, router).await {
        tracing::error!("the admin socket closed: {cause}");
    }
}

/// Asks a running gateway; nothing if none runs on this state folder.
pub async fn ask(state_dir: &Path, path: &str) -> Option<Value> {
    tokio::time::timeout(ANSWER_MAX_TIME, ask_patiently(state_dir, path)).await.ok()?
}

async fn ask_patiently(state_dir: &Path, path: &str) -> Option<Value> {
    let stream = UnixStream::connect(state_dir.join(SOCKET)).await.ok()?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.ok()?;
    let request = hyper::Request::get(path).header("host", "admin").body(Empty::<bytes::Bytes>::new()).ok()?;
    // The connection lives as long as something drives it; it ends with the sender.
    tokio::spawn(connection);
    let answer = sender.send_request(request).await.ok()?;
    let body = Limited::new(answer.into_body(), ANSWER_MAX_BYTES).collect().await.ok()?;
    serde_json::from_slice(&body.to_bytes()).ok()
}

async fn list_plugins(State(plugins): State<Arc<Plugins>>) -> Json<Value> {
    let slots: Vec<Value> = plugins.standings().iter().map(of_slot).collect();
    Json(json!({ "slots": slots, "quarantined": plugins.quarantined() }))
}

/// `{"route"|"endpoint": …, "file": …, …}`.
fn of_slot(slot: &Standing) -> Value {
    json!({
        slot.user.word(): slot.user.name(),
        "file": slot.file,
        "serving": slot.status.serving.map(|digest| digest.to_string()),
        "refused": slot.status.refused,
        "restsUntil": slot.rests_until.map(|until| until.0),
        "since": slot.status.since.0,
    })
}
