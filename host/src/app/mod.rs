//! Where the rooms meet. [`start`] is the whole start-up, one step a line; [`Running`] is what it leaves running.

mod inspect;
mod lifecycle;

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::auth::secret::{Resolver, SecretWatch, refresh_loop};
use crate::clock::Clock;
use crate::config::webhooks::{Component, Transform};
use crate::config::{Config, Env, Handler, RouteConfig};
use crate::http::{Connections, EventsDoor, Front, Phase, Route, RouteTable, listen, serve, serve_admin};
use crate::limits::{Admissions, Budget, InFlight, RateWindows};
use crate::model::{EndpointName, Grant, Grants, Ids, Power};
use crate::outbound::ingest::Intake;
use crate::sandbox::{
    Announce, CompileCache, Compiler, PluginFolder, Plugins, PoolSize, SandboxEngine, Slot, Source, TransformSlot,
    Watch, tell_nobody,
};
use crate::store::Store;
use crate::taskflow::{TaskFlows, sweep};

pub use inspect::{Found, Inspection, inspect_all, inspect_file};
pub use lifecycle::Signals;

/// What a gateway that runs on this state folder says of its components; nothing if none runs.
pub async fn ask_plugins(state_dir: &Path) -> Option<serde_json::Value> {
    crate::http::ask(state_dir, "/plugins").await
}

/// The folder of compiled components, inside the state folder.
const CACHE_FOLDER: &str = "cache";

/// A gateway that serves.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// The components of its routes.
    pub plugins: Arc<Plugins>,
    phase: watch::Sender<Phase>,
    front: JoinHandle<()>,
    background: Vec<JoinHandle<()>>,
    store: Store,
    _watch: Option<Watch>,
}

/// Starts a gateway. Everything that can be refused is refused before the socket is opened.
pub async fn start(config: Config, clock: Clock) -> Result<Running> {
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let store = Store::open(&config.state_dir, clock.clone())?;
    let taskflows = TaskFlows::new(store.clone(), clock.clone(), Ids);
    let compiler = compiler(&config, Some(&config.state_dir.join(CACHE_FOLDER)))?;
    let secrets =
        Arc::new(SecretWatch::start(&config, Resolver::new(config.providers().clone(), Env::process())).await);
    let announce = tell_nobody();
    let plugins = Arc::new(Plugins::new(
        compiler,
        plugin_folder(&config),
        slots(&config, &taskflows, &clock, &announce),
        transforms(&config, &clock, &announce),
    ));
    plugins.load_all().await;
    let watch = Watch::start(plugins.clone());
    let front = front(&config, &secrets, &plugins, taskflows.clone(), events_door(&config, &secrets, &store));
    let listener = TcpListener::bind(config.gateway.listen).await.with_context(|| {
        format!("cannot listen on {}; is another program there? --listen takes another address", config.gateway.listen)
    })?;
    let address = listener.local_addr()?;

    let (phase, phases) = watch::channel(Phase::Serving);
    let connections = Connections {
        at_once_max: config.global_limits.connections_max,
        head_timeout: config.global_limits.header_timeout,
    };
    let mut background = vec![
        tokio::spawn(refresh_loop(secrets)),
        tokio::spawn(async move { sweep::run(&taskflows, std::future::pending()).await }),
    ];
    match listen(&config.state_dir) {
        Ok(admin) => background.push(tokio::spawn(serve_admin(admin, plugins.clone()))),
        Err(cause) => tracing::warn!("no admin socket, so `sandclaw plugins list` cannot ask this process: {cause}"),
    }
    let front = tokio::spawn(serve(listener, front.router(), connections, phases));
    Ok(Running { address, plugins, phase, front, background, store, _watch: watch })
}

impl Running {
    /// Takes no new requests and finishes those in hand.
    pub fn drain(&self) {
        self.phase.send_replace(Phase::Draining);
    }

    /// Stops everything now. What was acknowledged is durable all the same.
    pub fn cut(&self) {
        self.phase.send_replace(Phase::Cut);
    }

    /// The switch of [`Running::drain`] and [`Running::cut`], for a task that listens to signals.
    pub fn phase(&self) -> watch::Sender<Phase> {
        self.phase.clone()
    }

    /// Returns when the last request is answered, or all were cut, and the store is closed.
    pub async fn ended(self) -> Result<()> {
        self.front.await.context("the front door's task ended early")?;
        for task in self.background {
            task.abort();
        }
        self.store.close().await;
        Ok(())
    }
}

