//! A gateway in this process, with a folder of its own, a free port and a clock to move.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sandclaw::app::{self, Running};
use sandclaw::clock::Clock;
use sandclaw::config::Config;
use sandclaw::model::{Attempt, DeliveryState, EndpointName, Millis};
use sandclaw::outbound::egress::{Names, SystemNames};
use sandclaw::sandbox::Plugins;
use sandclaw::store::{DeliveryQuery, DeliveryRow, Store};
use tempfile::TempDir;

use crate::{Client, PATIENCE, guest};

/// A gateway that serves.
pub struct Gateway {
    folder: Arc<TempDir>,
    running: Option<Running>,
    names: Arc<dyn Names>,
    /// Its clock.
    pub clock: Clock,
    /// A client for it.
    pub client: Client,
}

/// What a gateway is to be.
pub struct GatewayBuilder {
    folder: Arc<TempDir>,
    routes: String,
    endpoints: String,
    webhooks: String,
    top: String,
    whole: Option<String>,
    names: Arc<dyn Names>,
}

/// A moment in 2026.
const NOW: Millis = Millis(1_795_000_000_000);

impl Gateway {
    /// A gateway without routes.
    ///
    /// # Panics
    /// If no temporary folder can be made.
    pub fn builder() -> GatewayBuilder {
        let folder = Arc::new(tempfile::tempdir().expect("a temporary folder"));
        std::fs::create_dir(folder.path().join("plugins")).expect("its plugins folder");
        GatewayBuilder {
            folder,
            routes: String::new(),
            endpoints: String::new(),
            webhooks: String::new(),
            top: String::new(),
            whole: None,
            names: Arc::new(SystemNames::default()),
        }
    }

    /// The components of its routes.
    ///
    /// # Panics
    /// After [`Gateway::stop`].
    pub fn plugins(&self) -> &Plugins {
        &self.running.as_ref().expect("a running gateway").plugins
    }

    /// Where it listens.
    ///
    /// # Panics
    /// After [`Gateway::stop`].
    pub fn address(&self) -> std::net::SocketAddr {
        self.running.as_ref().expect("a running gateway").address
    }

    /// Its folder: `sandclaw.json5`, `plugins/`, `state/`.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Puts a component into its plugins folder, as a copy tool would: whole, by one rename.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn drop_in(&self, file: &str, bytes: &[u8]) {
        drop_in(self.path(), file, bytes);
    }

    /// Hands one event in, as a Gateway would; its id. Needs [`GatewayBuilder::ingest`].
    ///
    /// # Panics
    /// If it is not taken.
    pub async fn emit(&self, kind: &str, data: serde_json::Value) -> String {
        emit(&self.client, kind, data).await
    }

    /// Changes its config, which counts from the next start on.
    ///
    /// # Panics
    /// If it cannot be read or written.
    pub fn edit(&self, edit: impl FnOnce(String) -> String) {
        let file = self.path().join("sandclaw.json5");
        let text = std::fs::read_to_string(&file).expect("a config");
        std::fs::write(file, edit(text)).expect("the config is written");
    }

    /// Its store, opened beside it as the command line does.
    ///
    /// # Panics
    /// If there is none.
    pub fn store(&self) -> Store {
        Store::open_beside(&self.path().join("state")).expect("a store")
    }

    /// The deliveries to one endpoint, the oldest first, once `enough` says so.
    ///
    /// # Panics
    /// If that does not happen.
    pub async fn deliveries_once(&self, endpoint: &str, enough: impl Fn(&[DeliveryRow]) -> bool) -> Vec<DeliveryRow> {
        deliveries_once(&self.store(), endpoint, enough).await
    }

    /// The only delivery to this endpoint once it is in one of these states, with its attempts.
    ///
    /// # Panics
    /// If there is none or more than one.
    pub async fn delivery_once(&self, endpoint: &str, states: &[DeliveryState]) -> (DeliveryRow, Vec<Attempt>) {
        let rows = self.deliveries_once(endpoint, |rows| rows.iter().any(|row| states.contains(&row.state))).await;
        let [row] = &rows[..] else { panic!("one delivery was expected: {rows:#?}") };
        let (row, _, attempts) = self.store().delivery(row.id.as_str()).expect("a look").expect("a delivery");
        (row, attempts.into_iter().map(|(_, attempt)| attempt).collect())
    }

    /// A command of the operator on its config; its output as JSON.
    ///
    /// # Panics
    /// If the command fails or prints no JSON.
    pub fn operator(&self, program: &str, arguments: &[&str]) -> serde_json::Value {
        let mut command = std::process::Command::new(program);
        command.args(arguments).arg("--json").arg("--config").arg(self.path().join("sandclaw.json5"));
        let output = command.output().expect("the program starts");
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        serde_json::from_str(&printed).unwrap_or_else(|_| {
            panic!("{arguments:?}: {} {printed} {}", output.status, String::from_utf8_lossy(&output.stderr))
        })
    }

    /// Stops it as a crash would, as far as that is possible inside a process: nothing is finished.
    pub async fn cut(&mut self) {
        if let Some(running) = self.running.take() {
            running.cut();
            // What is left unfinished is the point.
            let _ = running.ended().await;
        }
    }

    /// Drains it and waits for its end.
    ///
    /// # Panics
    /// If it does not end well.
    pub async fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.drain();
            running.ended().await.expect("a clean end");
        }
    }

    /// Stops it and starts it again on the same folder, with the same clock.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn restart(self) -> Self {
        self.try_restart().await.expect("a restarted gateway")
    }

    /// The same, or why it does not start again.
    pub async fn try_restart(mut self) -> anyhow::Result<Self> {
        self.stop().await;
        launch(self.folder.clone(), self.clock.clone(), self.names.clone()).await
    }
}

