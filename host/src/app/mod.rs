//! Where the rooms meet. [`start`] is the whole start-up, one step a line; [`Running`] is what it leaves running.

mod hook;
mod hook_transforms;
mod inspect;
mod lifecycle;
mod operator;
mod parts;
mod run_workflow;
mod transform;
mod workflows;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::agents::openclaw::Gateways;
use crate::agents::operator::RunsDesk;
use crate::agents::{self, Groups, Inbox, Workers};
use crate::auth::secret::{Resolver, SecretWatch, refresh_loop};
use crate::clock::Clock;
use crate::config::{Config, Env};
use crate::http::{Connections, Doors, Phase, listen, serve, serve_admin};
use crate::limits::Admissions;
use crate::model::Ids;
use crate::outbound::egress::{Names, SystemNames};
use crate::outbound::{Outbound, Parts};
use crate::sandbox::{Plugins, Watch};
use crate::store::Store;
use crate::taskflow::{TaskFlows, sweep};
use crate::workflow::approvals::Approvals;
use crate::workflow::{Engine, Kit};

pub use hook::{HookTrial, HookTried, hook_request, try_hook};
pub use inspect::{Found, Inspection, inspect_all, inspect_file};
pub use lifecycle::{Signalled, Signals};
pub use operator::{approvals_beside, ask_operator, operator_beside, tell_operator};
pub use run_workflow::{WorkflowRan, WorkflowRun, look_at_workflow, run_workflow};
pub use transform::{TransformTrial, TransformTried, envelope, try_transform};
pub use workflows::workflow_trouble;

/// What a gateway that runs on this state folder says of its components; nothing if none runs.
pub async fn ask_plugins(state_dir: &Path) -> Option<serde_json::Value> {
    crate::http::ask(state_dir, "/plugins").await
}

/// The folder of compiled components, inside the state folder.
const CACHE_FOLDER: &str = "cache";

/// Why nothing starts where programs cannot be noted.
const NO_GROUPS: &str = "the folder `groups` of the state folder cannot be used";

/// A gateway that serves.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// The components of its routes.
    pub plugins: Arc<Plugins>,
    phase: watch::Sender<Phase>,
    front: JoinHandle<()>,
    outbound: Outbound,
    workers: Workers,
    workflows: Engine,
    background: Vec<JoinHandle<()>>,
    store: Store,
    _watch: Option<Watch>,
}

/// Starts a gateway. Everything that can be refused is refused before the socket is opened.
pub async fn start(config: Config, clock: Clock) -> Result<Running> {
    start_with(config, clock, Arc::new(SystemNames::default())).await
}

