//! All secrets of a config, kept fresh: a rotated file or a vault that comes back needs no restart.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::config::Config;
use crate::config::auth::AuthConfig;
use crate::model::RouteId;

use super::door::Door;
use super::door_secret::DoorSecret;
use super::resolver::Resolver;

/// The secrets of all doors of one config. A new config gets a new one.
#[derive(Debug)]
pub struct SecretWatch {
    resolver: Resolver,
    secrets: HashMap<Door, Arc<DoorSecret>>,
    refresh: Duration,
    /// When each was last looked up.
    looked_up: Mutex<HashMap<Door, Instant>>,
}

impl SecretWatch {
    /// Looks up every secret once, all at the same time; warns of those that have no value.
    pub async fn start(config: &Config, resolver: Resolver) -> Self {
        let routes = config.routes.iter().map(|route| (Door::Route(route.id.clone()), &route.secret));
        let events = config.webhooks.ingest.iter().map(|ingest| (Door::Events, &ingest.secret));
        let workflows = config.workflow_doors.endpoints.iter().flat_map(|endpoint| {
            let secrets = match &endpoint.auth {
                AuthConfig::Bearer(secrets) => secrets.as_slice(),
                AuthConfig::Open | AuthConfig::Scheme(_) => &[],
            };
            let path: Arc<str> = endpoint.path.as_str().into();
            secrets.iter().enumerate().map(move |(at, secret)| (Door::Workflow(path.clone(), at), secret))
        });
        // In the order of the config, so that the log is too.
        let all: Vec<_> = routes
            .chain(events)
            .chain(workflows)
            .map(|(door, spec)| Arc::new(DoorSecret::new(door, spec.clone())))
            .collect();
        let watch = Self {
            resolver,
            secrets: all.iter().map(|secret| (secret.door().clone(), secret.clone())).collect(),
            refresh: config.secrets.refresh,
            looked_up: Mutex::default(),
        };
        let mut lookups = JoinSet::new();
        for (at, secret) in all.iter().cloned().enumerate() {
            let resolver = watch.resolver.clone();
            lookups.spawn(async move { (at, resolver.resolve(secret.spec()).await) });
        }
        let mut found = finish(lookups).await;
        found.sort_by_key(|(at, _)| *at);
        found.into_iter().for_each(|(at, looked_up)| all[at].begin(looked_up));
        watch.note(&all, Instant::now());
        watch
    }

    /// The secret of a route of the config.
    pub fn secret(&self, route: &RouteId) -> Option<Arc<DoorSecret>> {
        self.secrets.get(&Door::Route(route.clone())).cloned()
    }

    /// The secret of the door for events, if the config has one.
    pub fn events_secret(&self) -> Option<Arc<DoorSecret>> {
        self.secrets.get(&Door::Events).cloned()
    }

    /// The secrets of a door that begins a workflow; none if it has no secrets of its own to compare with.
    pub fn workflow_secrets(&self, path: &str) -> Vec<Arc<DoorSecret>> {
        let path: Arc<str> = path.into();
        (0..).map_while(|at| self.secrets.get(&Door::Workflow(path.clone(), at)).cloned()).collect()
    }

    /// Looks up again what may have changed by `now`.
    pub async fn refresh_due(&self, now: Instant) {
        let due: Vec<_> = self.secrets.values().filter(|secret| self.is_due(secret, now)).cloned().collect();
        self.note(&due, now);
        let mut lookups = JoinSet::new();
        for secret in due {
            let resolver = self.resolver.clone();
            lookups.spawn(async move {
                let looked_up = resolver.resolve(secret.spec()).await;
                secret.renew(looked_up);
            });
        }
        finish(lookups).await;
    }

    fn is_due(&self, secret: &DoorSecret, now: Instant) -> bool {
        let looked_up = self.looked_up.lock().unwrap_or_else(PoisonError::into_inner);
        let last = looked_up.get(secret.door());
        secret.pace().is_due(last.map_or(Duration::MAX, |last| now.saturating_duration_since(*last)))
    }

    fn note(&self, secrets: &[Arc<DoorSecret>], now: Instant) {
        let mut looked_up = self.looked_up.lock().unwrap_or_else(PoisonError::into_inner);
        looked_up.extend(secrets.iter().map(|secret| (secret.door().clone(), now)));
    }
}

/// Waits for all; one that came to grief leaves its door as it was, and does not stop the others.
async fn finish<T: 'static>(mut tasks: JoinSet<T>) -> Vec<T> {
    let mut done = Vec::new();
    while let Some(result) = tasks.join_next().await {
        done.extend(result);
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