fn compiler(config: &Config, cache: Option<&Path>) -> Result<Compiler> {
    let limits = config.routes.iter().map(|route| &route.limits).chain(components(config).map(|(_, it)| &it.limits));
    let largest = limits.map(|limits| limits.memory_max_bytes).max().unwrap_or(0);
    let engine = SandboxEngine::new(PoolSize {
        runs: config.sandbox.instances,
        memory_max_bytes: largest.max(crate::config::RouteLimits::default().memory_max_bytes),
        pagemap_scan: config.sandbox.pagemap_scan,
    })?;
    let cache = cache.filter(|_| config.sandbox.compile_cache).map(CompileCache::open).transpose()?;
    Ok(Compiler::new(engine, cache))
}

/// A route without a plugin works without a folder, so a missing one is only told.
fn plugin_folder(config: &Config) -> Option<PluginFolder> {
    PluginFolder::open(&config.plugins_dir).inspect_err(|error| tracing::warn!("{error}")).ok()
}

fn slots(config: &Config, taskflows: &TaskFlows, clock: &Clock, announce: &Announce) -> Vec<Arc<Slot>> {
    let slot = |route: &RouteConfig| {
        let (source, grants) = source_and_grants(&route.handler);
        let session = taskflows.bind(route.session_key.clone(), &route.controller_id);
        let budget = Budget::from(&route.limits);
        Arc::new(Slot::new(route.id.clone(), source, grants, session, budget, clock.clone(), announce.clone()))
    };
    config.routes.iter().map(slot).collect()
}

fn transforms(config: &Config, clock: &Clock, announce: &Announce) -> Vec<Arc<TransformSlot>> {
    let slot = |(name, component)| Arc::new(transform_slot(name, component, clock, announce));
    components(config).map(slot).collect()
}

fn transform_slot(name: &EndpointName, component: &Component, clock: &Clock, announce: &Announce) -> TransformSlot {
    let source = Source::File { name: component.file.clone(), digest: component.digest };
    let (grants, budget) = (component.grants.clone(), Budget::from(&component.limits));
    TransformSlot::new(name.clone(), source, grants, budget, clock.clone(), announce.clone())
}

/// The transforms of the endpoints that are served.
fn components(config: &Config) -> impl Iterator<Item = (&EndpointName, &Component)> {
    config.webhooks.endpoints.iter().filter(|endpoint| endpoint.enabled).filter_map(|endpoint| {
        match &endpoint.transform {
            Transform::Component(component) => Some((&endpoint.name, &**component)),
            Transform::None | Transform::Template(_) => None,
        }
    })
}

fn source_and_grants(handler: &Handler) -> (Source, Grants) {
    match handler {
        Handler::BuiltIn => (Source::BuiltIn, built_in_grants()),
        Handler::Plugin { file, digest, grants } => {
            (Source::File { name: file.clone(), digest: *digest }, grants.clone())
        }
    }
}

/// The built-in action gets every power over flows and tasks, and neither clock nor randomness.
fn built_in_grants() -> Grants {
    Power::ALL.into_iter().filter(|power| !power.functions().is_empty()).map(Grant::whole).collect()
}

fn events_door(config: &Config, secrets: &SecretWatch, store: &Store) -> Option<EventsDoor> {
    let ingest = config.webhooks.ingest.as_ref()?;
    Some(EventsDoor::new(ingest, secrets.events_secret()?, Intake::new(store.clone(), Ids)))
}

fn front(
    config: &Config,
    secrets: &SecretWatch,
    plugins: &Plugins,
    taskflows: TaskFlows,
    events: Option<EventsDoor>,
) -> Front {
    let route = |(route, slot): (&RouteConfig, &Arc<Slot>)| {
        Some(Route {
            id: route.id.clone(),
            path: route.path.as_str().into(),
            limits: route.limits,
            secret: secrets.secret(&route.id)?,
            slot: slot.clone(),
        })
    };
    let routes = config.routes.iter().zip(plugins.slots()).filter_map(route);
    let keys_max = NonZeroUsize::new(config.global_limits.rate_keys_max).unwrap_or(NonZeroUsize::MIN);
    Front {
        routes: RouteTable::new(routes),
        events,
        gateway: config.gateway.clone(),
        rate: RateWindows::new(keys_max),
        in_flight: InFlight::default(),
        requests: tokio::sync::Semaphore::new(config.global_limits.requests_in_flight),
        admissions: Admissions::new(config.sandbox.instances),
        taskflows,
    }
}
