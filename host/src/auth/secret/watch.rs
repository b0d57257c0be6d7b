//! All secrets of a config, kept fresh: a rotated file or a vault that comes back needs no restart.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::config::Config;
use crate::config::auth::AuthConfig;
use crate::model::{AgentId, RouteId};

use super::door::Door;
use super::door_secret::DoorSecret;
use super::guard::DoorGuard;
use super::resolver::Resolver;

/// The secrets of all doors of one config. A new config gets a new one.
#[derive(Debug)]
pub struct SecretWatch {
    resolver: Resolver,
    guards: HashMap<Door, DoorGuard>,
    refresh: Duration,
    /// When each was last looked up: a door, and the number of its secret.
    looked_up: Mutex<HashMap<(Door, usize), Instant>>,
}

/// One secret of a door.
type Place = (DoorGuard, usize);

impl SecretWatch {
    /// Looks up every secret once, all at the same time; warns of those that have no value.
    pub async fn start(config: &Config, resolver: Resolver) -> Self {
        let bearer = |secret: &crate::config::SecretSpec| AuthConfig::Bearer(vec![secret.clone()]);
        let routes = config.routes.iter().map(|route| (Door::Route(route.id.clone()), route.auth.clone()));
        let events = config.webhooks.ingest.iter().map(|ingest| (Door::Events, ingest.auth.clone()));
        let agents = config.agents.list.iter();
        let clients =
            agents.filter_map(|agent| Some((Door::Agent(agent.id.clone()), bearer(agent.client_secret.as_ref()?))));
        let hooks = config.hooks.iter().map(|door| (Door::Hooks(door.form), AuthConfig::Bearer(door.tokens.clone())));
        let mappings = config.hooks.iter().flat_map(|door| &door.mappings);
        let mappings =
            mappings.filter_map(|mapping| Some((Door::Mapping(mapping.path.clone()?), mapping.auth.clone()?)));
        let inbound = config.webhooks.inbound.iter().flat_map(|inbound| &inbound.endpoints);
        let inbound = inbound.map(|endpoint| (Door::Inbound(endpoint.name.clone()), endpoint.auth.clone()));
        let workflows = config.workflow_doors.endpoints.iter();
        let workflows = workflows.map(|endpoint| (Door::Workflow(endpoint.path.clone()), endpoint.auth.clone()));
        let doors = routes.chain(events).chain(clients).chain(hooks).chain(mappings).chain(inbound).chain(workflows);
        Self::over(doors.collect(), config.secrets.refresh, resolver).await
    }

    /// The same for these doors, looked at again every `refresh`.
    pub async fn over(doors: Vec<(Door, AuthConfig)>, refresh: Duration, resolver: Resolver) -> Self {
        // In the order of the config, so that the log is too.
        let all: Vec<_> = doors.iter().map(|(door, auth)| DoorGuard::new(door.clone(), auth)).collect();
        let guards = all.iter().map(|guard| (guard.door().clone(), guard.clone())).collect();
        let watch = Self { resolver, guards, refresh, looked_up: Mutex::default() };
        let places: Vec<_> = all.iter().flat_map(places).collect();
        let mut lookups = JoinSet::new();
        for (number, (guard, at)) in places.iter().cloned().enumerate() {
            let resolver = watch.resolver.clone();
            lookups.spawn(async move { (number, resolver.resolve(&guard.specs()[at]).await) });
        }
        let mut found = finish(lookups).await;
        found.sort_by_key(|(number, _)| *number);
        for (number, looked_up) in found {
            let (guard, at) = &places[number];
            guard.begin(*at, looked_up);
        }
        watch.note(&places, Instant::now());
        watch
    }

    /// What a door asks of those who knock.
    pub fn guard(&self, door: &Door) -> Option<&DoorGuard> {
        self.guards.get(door)
    }

    /// The secret of a route of the config.
    pub fn secret(&self, route: &RouteId) -> Option<Arc<DoorSecret>> {
        self.bearer(&Door::Route(route.clone()))
    }

    fn bearer(&self, door: &Door) -> Option<Arc<DoorSecret>> {
        match self.guard(door)? {
            DoorGuard::Bearer(secret) => Some(secret.clone()),
            DoorGuard::Open(_) | DoorGuard::Scheme(_) => None,
        }
    }

    /// The secret of the clients of an agent, if the config has one.
    pub fn client_secret(&self, agent: &AgentId) -> Option<Arc<DoorSecret>> {
        self.bearer(&Door::Agent(agent.clone()))
    }

    /// Looks up again what may have changed by `now`.
    pub async fn refresh_due(&self, now: Instant) {
        let all = self.guards.values().flat_map(places);
        let due: Vec<_> = all.filter(|place| self.is_due(place, now)).collect();
        self.note(&due, now);
        let mut lookups = JoinSet::new();
        for (guard, at) in due {
            let resolver = self.resolver.clone();
            lookups.spawn(async move {
                let looked_up = resolver.resolve(&guard.specs()[at]).await;
                (guard, at, looked_up)
            });
        }
        // As they come: a vault that is slow holds nobody else up.
        while let Some(done) = lookups.join_next().await {
            if let Ok((guard, at, looked_up)) = done {
                guard.renew(at, looked_up);
            }
        }
    }

    fn is_due(&self, (guard, at): &Place, now: Instant) -> bool {
        let looked_up = self.looked_up.lock().unwrap_or_else(PoisonError::into_inner);
        let last = looked_up.get(&(guard.door().clone(), *at));
        guard.pace(*at).is_due(last.map_or(Duration::MAX, |last| now.saturating_duration_since(*last)))
    }

    fn note(&self, places: &[Place], now: Instant) {
        let mut looked_up = self.looked_up.lock().unwrap_or_else(PoisonError::into_inner);
        looked_up.extend(places.iter().map(|(guard, at)| ((guard.door().clone(), *at), now)));
    }
}

fn places(guard: &DoorGuard) -> Vec<Place> {
    (0..guard.specs().len()).map(|at| (guard.clone(), at)).collect()
}

/// Waits for all; one that came to grief leaves its door as it was, and does not stop the others.
async fn finish<T: 'static>(mut tasks: JoinSet<T>) -> Vec<T> {
    let mut done = Vec::new();
    while let Some(result) = tasks.join_next().await {
        done.extend(result.ok());
    }
    done
}

/// Keeps the secrets fresh until it is dropped.
pub async fn refresh_loop(watch: Arc<SecretWatch>) {
    // Not at once: the start has just looked.
    let first = tokio::time::Instant::now() + watch.refresh;
    let mut ticks = tokio::time::interval_at(first, watch.refresh);
    // A slow provider delays the next look instead of piling looks up.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        watch.refresh_due(Instant::now()).await;
    }
}