impl GatewayBuilder {
    /// A route `id` with the built-in actions, bound to `session`. More members in JSON5, if any.
    #[must_use]
    pub fn route(mut self, id: &str, session: &str, more: &str) -> Self {
        let _ = writeln!(self.routes, "\"{id}\": {{ sessionKey: \"{session}\", secret: \"secret-{id}\", {more} }},");
        self
    }

    /// A route entry as it stands in a config.
    #[must_use]
    pub fn raw_route(mut self, entry: &str) -> Self {
        self.routes.push_str(entry);
        self
    }

    /// A route named as a guest of `tests/guests`, which answers it, bound to a session of its own.
    #[must_use]
    pub fn guest(self, name: &str, more: &str) -> Self {
        drop_in(self.folder.path(), &format!("{name}.wasm"), &guest(name));
        self.route(name, &format!("agent:{name}:main"), &format!("plugin: \"{name}.wasm\", {more}"))
    }

    /// A file in the plugins folder.
    #[must_use]
    pub fn file(self, file: &str, bytes: &[u8]) -> Self {
        drop_in(self.folder.path(), file, bytes);
        self
    }

    /// An outbound endpoint with these members beside its name, in JSON5.
    #[must_use]
    pub fn endpoint(mut self, name: &str, members: &str) -> Self {
        let _ = writeln!(self.endpoints, "{{ name: \"{name}\", {members} }},");
        self
    }

    /// The door for events, at `/events` with the secret `ingest-secret`.
    #[must_use]
    pub fn ingest(self) -> Self {
        self.webhooks("ingest: { path: \"/events\", secret: \"ingest-secret\" },")
    }

    /// More members of `webhooks`, in JSON5.
    #[must_use]
    pub fn webhooks(mut self, members: &str) -> Self {
        self.webhooks.push_str(members);
        self
    }

    /// Who knows the addresses of names, instead of the system.
    #[must_use]
    pub fn names(mut self, names: impl Names + 'static) -> Self {
        self.names = Arc::new(names);
        self
    }

    /// Members of the config's top level, in JSON5.
    #[must_use]
    pub fn top(mut self, members: &str) -> Self {
        self.top.push_str(members);
        self
    }

    /// The whole config as it is to stand in the file, in place of one made of the other parts.
    #[must_use]
    pub fn config(mut self, text: &str) -> Self {
        self.whole = Some(text.to_owned());
        self
    }

    /// Starts it.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start(self) -> Gateway {
        self.try_start().await.expect("a gateway")
    }

    /// Starts it, or says why not.
    pub async fn try_start(self) -> anyhow::Result<Gateway> {
        self.write();
        launch(self.folder, Clock::test(NOW), self.names).await
    }

    /// Only writes the config, for the real program to serve; returns its path, and the folder to keep.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn write(&self) -> (PathBuf, Arc<TempDir>) {
        let file = self.folder.path().join("sandclaw.json5");
        let gateway = if self.top.contains("gateway:") { "" } else { "gateway: { listen: \"127.0.0.1:0\" }, " };
        let webhooks = if self.endpoints.is_empty() && self.webhooks.is_empty() {
            String::new()
        } else {
            format!("webhooks: {{ {} endpoints: [\n{}] }},\n", self.webhooks, self.endpoints)
        };
        let made = format!(
            "{{ {gateway}{}\n {webhooks} plugins: {{ entries: {{ webhooks: {{ enabled: true, config: {{ routes: {{\n{}}} }} }} }} }} }}",
            self.top, self.routes
        );
        std::fs::write(&file, self.whole.as_deref().unwrap_or(&made)).expect("the config is written");
        (file, self.folder.clone())
    }
}

/// Hands one event in through this client; its id.
///
/// # Panics
/// If it is not taken.
pub async fn emit(client: &Client, kind: &str, data: serde_json::Value) -> String {
    let event = serde_json::json!({ "type": kind, "data": data }).to_string();
    let answer = client.post("/events", event).secret("ingest-secret").send().await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    answer.json()["ids"][0].as_str().expect("an id").to_owned()
}

/// The deliveries to one endpoint that this store has, the oldest first, once `enough` says so.
///
/// # Panics
/// If that does not happen.
pub async fn deliveries_once(
    store: &Store,
    endpoint: &str,
    enough: impl Fn(&[DeliveryRow]) -> bool,
) -> Vec<DeliveryRow> {
    let query = DeliveryQuery { recent: 1000, endpoint: Some(EndpointName::new(endpoint)), ..DeliveryQuery::default() };
    let looked = tokio::time::timeout(PATIENCE, async {
        loop {
            let mut rows = store.deliveries(&query).expect("a list");
            rows.reverse();
            if enough(&rows) {
                return rows;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    });
    match looked.await {
        Ok(rows) => rows,
        Err(_) => panic!("never so: {:#?}", store.deliveries(&query)),
    }
}

async fn launch(folder: Arc<TempDir>, clock: Clock, names: Arc<dyn Names>) -> anyhow::Result<Gateway> {
    let config = Config::load(&folder.path().join("sandclaw.json5"))?;
    let running = app::start_with(config, clock.clone(), names.clone()).await?;
    let client = Client::new(running.address);
    Ok(Gateway { folder, running: Some(running), names, clock, client })
}

fn drop_in(folder: &Path, file: &str, bytes: &[u8]) {
    let part = folder.join("plugins").join(format!(".{file}.part"));
    std::fs::write(&part, bytes).expect("the plugins folder is writable");
    std::fs::rename(part, folder.join("plugins").join(file)).expect("the plugins folder is writable");
}
