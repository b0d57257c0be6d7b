//! The parts of a gateway, each made from the config.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};

use crate::auth::secret::SecretWatch;
use crate::clock::Clock;
use crate::config::webhooks::Transform;
use crate::config::{Component, Config, Handler, RouteConfig};
use crate::http::{EventsDoor, Front, Route, RouteTable, WorkflowDoors};
use crate::limits::{Admissions, Budget, InFlight, RateWindows};
use crate::model::{EndpointName, EventKind, Grant, Grants, Ids, NewEvent, Power};
use crate::outbound::egress::{Egress, EgressOptions, Names};
use crate::outbound::ingest::Intake;
use crate::sandbox::{
    Announce, CompileCache, Compiler, PluginFolder, Plugins, PoolSize, SandboxEngine, Slot, Source, TransformSlot, User,
};
use crate::store::Store;
use crate::taskflow::TaskFlows;
use crate::workflow::approvals::Approvals;

pub(super) fn compiler(config: &Config, cache: Option<&Path>) -> Result<Compiler> {
    let limits = config.routes.iter().map(|route| &route.limits).chain(components(config).map(|(_, it)| &it.limits));
    let steps = config.workflows.flows.values().flat_map(|rights| rights.plugins.values()).map(|plugin| &plugin.limits);
    let limits = limits.chain(steps);
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
pub(super) fn plugin_folder(config: &Config) -> Option<PluginFolder> {
    PluginFolder::open(&config.plugins_dir).inspect_err(|error| tracing::warn!("{error}")).ok()
}

pub(super) fn slots(config: &Config, taskflows: &TaskFlows, clock: &Clock, announce: &Announce) -> Vec<Arc<Slot>> {
    let slot = |route: &RouteConfig| {
        let (source, grants) = source_and_grants(&route.handler);
        let session = taskflows.bind(route.session_key.clone(), &route.controller_id);
        let budget = Budget::from(&route.limits);
        Arc::new(Slot::new(route.id.clone(), source, grants, session, budget, clock.clone(), announce.clone()))
    };
    config.routes.iter().map(slot).collect()
}

pub(super) fn transforms(config: &Config, clock: &Clock, announce: &Announce) -> Vec<Arc<TransformSlot>> {
    let slot = |(name, component)| Arc::new(transform_slot(name, component, clock, announce));
    components(config).map(slot).collect()
}

/// The slots of the endpoints' transforms, by the names of the endpoints.
pub(super) fn transforms_by_endpoint(plugins: &Plugins) -> HashMap<EndpointName, Arc<TransformSlot>> {
    let named = |slot: &Arc<TransformSlot>| match slot.standing().user {
        User::Endpoint(name) => Some((name, slot.clone())),
        User::Route(_) | User::Mapping(_) | User::Workflow(_) => None,
    };
    plugins.transforms().iter().filter_map(named).collect()
}

pub(super) fn transform_slot(
    name: &EndpointName,
    component: &Component,
    clock: &Clock,
    announce: &Announce,
) -> TransformSlot {
    let (source, grants) = file_and_grants(component);
    let budget = Budget::from(&component.limits);
    TransformSlot::new(name.clone(), source, grants, budget, clock.clone(), announce.clone())
}

pub(super) fn file_and_grants(component: &Component) -> (Source, Grants) {
    (Source::File { name: component.file.clone(), digest: component.digest }, component.grants.clone())
}

/// The transforms of the endpoints that are served.
pub(super) fn components(config: &Config) -> impl Iterator<Item = (&EndpointName, &Component)> {
    config.webhooks.endpoints.iter().filter(|endpoint| endpoint.enabled).filter_map(|endpoint| {
        match &endpoint.transform {
            Transform::Component { component, .. } => Some((&endpoint.name, &**component)),
            Transform::None | Transform::Template(_) => None,
        }
    })
}

pub(super) fn source_and_grants(handler: &Handler) -> (Source, Grants) {
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

pub(super) fn events_door(config: &Config, secrets: &SecretWatch, store: &Store) -> Option<EventsDoor> {
    let ingest = config.webhooks.ingest.as_ref()?;
    Some(EventsDoor::new(ingest, secrets.events_secret()?, Intake::new(store.clone(), Ids)))
}

/// The doors beside the routes.
pub(super) struct Doors {
    pub events: Option<EventsDoor>,
    pub workflows: WorkflowDoors,
    pub approvals: Approvals,
}

pub(super) fn front(
    config: &Config,
    secrets: &SecretWatch,
    plugins: &Plugins,
    taskflows: TaskFlows,
    admissions: Admissions,
    doors: Doors,
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
        events: doors.events,
        workflows: doors.workflows,
        approvals: doors.approvals,
        gateway: config.gateway.clone(),
        rate: RateWindows::new(keys_max),
        in_flight: InFlight::default(),
        requests: tokio::sync::Semaphore::new(config.global_limits.requests_in_flight),
        admissions,
        taskflows,
    }
}

/// What components do becomes an event, written when there is time for it: no run waits for the disk to tell of another.
pub(super) fn announce(store: &Store) -> Announce {
    let store = store.clone();
    let runtime = tokio::runtime::Handle::current();
    Arc::new(move |kind: EventKind, data: String| {
        let event = NewEvent::new(Ids.event(), kind.as_str(), data);
        let store = store.clone();
        runtime.spawn(async move {
            if let Err(error) = store.hand_in(vec![event], None).await {
                tracing::error!("an event of a component could not be stored: {error}");
            }
        });
    })
}

/// The one way out.
pub(super) fn egress(config: &Config, names: Arc<dyn Names>) -> Result<Egress> {
    let extra_ca_pem = match &config.webhooks.extra_ca {
        Some(path) => {
            Some(std::fs::read(path).with_context(|| format!("webhooks.extraCa: {} cannot be read", path.display()))?)
        }
        None => None,
    };
    Ok(Egress::new(EgressOptions { extra_ca_pem, names })?)
}
