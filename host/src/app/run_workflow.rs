//! One run of a workflow in the foreground: an engine, the way out for what it says, and nothing that listens.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

use super::{NO_GROUPS, Signalled, Signals, parts, workflows};
use crate::agents::Groups;
use crate::agents::openclaw::Gateways;
use crate::auth::secret::Resolver;
use crate::clock::Clock;
use crate::config::{Config, Env};
use crate::limits::Admissions;
use crate::model::{DeliveryState, FlowId, Ids, SessionKey};
use crate::outbound::egress::SystemNames;
use crate::outbound::{Outbound, Parts};
use crate::sandbox::Plugins;
use crate::store::Store;
use crate::taskflow::TaskFlows;
use crate::workflow::{Begin, Engine, Input, Kit, Library, Plans, Seen};

/// What was said is given so long to arrive, once the run has ended.
const DELIVERY_PATIENCE: Duration = Duration::from_secs(15);
/// Between two looks at that.
const LOOK_PACE: Duration = Duration::from_millis(100);
/// The longest that one wait for a run lasts; then it is waited again.
const WAIT_STEP: Duration = Duration::from_secs(60);

/// What is to be run.
#[derive(Clone, Debug)]
pub struct WorkflowRun {
    /// The workflow's file.
    pub file: PathBuf,
    /// The request's body.
    pub input: Value,
    /// The state folder; nothing is one that is gone afterwards.
    pub keep_in: Option<PathBuf>,
}

/// How it went.
#[derive(Clone, Debug)]
pub enum WorkflowRan {
    /// It has ended, or waits for a person.
    Settled(FlowId, Seen),
    /// A signal came first; without a flow before anything was begun.
    Interrupted(Option<FlowId>, Signalled),
}

/// The workflow, if it can be run with what the config grants.
pub fn look_at_workflow(config: &Config, run: &WorkflowRun) -> Result<Arc<Plans>> {
    let library = Library::new(config);
    Ok(library.file(&run.file)?)
}

/// Runs it until it has ended or waits for a person, or until a signal comes. The first one asks its programs to end; a second kills them.
pub async fn run_workflow(config: Config, run: WorkflowRun) -> Result<WorkflowRan> {
    // Before anything is made that would be left behind.
    let mut signals = Signals::catch().context("signals cannot be caught")?;
    let plans = look_at_workflow(&config, &run)?;
    if run.keep_in.is_none() && plans.ask_people() {
        bail!(
            "this workflow may ask a person, and a run in a temporary folder is gone before anybody can answer: add --keep-in DIR; \
             `sandclaw approvals list --state-dir DIR` then has the question, and `sandclaw serve --state-dir DIR` goes on with the run"
        );
    }
    let scratch = tempfile::tempdir().context("no temporary folder can be made")?;
    let folder = run.keep_in.clone().unwrap_or_else(|| scratch.path().join("state"));
    let clock = Clock::system();
    let store = Store::open(&folder, clock.clone())?;
    let groups = Groups::take_over(&folder).await.context(NO_GROUPS)?;
    let taskflows = TaskFlows::new(store.clone(), clock.clone(), Ids);
    let egress = parts::egress(&config, Arc::new(SystemNames::default()))?;
    let resolver = Resolver::new(config.providers().clone(), Env::process());
    let announce = parts::announce(&store);
    let compiler = parts::compiler(&config, None)?;
    let transforms = parts::transforms(&config, &clock, &announce);
    let plugins = Plugins::new(compiler, parts::plugin_folder(&config), Vec::new(), transforms)
        .with_steps(workflows::slots(&config, &taskflows, &clock, &announce));
    plugins.load_all().await;
    let admissions = Admissions::new(config.sandbox.instances);
    let gateways = Gateways::start(&config, &egress, &resolver).await;
    let steps = workflows::steps(&plugins);
    let kit = Kit::new(&config, &egress, resolver.clone(), admissions.clone(), gateways, steps, groups).await;
    let transforms = parts::transforms_by_endpoint(&plugins);
    let outgoing = Parts { store: store.clone(), clock: clock.clone(), admissions, egress, resolver, transforms };
    let mut outbound = Outbound::start(&config, outgoing).await?;
    let mut engine = Engine::start(store.clone(), clock, kit).await?;

    let ran = go(&engine.begin(), &plans, run, &mut signals).await?;
    match &ran {
        WorkflowRan::Settled(..) => {
            engine.drain().await;
            bring_out(&mut outbound, &store, &mut signals).await;
        }
        WorkflowRan::Interrupted(..) => {
            tracing::warn!("stopping what is under way; a second signal ends it at once");
            let is_gentle = tokio::select! { () = engine.stop() => true, _ = signals.next() => false };
            if !is_gentle {
                engine.cut();
                engine.let_go().await;
            }
            outbound.cut();
        }
    }
    store.close().await;
    if let Err(error) = scratch.close() {
        tracing::warn!("the temporary folder of the run could not be removed: {error}");
    }
    Ok(ran)
}

/// Begins the run and waits for it.
async fn go(begin: &Begin, plans: &Plans, run: WorkflowRun, signals: &mut Signals) -> Result<WorkflowRan> {
    // One that came while everything was made ready.
    let early = tokio::select! { biased; signal = signals.next() => Some(signal), () = std::future::ready(()) => None };
    if let Some(signal) = early {
        return Ok(WorkflowRan::Interrupted(None, signal));
    }
    let name = run.file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let webhook = json!({ "body": run.input, "headers": {}, "query": {}, "path": "", "method": "" });
    let owner = SessionKey::new(format!("workflow:{name}"));
    let input = Input { webhook, args: Map::new() };
    let flow = begin.begin_plans(name, plans, &owner, input, None).await?.flow;
    loop {
        let seen = tokio::select! {
            seen = begin.wait(&flow, WAIT_STEP) => seen?.context("the run is gone from the store")?,
            signal = signals.next() => return Ok(WorkflowRan::Interrupted(Some(flow), signal)),
        };
        if seen.status.is_terminal() || !seen.wait.is_null() {
            return Ok(WorkflowRan::Settled(flow, seen));
        }
    }
}

/// What was said gets its time to arrive. What cannot be delivered soon is no reason to hold the command up; with a folder to keep, a gateway goes
/// on with it.
async fn bring_out(outbound: &mut Outbound, store: &Store, signals: &mut Signals) {
    let brought = async {
        if tokio::time::timeout(DELIVERY_PATIENCE, delivered(store)).await.is_err() {
            tracing::warn!("some of what the workflow said has not arrived yet");
        }
        outbound.drain().await;
    };
    let is_cut = tokio::select! { () = brought => false, _ = signals.next() => true };
    if is_cut {
        tracing::warn!("some of what the workflow said may not have arrived");
        outbound.cut();
    }
}

async fn delivered(store: &Store) {
    let is_open =
        |state: &DeliveryState| matches!(state, DeliveryState::Due | DeliveryState::Leased | DeliveryState::Held);
    loop {
        let counts = store.delivery_counts().unwrap_or_default();
        let open =
            counts.iter().flat_map(|endpoint| &endpoint.states).any(|(state, count)| is_open(state) && *count > 0);
        if !open && store.undispatched(1).is_ok_and(|events| events.is_empty()) {
            return;
        }
        tokio::time::sleep(LOOK_PACE).await;
    }
}
