//! The operator's door: a socket in the state folder, which only its owner can open. No credential but the file's permissions, no way in
//! from the network.

mod approvals;
mod client;
mod runs;
mod webhooks;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::UnixListener;

use crate::agents::operator::RunsDesk;
use crate::outbound::operator::Operator;
use crate::sandbox::{Plugins, Standing};
use crate::workflow::approvals::Approvals;

pub use client::{AskError, Said, ask, get as ask_admin, post as tell_admin};

/// The socket's name in the state folder.
const SOCKET: &str = "admin.sock";

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
pub async fn serve_admin(
    listener: UnixListener,
    plugins: Arc<Plugins>,
    operator: Operator,
    runs: RunsDesk,
    desk: Approvals,
) {
    let router = Router::new()
        .route("/plugins", get(list_plugins))
        .with_state(plugins)
        .nest("/webhooks", webhooks::router(operator))
        .nest("/runs", runs::router(runs))
        .nest("/approvals", approvals::router(desk));
    if let Err(cause) = axum::serve(listener, router).await {
        tracing::error!("the admin socket closed: {cause}");
    }
}

async fn list_plugins(State(plugins): State<Arc<Plugins>>) -> Json<Value> {
    let slots: Vec<Value> = plugins.standings().iter().map(of_slot).collect();
    Json(json!({ "slots": slots, "quarantined": plugins.quarantined() }))
}

/// `{"route"|"endpoint"|"mapping"|"workflow": …, "file": …, …}`.
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
