//! The parts of a gateway, each made from the config.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};

use super::hook_transforms::SlotTransforms;
use crate::agents::{Clients, Inbox};
use crate::auth::secret::{Door, SecretWatch};
use crate::auth::{SECRET_HEADER, TOKEN_HEADER};
use crate::clock::Clock;
use crate::config::hooks::{HookDoor, Mapping};
use crate::config::webhooks::{InboundEndpoint, Transform};
use crate::config::{AllowedIps, Component, Config, Handler, RouteConfig, RouteLimits};
use crate::hooks::{Hooks, InboundDoor, Transforms};
use crate::http::{Doors, EventsDoor, Front, Gate, HooksDoor, InboundDoors, Route, RouteTable, RunsDoor};
use crate::limits::{Admissions, Budget, FailedCredentials, InFlight, RateWindows};
use crate::model::{EndpointName, EventKind, Grant, Grants, Ids, MappingName, NewEvent, Power};
use crate::outbound::egress::{Egress, EgressOptions, Names};
use crate::outbound::ingest::Intake;
use crate::sandbox::{
    Announce, CompileCache, Compiler, HookSlot, PluginFolder, Plugins, PoolSize, SandboxEngine, Slot, Source,
    TransformSlot, User,
};
use crate::store::Store;
use crate::taskflow::{TaskFlows, TaskRunners};

