//! From events to deliveries. Events are taken in the order of their commits, many in one transaction; the cursor moves with the deliveries, so a
//! crash in between does it again and never twice.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use super::super::destination::Destination;
use super::super::wants::Candidate;
use super::Engine;
use crate::config::webhooks::Ordering;
use crate::model::{EndpointName, Event, NewDelivery};
use crate::store::StoreError;
use crate::store::patience::AFTER_FAILURE;

/// Events in one transaction.
const BATCH: u32 = 256;

/// Deliveries in one transaction, after which it takes no further event: some tens of milliseconds, for which everybody else who writes waits.
const DELIVERIES_MAX: usize = 1_000;

/// The command line writes events beside the server and cannot wake it.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

pub(super) async fn run(engine: Arc<Engine>) {
    if engine.destinations.is_empty() {
        return pass_over(&engine).await;
    }
    loop {
        match dispatch_some(&engine).await {
            Ok(0) => {
                // Both are fine: news, or a look now and then.
                let _ = tokio::time::timeout(LOOK_AGAIN, engine.store.news()).await;
            }
            Ok(_) => {}
            Err(error) => {
                tracing::error!("events cannot be dispatched and will be again: {error}");
                tokio::time::sleep(AFTER_FAILURE).await;
            }
        }
    }
}

/// Where there is nobody to tell, events are passed over many at a time: whoever changes flows pays for no second commit.
async fn pass_over(engine: &Engine) {
    let mut passed = None;
    loop {
        let moved = async {
            let newest = engine.store.newest_event()?;
            if newest > passed {
                engine.store.dispatch(newest.unwrap_or_default(), Vec::new()).await?;
                passed = newest;
            }
            Ok::<(), StoreError>(())
        };
        if let Err(error) = moved.await {
            tracing::error!("events cannot be passed over and will be again: {error}");
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// What a transaction stores: events up to a place, and the deliveries of those.
struct Plan {
    up_to: i64,
    events: usize,
    deliveries: Vec<NewDelivery>,
}

/// Some events, in as many transactions as it takes. Returns how many there were.
async fn dispatch_some(engine: &Arc<Engine>) -> Result<usize, StoreError> {
    let events: Arc<[Event]> = engine.store.undispatched(BATCH)?.into();
    let mut done = 0;
    while done < events.len() {
        let events = events.clone();
        let plan = engine.aside(move |engine| plan(engine, &events[done..])).await;
        done += plan.events;
        carry_out(engine, plan).await?;
    }
    Ok(done)
}

async fn carry_out(engine: &Engine, Plan { up_to, deliveries, .. }: Plan) -> Result<(), StoreError> {
    let endpoints: HashSet<EndpointName> = deliveries.iter().map(|delivery| delivery.endpoint.clone()).collect();
    engine.store.dispatch(up_to, deliveries).await?;
    let now = engine.clock.now();
    for to in engine.destinations.iter().filter(|to| endpoints.contains(to.name())) {
        to.lane.is_due(now);
    }
    if !endpoints.is_empty() {
        engine.room.notify_one();
    }
    engine.dispatched.send_replace(up_to);
    Ok(())
}

/// As many of these events as fit into one transaction, one at least.
fn plan(engine: &Engine, events: &[Event]) -> Plan {
    let mut plan = Plan { up_to: 0, events: 0, deliveries: Vec::new() };
    for event in events {
        plan.deliveries.extend(wanted(engine, event));
        (plan.up_to, plan.events) = (event.seq, plan.events + 1);
        if plan.deliveries.len() >= DELIVERIES_MAX {
            break;
        }
    }
    plan
}

/// The deliveries of one event.
fn wanted(engine: &Engine, event: &Event) -> Vec<NewDelivery> {
    let candidate = Candidate::new(event, &engine.instance_id);
    let wants = |to: &&Arc<Destination>| !to.lane.is_disabled() && to.wants.wants(&candidate);
    let wanted: Vec<NewDelivery> =
        engine.destinations.iter().filter(wants).map(|to| delivery(engine, to, event)).collect();
    let is_callback = |delivery: &NewDelivery| {
        engine.destination(delivery.endpoint.as_str()).is_some_and(|to| to.config.is_for_callbacks())
    };
    if event.callback_url.is_some() && !wanted.iter().any(is_callback) {
        tracing::warn!(event = %event.id, "a run was to be reported to a URL that agents.callbacks no longer allows, or whose endpoint is disabled");
    }
    wanted
}

/// The intent to bring the event there, due at once.
pub(super) fn delivery(engine: &Engine, to: &Destination, event: &Event) -> NewDelivery {
    let session = event.session.as_ref().map(|session| session.as_str().to_owned());
    NewDelivery {
        id: engine.ids.delivery(),
        event: event.seq,
        endpoint: to.name().clone(),
        endpoint_version: to.version,
        transform: to.body.digest(),
        ordering_key: session.filter(|_| to.config.ordering == Ordering::Session),
        due_at: engine.clock.now(),
    }
}
