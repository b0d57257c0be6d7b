//! What can wait: recoveries that the operator asked for, deliveries that nobody will make, rows past their time. Everything in small steps, so
//! that no delivery waits behind it.

use std::sync::Arc;
use std::time::Duration;

use super::super::destination::Destination;
use super::super::retry::after;
use super::super::wants::Candidate;
use super::{Engine, dispatch, start};
use crate::model::{DeliveryState, Event, Millis, NewDelivery};
use crate::store::patience::until_stored;
use crate::store::{Recovery, StoreError};

/// The pace of the upkeep.
const PACE: Duration = Duration::from_secs(60);

/// Events that a recovery looks at in one step.
const STEP: u32 = 200;

pub(super) async fn run(engine: Arc<Engine>) {
    loop {
        if let Err(error) = once(&engine).await {
            tracing::error!("the upkeep of deliveries failed and will be tried again: {error}");
        }
        let next = after(engine.clock.now(), PACE);
        tokio::select! {
            () = engine.chores.notified() => {}
            () = engine.clock.reach(next) => {}
            // The clock may have been set back.
            () = tokio::time::sleep(PACE) => {}
        }
    }
}

async fn once(engine: &Arc<Engine>) -> Result<(), StoreError> {
    for recovery in engine.store.recoveries()?.into_iter().filter(|recovery| !recovery.is_done) {
        recover(engine, recovery).await?;
    }
    start::end_abandoned(engine).await?;
    let now = engine.clock.now();
    let before = Millis(now.0.saturating_sub(engine.retention_ms));
    while engine.store.forget_outbound(now, before).await? {}
    look_for_due(engine)
}

/// What became due without a word, as when another process changed rows, waits no longer than until now.
fn look_for_due(engine: &Engine) -> Result<(), StoreError> {
    for to in &engine.destinations {
        let (first, again) = engine.store.next_due(to.name())?;
        first.into_iter().for_each(|at| to.lane.is_due(at));
        again.into_iter().for_each(|at| to.lane.is_due_again(at));
    }
    engine.room.notify_one();
    Ok(())
}

/// Carries a recovery to its end. Each step is one transaction with its cursor, so that a crash costs one step at most, and repeats none.
async fn recover(engine: &Arc<Engine>, mut recovery: Recovery) -> Result<(), StoreError> {
    while !recovery.is_done {
        let events = engine.store.recoverable(&recovery, STEP)?;
        // A step may be short because its events are large; only an empty one is the end.
        let is_done = events.is_empty();
        let cursor = events.last().map_or(recovery.until, |(event, _)| event.seq);
        let to = engine.destination(recovery.endpoint.as_str()).filter(|to| !to.lane.is_disabled());
        let Some(to) = to else {
            tracing::warn!(endpoint = %recovery.endpoint, "a recovery ends early: the endpoint is disabled or gone");
            engine.store.recover_step(&recovery, cursor, true, Vec::new(), engine.clock.now()).await?;
            return Ok(());
        };
        let there = to.clone();
        let wanted = engine.aside(move |engine| missing(engine, &there, &events)).await;
        recovery = engine.store.recover_step(&recovery, cursor, is_done, wanted, engine.clock.now()).await?;
        to.lane.is_due(engine.clock.now());
        to.lane.is_due_again(engine.clock.now());
        engine.room.notify_one();
    }
    tracing::info!(endpoint = %recovery.endpoint, revived = recovery.revived, created = recovery.created, "a recovery is done");
    Ok(())
}

/// Deliveries of those events that the endpoint wants and did not get.
fn missing(engine: &Engine, to: &Destination, events: &[(Event, Option<DeliveryState>)]) -> Vec<NewDelivery> {
    let wanted = events.iter().filter(|(event, delivery)| {
        delivery.is_none_or(DeliveryState::is_missed) && to.wants.wants(&Candidate::new(event, &engine.instance_id))
    });
    wanted.map(|(event, _)| dispatch::delivery(engine, to, event)).collect()
}

/// Releases what was held for another version of a component, when there is one.
pub(super) async fn follow_swaps(engine: Arc<Engine>) {
    let slots: Vec<_> = engine.destinations.iter().filter(|to| to.body.waits_for_swap()).collect();
    let mut waiting = tokio::task::JoinSet::new();
    for to in slots {
        let (engine, to) = (engine.clone(), to.clone());
        let Some(slot) = to.body.slot().cloned() else { continue };
        waiting.spawn(async move {
            let mut swaps = slot.swaps();
            // At the start too: the version that serves now may not be the one that failed.
            loop {
                release_held(&engine, &to).await;
                if swaps.changed().await.is_err() {
                    return;
                }
            }
        });
    }
    while waiting.join_next().await.is_some() {}
}

/// Makes due what was held for another version of the endpoint's component.
pub(super) async fn release_held(engine: &Engine, to: &Destination) {
    let released = until_stored(&engine.draining, "deliveries could not be released", || {
        engine.store.release_held_for_swap(to.name(), engine.clock.now())
    });
    if let Some(released @ 1..) = released.await {
        tracing::info!(endpoint = %to.name(), "{released} deliveries that waited for another transform are due");
        to.lane.is_due(engine.clock.now());
        to.lane.is_due_again(engine.clock.now());
        engine.room.notify_one();
    }
}
