//! The start: what a dead process left is taken over, lanes are set up from what the store knows, and the tasks begin.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::{Notify, Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::super::body::Body;
use super::super::destination::{Destination, Keys};
use super::super::egress::Egress;
use super::super::health::REST_MAX;
use super::super::lane::Lane;
use super::super::retry::after;
use super::super::telling::Telling;
use super::super::wants::Wants;
use super::{EXCUSED_MAX, Engine, Outbound, claim, dispatch, upkeep};
use crate::auth::secret::{Resolver, keep_fresh, look_up_all};
use crate::clock::Clock;
use crate::config::Config;
use crate::config::webhooks::Endpoint;
use crate::limits::Admissions;
use crate::model::{DeliveryState, EndpointName, EndpointState, Ids, Millis};
use crate::sandbox::TransformSlot;
use crate::store::patience::keep_running;
use crate::store::{Store, StoreError};

/// What the engine is made of.
pub struct Parts {
    /// Where everything is kept.
    pub store: Store,
    /// The time.
    pub clock: Clock,
    /// The pool's places.
    pub admissions: Admissions,
    /// The one way out.
    pub egress: Egress,
    /// Finds the values of secrets.
    pub resolver: Resolver,
    /// The components, by the endpoint that uses them.
    pub transforms: HashMap<EndpointName, Arc<TransformSlot>>,
}

impl Outbound {
    /// Starts the engine for the endpoints of this config.
    pub async fn start(config: &Config, parts: Parts) -> Result<Self, StoreError> {
        let Parts { store, clock, admissions, egress, resolver, transforms } = parts;
        take_over(&store, &clock).await?;
        let known = store.endpoint_states()?;
        let mut destinations = Vec::new();
        for endpoint in config.webhooks.endpoints.iter().filter(|endpoint| endpoint.enabled) {
            let health = remembered(&store, &known, endpoint, clock.now()).await?;
            let due = store.next_due(&endpoint.name)?;
            destinations.push(Arc::new(Destination {
                version: endpoint.version(),
                wants: Wants::new(endpoint),
                body: Body::new(&endpoint.transform, transforms.get(&endpoint.name).cloned()),
                client: egress.client(
                    endpoint.allow_private.clone(),
                    endpoint.timeouts,
                    endpoint.max_in_flight as usize,
                ),
                lane: Lane::new(endpoint, health, due),
                telling: Telling::default(),
                keys: Keys::new(endpoint),
                turns: Semaphore::new(endpoint.max_in_flight as usize),
                config: endpoint.clone(),
            }));
        }
        let keys: Vec<_> = destinations.iter().flat_map(|to| to.keys.all().collect::<Vec<_>>()).collect();
        look_up_all(&keys, &resolver).await;
        let off = config.webhooks.endpoints.iter().filter(|endpoint| !endpoint.enabled);
        let engine = Arc::new(Engine {
            store,
            clock,
            ids: Ids,
            admissions,
            instance_id: config.webhooks.instance_id.clone(),
            looks_inside: destinations.iter().any(|to: &Arc<Destination>| to.wants.looks_inside()),
            destinations,
            switched_off: off.map(|endpoint| endpoint.name.clone()).collect(),
            retention_ms: i64::try_from(config.webhooks.retention.as_millis()).unwrap_or(i64::MAX),
            room: Notify::new(),
            chores: Notify::new(),
            dispatched: watch::Sender::new(0),
            tries: TaskTracker::new(),
            draining: CancellationToken::new(),
            cut: CancellationToken::new(),
        });
        let (one, two, three, four) = (engine.clone(), engine.clone(), engine.clone(), engine.clone());
        let claiming = tokio::spawn(keep_running("the claiming of deliveries", move || claim::run(one.clone())));
        let tasks = vec![
            tokio::spawn(keep_running("the dispatch of events", move || dispatch::run(two.clone()))),
            tokio::spawn(keep_running("the upkeep of deliveries", move || upkeep::run(three.clone()))),
            tokio::spawn(keep_running("the watch over transforms", move || upkeep::follow_swaps(four.clone()))),
            tokio::spawn(keep_fresh(keys, resolver, config.secrets.refresh)),
        ];
        Ok(Self { engine, claiming: Some(claiming), tasks })
    }
}

/// The folder's lock says that whoever held these leases is dead.
async fn take_over(store: &Store, clock: &Clock) -> Result<(), StoreError> {
    let mut taken = 0;
    loop {
        match store.take_over_leases(EXCUSED_MAX, clock.now()).await? {
            0 => break,
            more => taken += more,
        }
    }
    if taken > 0 {
        tracing::warn!(
            "{taken} tries were cut off when the last process ended; what became of them is not known, and they are made again"
        );
    }
    Ok(())
}

/// What is remembered of an endpoint. One that the operator has changed since starts afresh: that it failed, or was disabled, was the old one's.
async fn remembered(
    store: &Store,
    known: &[EndpointState],
    endpoint: &Endpoint,
    now: Millis,
) -> Result<EndpointState, StoreError> {
    let version = endpoint.version();
    match known.iter().find(|state| state.name == endpoint.name) {
        Some(state) if state.version == version => {
            // Nothing lets one rest for longer; a clock that was wrong then, and is right now, might seem to.
            let longest = after(now, endpoint.breaker.open_max.max(REST_MAX));
            let rests_until = state.rests_until.map(|until| until.min(longest));
            Ok(EndpointState { rests_until, ..state.clone() })
        }
        Some(state) => {
            if state.disabled.is_some() {
                tracing::info!(endpoint = %endpoint.name, "was disabled and has another definition now, so it is enabled");
            }
            let fresh = EndpointState::new(endpoint.name.clone(), version);
            store.put_endpoint_state(fresh.clone(), Vec::new()).await?;
            Ok(fresh)
        }
        None => Ok(EndpointState::new(endpoint.name.clone(), version)),
    }
}

/// Deliveries that nobody will make: those of endpoints that the config no longer has, and of disabled ones.
pub(super) async fn end_abandoned(engine: &Engine) -> Result<(), StoreError> {
    for name in engine.store.endpoints_with_open()? {
        if engine.switched_off.contains(&name) {
            continue;
        }
        let (state, why) = match engine.destination(name.as_str()) {
            None => (DeliveryState::Cancelled, "the endpoint is no longer in the config".to_owned()),
            Some(to) => match to.lane.health().disabled {
                Some((_, why)) => (DeliveryState::Dead, format!("the endpoint is disabled: {why}")),
                None => continue,
            },
        };
        let mut ended = 0;
        loop {
            match engine.store.end_open(&name, state, &why).await? {
                0 => break,
                more => ended += more,
            }
        }
        // None if the only ones are being tried.
        if ended > 0 {
            tracing::warn!(endpoint = %name, "{ended} open deliveries are {state}: {why}");
        }
    }
    Ok(())
}
