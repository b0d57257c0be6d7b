//! One run of a workflow in the foreground: an engine, the way out for what it says, and nothing that listens.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use super::{NO_GROUPS, parts, workflows};
use crate::agents::Groups;
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
use crate::workflow::{Engine, Input, Kit, Library, Plans, Seen};

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

/// The workflow, if it can be run with what the config grants.
pub fn look_at_workflow(config: &Config, run: &WorkflowRun) -> Result<Arc<Plans>> {
    let library = Library::new(config);
    Ok(library.file(&run.file)?)
}

/// Runs it until it has ended or waits for a person.
pub async fn run_workflow(config: Config, run: WorkflowRun) -> Result<(FlowId, Seen)> {
    let plans = look_at_workflow(&config, &run)?;
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
    let steps = workflows::steps(&plugins);
    let kit = Kit::new(&config, &egress, resolver.clone(), admissions.clone(), steps, groups).await;
    let transforms = parts::transforms_by_endpoint(&plugins);
    let outgoing = Parts { store: store.clone(), clock: clock.clone(), admissions, egress, resolver, transforms };
    let mut outbound = Outbound::start(&config, outgoing).await?;
    let mut engine = Engine::start(store.clone(), clock, kit).await?;

    let name = run.file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let webhook = json!({ "body": run.input, "headers": {}, "query": {}, "path": "", "method": "" });
    let begin = engine.begin();
    let owner = SessionKey::new(format!("workflow:{name}"));
    let input = Input { webhook, args: Map::new() };
    let begun = begin.begin_plans(name, &plans, &owner, input, None).await?;
    let seen = loop {
        let seen = begin.wait(&begun.flow, WAIT_STEP).await?.context("the run is gone from the store")?;
        if seen.status.is_terminal() || !seen.wait.is_null() {
            break seen;
        }
    };
    engine.drain().await;
    // What cannot be delivered soon is no reason to hold the command up; with a folder to keep, a gateway goes on with it.
    if tokio::time::timeout(DELIVERY_PATIENCE, delivered(&store)).await.is_err() {
        tracing::warn!("some of what the workflow said has not arrived yet");
    }
    outbound.drain().await;
    store.close().await;
    Ok((begun.flow, seen))
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