pub(super) fn compiler(config: &Config, cache: Option<&Path>) -> Result<Compiler> {
    let largest = uses(config).iter().map(|used| used.limits.memory_max_bytes).max().unwrap_or(0);
    let engine = SandboxEngine::new(PoolSize {
        runs: config.sandbox.instances,
        memory_max_bytes: largest.max(RouteLimits::default().memory_max_bytes),
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

/// The components that hook mappings ask, with the places of these in the door's list.
fn hook_components(door: &HookDoor) -> impl Iterator<Item = (usize, MappingName, &Component)> {
    let named =
        |(at, mapping): (usize, &'_ Mapping)| MappingName::new(format!("hooks.mappings[{at}] ({})", mapping.id));
    door.mappings
        .iter()
        .enumerate()
        .filter_map(move |(at, mapping)| Some((at, named((at, mapping)), &**mapping.transform.as_ref()?)))
}

fn hook_named(slot: &Arc<HookSlot>) -> Option<(MappingName, Arc<HookSlot>)> {
    match slot.standing().user {
        User::Mapping(name) => Some((name, slot.clone())),
        User::Route(_) | User::Endpoint(_) | User::Workflow(_) => None,
    }
}

pub(super) fn hook_slots(config: &Config, clock: &Clock, announce: &Announce) -> Vec<Arc<HookSlot>> {
    let slot = |(_, name, component): (usize, MappingName, &Component)| {
        let (source, grants) = file_and_grants(component);
        let budget = Budget::from(&component.limits);
        Arc::new(HookSlot::new(name, source, grants, budget, clock.clone(), announce.clone()))
    };
    config.hooks.iter().flat_map(hook_components).map(slot).collect()
}

fn file_and_grants(component: &Component) -> (Source, Grants) {
    (Source::File { name: component.file.clone(), digest: component.digest }, component.grants.clone())
}

/// One use of a component that the config names.
pub(super) struct Use {
    pub user: User,
    pub source: Source,
    pub grants: Grants,
    pub limits: RouteLimits,
}

/// All of them: what the pool must have room for, and what `check` and `plugins list` look at.
pub(super) fn uses(config: &Config) -> Vec<Use> {
    let route = |route: &RouteConfig| {
        let (source, grants) = source_and_grants(&route.handler);
        Use { user: User::Route(route.id.clone()), source, grants, limits: route.limits }
    };
    let endpoint = |(name, component): (&EndpointName, &Component)| {
        let (source, grants) = file_and_grants(component);
        Use { user: User::Endpoint(name.clone()), source, grants, limits: component.limits }
    };
    let mapping = |(_, name, component): (usize, MappingName, &Component)| {
        let (source, grants) = file_and_grants(component);
        Use { user: User::Mapping(name), source, grants, limits: component.limits }
    };
    let hooks = config.hooks.iter().flat_map(hook_components).map(mapping);
    let steps = super::workflows::uses(config);
    config.routes.iter().map(route).chain(components(config).map(endpoint)).chain(hooks).chain(steps).collect()
}

/// The transforms of the endpoints that are served.
fn components(config: &Config) -> impl Iterator<Item = (&EndpointName, &Component)> {
    config.webhooks.endpoints.iter().filter(|endpoint| endpoint.enabled).filter_map(|endpoint| {
        match &endpoint.transform {
            Transform::Component { component, .. } => Some((&endpoint.name, &**component)),
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

pub(super) fn events_door(config: &Config, secrets: &SecretWatch, store: &Store) -> Option<EventsDoor> {
    let ingest = config.webhooks.ingest.as_ref()?;
    let gate = Gate::new(secrets.guard(&Door::Events)?.clone(), TOKEN_HEADER, ingest.allowed_ips.clone());
    Some(EventsDoor::new(ingest, gate, Intake::new(store.clone(), Ids)))
}

/// Where clients claim runs of the agents that have a secret for it.
pub(super) fn runs_door(config: &Config, secrets: &SecretWatch, store: &Store, clock: &Clock) -> RunsDoor {
    let agents = config.agents.list.iter();
    let secrets = agents.filter_map(|agent| Some((agent.id.clone(), secrets.client_secret(&agent.id)?)));
    RunsDoor::new(secrets.collect(), Clients::new(store.clone(), clock.clone(), &config.agents))
}

/// The doors for agent hooks, with the components that their mappings ask.
pub(super) fn hook_doors(
    config: &Config,
    secrets: &SecretWatch,
    inbox: &Inbox,
    clock: &Clock,
    plugins: &Plugins,
    admissions: &Admissions,
) -> Vec<HooksDoor> {
    let slots: HashMap<MappingName, Arc<HookSlot>> = plugins.hooks().iter().filter_map(hook_named).collect();
    let door = |door: &HookDoor| {
        let asked = hook_components(door)
            .filter_map(|(at, name, component)| Some((at, (slots.get(&name)?.clone(), component.config.clone()))));
        let transforms = SlotTransforms { slots: asked.collect(), admissions: admissions.clone() };
        let transforms: Arc<dyn Transforms> = Arc::new(transforms);
        let hooks = Hooks::new(door.clone(), &config.agents, inbox.clone(), clock.clone(), transforms);
        let gate = |name: Door, allowed: &AllowedIps| {
            Some(Gate::new(secrets.guard(&name)?.clone(), TOKEN_HEADER, allowed.clone()))
        };
        let own = |mapping: &Mapping| {
            let path = mapping.path.clone().filter(|_| mapping.has_own_gate())?;
            let guard = if mapping.auth.is_some() { Door::Mapping(path.clone()) } else { Door::Hooks(door.form) };
            Some((path, gate(guard, &mapping.allowed_ips)?))
        };
        let gates = door.mappings.iter().filter_map(own).collect();
        Some(HooksDoor::new(gate(Door::Hooks(door.form), &door.allowed_ips)?, gates, hooks))
    };
    config.hooks.iter().filter_map(door).collect()
}

pub(super) fn inbound_doors(
    config: &Config,
    secrets: &SecretWatch,
    inbox: &Inbox,
    clock: &Clock,
) -> Option<InboundDoors> {
    let inbound = config.webhooks.inbound.as_ref()?;
    let door = |endpoint: &InboundEndpoint| {
        let guard = secrets.guard(&Door::Inbound(endpoint.name.clone()))?.clone();
        let gate = Gate::new(guard, TOKEN_HEADER, endpoint.allowed_ips.clone());
        let callbacks = config.agents.callbacks.clone();
        let door = InboundDoor::new(endpoint.clone(), callbacks, inbox.clone(), clock.clone());
        Some((endpoint.name.clone(), (gate, door)))
    };
    Some(InboundDoors::new(inbound.base_path.clone(), inbound.endpoints.iter().filter_map(door).collect()))
}

/// Which tasks are runs of agents.
pub(super) fn task_runners(config: &Config) -> TaskRunners {
    let serving = config.agents.list.iter().filter(|agent| !agent.runtimes.is_empty());
    TaskRunners {
        serving: serving.map(|agent| (agent.id.clone(), agent.runtimes.clone())).collect(),
        default: Some(config.agents.default.clone()),
    }
}

pub(super) fn front(
    config: &Config,
    secrets: &SecretWatch,
    plugins: &Plugins,
    taskflows: TaskFlows,
    admissions: Admissions,
    doors: Doors,
    clock: Clock,
) -> Front {
    let route = |(route, slot): (&RouteConfig, &Arc<Slot>)| {
        Some(Route {
            id: route.id.clone(),
            path: route.path.as_str().into(),
            limits: route.limits,
            gate: Gate::new(
                secrets.guard(&Door::Route(route.id.clone()))?.clone(),
                SECRET_HEADER,
                route.allowed_ips.clone(),
            ),
            bodies: route.bodies,
            slot: slot.clone(),
        })
    };
    let routes = config.routes.iter().zip(plugins.slots()).filter_map(route);
    let keys_max = NonZeroUsize::new(config.global_limits.rate_keys_max).unwrap_or(NonZeroUsize::MIN);
    Front {
        routes: RouteTable::new(routes),
        doors,
        failed: FailedCredentials::new(keys_max),
        gateway: config.gateway.clone(),
        rate: RateWindows::new(keys_max),
        in_flight: InFlight::default(),
        requests: tokio::sync::Semaphore::new(config.global_limits.requests_in_flight),
        unproven: tokio::sync::Semaphore::new(config.global_limits.requests_in_flight.div_ceil(2)),
        admissions,
        clock,
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