/// As [`start`], with somebody else than the system to ask for the addresses of receivers.
pub async fn start_with(config: Config, clock: Clock, names: Arc<dyn Names>) -> Result<Running> {
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let egress = parts::egress(&config, names)?;
    let store = Store::open(&config.state_dir, clock.clone())?;
    let approvals = Approvals::new(store.clone(), clock.clone(), &config.state_dir, Some(config.workflows.clone()))
        .context("the key of approval links cannot be kept in the state folder")?;
    // The store's lock says that whoever started them is dead.
    let groups = Groups::take_over(&config.state_dir).await.context(NO_GROUPS)?;
    let taskflows = TaskFlows::new(store.clone(), clock.clone(), Ids).run_by(parts::task_runners(&config));
    let compiler = parts::compiler(&config, Some(&config.state_dir.join(CACHE_FOLDER)))?;
    let resolver = Resolver::new(config.providers().clone(), Env::process());
    let secrets = Arc::new(SecretWatch::start(&config, resolver.clone()).await);
    let announce = parts::announce(&store);
    let plugins = Plugins::new(
        compiler,
        parts::plugin_folder(&config),
        parts::slots(&config, &taskflows, &clock, &announce),
        parts::transforms(&config, &clock, &announce),
    )
    .with_hooks(parts::hook_slots(&config, &clock, &announce))
    .with_steps(workflows::slots(&config, &taskflows, &clock, &announce));
    let plugins = Arc::new(plugins);
    plugins.load_all().await;
    let watch = Watch::start(plugins.clone());
    let admissions = Admissions::new(config.sandbox.instances);
    let listener = TcpListener::bind(config.gateway.listen).await.with_context(|| {
        format!("cannot listen on {}; is another program there? --listen takes another address", config.gateway.listen)
    })?;
    let address = listener.local_addr()?;
    let beside = workflows::listen_beside(&config, address).await?;

    // From here on nothing fails but the disk. Deliveries first: what a dead process left is taken over before anything new comes in.
    egress.never_dial(address);
    if let Some(beside) = &beside {
        egress.never_dial(beside.local_addr()?);
    }
    let transforms = parts::transforms_by_endpoint(&plugins);
    let gateways = Gateways::start(&config, &egress, &resolver).await;
    let (steps, at_gateways) = (workflows::steps(&plugins), gateways.clone());
    let kit =
        Kit::new(&config, &egress, resolver.clone(), admissions.clone(), at_gateways, steps, groups.clone()).await;
    let engine = Parts {
        store: store.clone(),
        clock: clock.clone(),
        admissions: admissions.clone(),
        egress: egress.clone(),
        resolver: resolver.clone(),
        transforms,
    };
    let outbound = Outbound::start(&config, engine).await?;
    let env = Env::process();
    let agents = agents::Parts { store: store.clone(), clock: clock.clone(), resolver, env, gateways, groups };
    let workers = Workers::start(&config, agents).await?;
    let engine = Engine::start(store.clone(), clock.clone(), kit).await?;
    workflows::warn(&config, &engine.begin()).await;
    let approvals = approvals.going_on_with(engine.begin());
    let inbox = Inbox::new(store.clone(), Ids);
    let doors = Doors {
        events: parts::events_door(&config, &secrets, &store),
        runs: parts::runs_door(&config, &secrets, &store, &clock),
        hooks: parts::hook_doors(&config, &secrets, &inbox, &clock, &plugins, &admissions),
        inbound: parts::inbound_doors(&config, &secrets, &inbox, &clock),
        workflows: workflows::doors(&config, &secrets, &engine.begin()),
        approvals: approvals.clone(),
    };
    let front = parts::front(&config, &secrets, &plugins, taskflows.clone(), admissions, doors, clock.clone());
    let (phase, phases) = watch::channel(Phase::Serving);
    let connections = Connections {
        at_once_max: config.global_limits.connections_max,
        head_timeout: config.global_limits.header_timeout,
    };
    let mut background = vec![
        tokio::spawn(refresh_loop(secrets)),
        tokio::spawn(async move { sweep::run(&taskflows, std::future::pending()).await }),
    ];
    let operator = operator::operator(Some(&config), store.clone(), clock).steering(outbound.steer());
    match listen(&config.state_dir) {
        Ok(admin) => {
            let runs = RunsDesk::new(store.clone());
            background.push(tokio::spawn(serve_admin(admin, plugins.clone(), operator, runs, approvals)));
        }
        Err(cause) => tracing::warn!("no admin socket, so commands cannot ask this process: {cause}"),
    }
    let router = front.router();
    let second = beside.map(|listener| tokio::spawn(serve(listener, router.clone(), connections, phases.clone())));
    let front = tokio::spawn(async move {
        serve(listener, router, connections, phases).await;
        if let Some(second) = second {
            let _ = second.await;
        }
    });
    let workflows = engine;
    Ok(Running { address, plugins, phase, front, outbound, workers, workflows, background, store, _watch: watch })
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

    /// Returns when the last request is answered and the last try has ended, or all were cut, and the store is closed.
    pub async fn ended(mut self) -> Result<()> {
        let mut phases = self.phase.subscribe();
        let told = tokio::select! {
            // An error means that nobody can send a phase any more; then there is nothing to wait for either.
            _ = phases.wait_for(|phase| *phase != Phase::Serving) => None,
            // Nobody told it to: a gateway without its door does not go on as if it had one.
            early = &mut self.front => Some(early),
        };
        let (outbound, workers, workflows) = (&mut self.outbound, &mut self.workers, &mut self.workflows);
        let drained = async {
            // What a run tells with its last word is delivered at the next start: a try is not to be cut because an agent takes its time.
            let both = async { tokio::join!(workers.drain(), workflows.drain(), outbound.drain()) };
            tokio::select! {
                ((), (), ()) = both => {}
                _ = phases.wait_for(|phase| *phase == Phase::Cut) => {}
            }
        };
        // The front sees a cut by itself.
        let front = async {
            match told {
                Some(early) => early,
                None => self.front.await,
            }
        };
        let (ended, ()) = tokio::join!(front, drained);
        self.workflows.cut();
        self.workers.cut().await;
        self.outbound.cut();
        for task in self.background {
            task.abort();
        }
        self.store.close().await;
        ended.context("the front door's task ended early")
    }
}
