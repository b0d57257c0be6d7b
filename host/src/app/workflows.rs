//! The parts of a gateway that have to do with workflows.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::net::TcpListener;

use super::parts::Use;
use crate::auth::TOKEN_HEADER;
use crate::auth::secret::{Door, SecretWatch};
use crate::clock::Clock;
use crate::config::{Config, StepPlugin, WorkflowEndpoint, WorkflowRights};
use crate::http::{Gate, WorkflowDoor, WorkflowDoors};
use crate::limits::Budget;
use crate::model::{SessionKey, WorkflowName};
use crate::sandbox::{Announce, Plugins, Source, StepSlot, User};
use crate::taskflow::TaskFlows;
use crate::workflow::{Begin, Library};

/// The slots of components that are steps: one for each workflow and file. They are tried in a session by the workflow's name; a run acts in the
/// session that owns its flow.
pub(super) fn slots(config: &Config, taskflows: &TaskFlows, clock: &Clock, announce: &Announce) -> Vec<Arc<StepSlot>> {
    let of_flow = |(name, rights): (&String, &WorkflowRights)| {
        let session = taskflows.bind(SessionKey::new(format!("workflow:{name}")), &format!("workflow/{name}"));
        let slot = |(file, plugin): (&String, &StepPlugin)| {
            let source = Source::File { name: file.clone(), digest: plugin.digest };
            let (grants, budget) = (plugin.grants.clone(), Budget::from(&plugin.limits));
            let workflow = WorkflowName::new(name.as_str());
            Arc::new(StepSlot::new(workflow, source, grants, session.clone(), budget, clock.clone(), announce.clone()))
        };
        rights.plugins.iter().map(slot).collect::<Vec<_>>()
    };
    config.workflows.flows.iter().flat_map(of_flow).collect()
}

/// Those slots, by workflow and file.
pub(super) fn steps(plugins: &Plugins) -> HashMap<(String, String), Arc<StepSlot>> {
    let named = |slot: &Arc<StepSlot>| {
        let standing = slot.standing();
        match standing.user {
            User::Workflow(name) => Some(((name.as_str().to_owned(), standing.file), slot.clone())),
            _ => None,
        }
    };
    plugins.steps().iter().filter_map(named).collect()
}

/// The components of steps, for those who look at all components.
pub(super) fn uses(config: &Config) -> Vec<Use> {
    let of_flow = |(name, rights): (&String, &WorkflowRights)| {
        let used = |(file, plugin): (&String, &StepPlugin)| Use {
            user: User::Workflow(WorkflowName::new(name.as_str())),
            source: Source::File { name: file.clone(), digest: plugin.digest },
            grants: plugin.grants.clone(),
            limits: plugin.limits,
        };
        rights.plugins.iter().map(used).collect::<Vec<_>>()
    };
    config.workflows.flows.iter().flat_map(of_flow).collect()
}

/// The doors that begin workflows.
pub(super) fn doors(config: &Config, secrets: &SecretWatch, begin: &Begin) -> WorkflowDoors {
    let door = |endpoint: &WorkflowEndpoint| {
        let guard = secrets.guard(&Door::Workflow(endpoint.path.clone()))?.clone();
        let gate = Gate::new(guard, TOKEN_HEADER, endpoint.own_allowed_ips.clone());
        Some(WorkflowDoor::new(endpoint.clone(), gate, begin.clone()))
    };
    WorkflowDoors::new(config.workflow_doors.endpoints.iter().filter_map(door))
}

/// Says which doors lead to a workflow that cannot be run, and why. The others serve.
pub(super) async fn warn(config: &Config, begin: &Begin) {
    for endpoint in &config.workflow_doors.endpoints {
        if let Err(why) = begin.check(&endpoint.flow).await {
            tracing::warn!("{} is answered 503: {why}", endpoint.path);
        }
    }
}

/// What would keep the workflows behind the config's doors from running, without starting a gateway: for `check`.
pub fn workflow_trouble(config: &Config) -> Vec<String> {
    let library = Library::new(config);
    let doors = config.workflow_doors.endpoints.iter();
    doors.flat_map(|door| library.trouble(&door.flow).into_iter().map(|why| format!("{}: {why}", door.path))).collect()
}

/// The port of the workflows' doors, if it is another one than the gateway's.
pub(super) async fn listen_beside(config: &Config, main: SocketAddr) -> Result<Option<TcpListener>> {
    let Some(port) = config.workflow_doors.port.filter(|port| *port != main.port()) else { return Ok(None) };
    let address = SocketAddr::new(main.ip(), port);
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("hooks.webhooks.port: cannot listen on {address}; is another program there?"))?;
    Ok(Some(listener))
}
