//! A gateway in this process, with a folder of its own, a free port and a clock to move.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sandclaw::app::{self, Running};
use sandclaw::clock::Clock;
use sandclaw::config::Config;
use sandclaw::model::Millis;
use sandclaw::sandbox::Plugins;
use tempfile::TempDir;

use crate::{Client, guest};

/// A gateway that serves.
pub struct Gateway {
    folder: Arc<TempDir>,
    running: Option<Running>,
    /// Its clock.
    pub clock: Clock,
    /// A client for it.
    pub client: Client,
}

/// What a gateway is to be.
pub struct GatewayBuilder {
    folder: Arc<TempDir>,
    routes: String,
    top: String,
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
        GatewayBuilder { folder, routes: String::new(), top: String::new() }
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
        launch(self.folder.clone(), self.clock.clone()).await
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

    /// Members of the config's top level, in JSON5.
    #[must_use]
    pub fn top(mut self, members: &str) -> Self {
        self.top.push_str(members);
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
        launch(self.folder, Clock::test(NOW)).await
    }

    /// Only writes the config, for the real program to serve; returns its path, and the folder to keep.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn write(&self) -> (PathBuf, Arc<TempDir>) {
        let file = self.folder.path().join("sandclaw.json5");
        let gateway = if self.top.contains("gateway:") { "" } else { "gateway: { listen: \"127.0.0.1:0\" }, " };
        let text = format!(
            "{{ {gateway}{}\n plugins: {{ entries: {{ webhooks: {{ enabled: true, config: {{ routes: {{\n{}}} }} }} }} }} }}",
            self.top, self.routes
        );
        std::fs::write(&file, text).expect("the config is written");
        (file, self.folder.clone())
    }
}

async fn launch(folder: Arc<TempDir>, clock: Clock) -> anyhow::Result<Gateway> {
    let config = Config::load(&folder.path().join("sandclaw.json5"))?;
    let running = app::start(config, clock.clone()).await?;
    let client = Client::new(running.address);
    Ok(Gateway { folder, running: Some(running), clock, client })
}

fn drop_in(folder: &Path, file: &str, bytes: &[u8]) {
    let part = folder.join("plugins").join(format!(".{file}.part"));
    std::fs::write(&part, bytes).expect("the plugins folder is writable");
    std::fs::rename(part, folder.join("plugins").join(file)).expect("the plugins folder is writable");
}
