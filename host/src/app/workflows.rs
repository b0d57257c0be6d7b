//! The parts of a gateway that have to do with workflows.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::net::TcpListener;

use crate::auth::secret::SecretWatch;
use crate::clock::Clock;
use crate::config::Config;
use crate::config::auth::AuthConfig;
use crate::http::{WorkflowDoor, WorkflowDoors};
use crate::limits::Budget;
use crate::model::{SessionKey, WorkflowName};
use crate::sandbox::{Announce, Plugins, Source, StepSlot, User};
use crate::taskflow::TaskFlows;
use crate::workflow::Begin;

/// The slots of components that are steps: one for each workflow and file, bound to the workflow's own session.
pub(super) fn slots(config: &Config, taskflows: &TaskFlows, clock: &Clock, announce: &Announce) -> Vec<Arc<StepSlot>> {
    let of_flow = |(name, rights): (&String, &crate::config::WorkflowRights)| {
        let session = taskflows.bind(SessionKey::new(format!("workflow:{name}")), &format!("workflow/{name}"));
        let slot = |(file, plugin): (&String, &crate::config::StepPlugin)| {
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

/// The doors that begin workflows.
pub(super) fn doors(config: &Config, secrets: &SecretWatch, begin: &Begin) -> WorkflowDoors {
    let door = |endpoint: &crate::config::WorkflowEndpoint| {
        if matches!(endpoint.auth, AuthConfig::Scheme(_)) {
            tracing::warn!("{}: this door knows bearer tokens only, and lets nobody in by a signature", endpoint.path);
        }
        WorkflowDoor::new(endpoint.clone(), secrets.workflow_secrets(&endpoint.path), begin.clone())
    };
    WorkflowDoors::new(config.workflow_doors.endpoints.iter().map(door))
}

/// Says which doors lead to a workflow that cannot be run, and why. The others serve.
pub(super) fn warn(config: &Config, begin: &Begin) {
    for endpoint in &config.workflow_doors.endpoints {
        if let Err(why) = begin.check(&endpoint.flow) {
            tracing::warn!("{} is answered 503: {why}", endpoint.path);
        }
    }
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
