//! The other side of the comparison: a plain axum handler over the same flow and store code, without guards and without a sandbox.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::post;
use axum::serve::ListenerExt;
use axum::{Json, Router};
use sandclaw::clock::Clock;
use sandclaw::model::{Ids, SessionKey};
use sandclaw::store::Store;
use sandclaw::taskflow::{Session, TaskFlows};
use serde_json::Value;

/// A session on a store of its own.
///
/// # Panics
/// If the store cannot be opened.
pub fn session(folder: &Path) -> Session {
    let store = Store::open(folder, Clock::system()).expect("a store");
    TaskFlows::new(store, Clock::system(), Ids).bind(SessionKey::new("agent:bench:main"), "webhooks/bench")
}

/// One action, natively: the same JSON in, the same envelope out.
///
/// # Panics
/// If the body is none that the bench sends.
pub async fn act(session: &Session, mut body: Value) -> String {
    let flow = match body["action"].as_str() {
        Some("get_flow") => {
            let id = body["flowId"].as_str().expect("a flow id").trim();
            session.get_flow(id).expect("a read").unwrap_or_else(|| "null".into())
        }
        Some("create_flow") => {
            body.as_object_mut().expect("an object").remove("action");
            session.create_flow(&body.to_string()).await.expect("a created flow")
        }
        other => panic!("the bench sends no {other:?}"),
    };
    format!(r#"{{"ok":true,"routeId":"bench","result":{{"flow":{flow}}}}}"#)
}

/// Serves until it is killed; announces itself as `sandclaw serve` does.
///
/// # Panics
/// If it cannot serve.
pub fn serve(folder: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let session = Arc::new(session(Path::new(folder)));
        let router = Router::new().route("/plugins/webhooks/bench", post(handle)).with_state(session);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        println!("listening on http://{}", listener.local_addr().expect("an address"));
        std::io::stdout().flush().expect("stdout");
        axum::serve(
            listener.tap_io(|stream| {
                let _ = stream.set_nodelay(true);
            }),
            router,
        )
        .await
        .expect("a server");
    });
}

async fn handle(State(session): State<Arc<Session>>, Json(body): Json<Value>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json; charset=utf-8")], act(&session, body).await)
}
