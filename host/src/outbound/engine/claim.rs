//! Takes leases as far as each lane has room, all lanes in one transaction, and starts a task for each delivery.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::super::destination::Destination;
use super::super::lane::Wish;
use super::{Engine, try_one};
use crate::model::Millis;
use crate::store::patience::AFTER_FAILURE;
use crate::store::{Room, StoreError};

/// A clock that goes back by more than this was set; less is how clocks are kept right.
const SET_BACK_MS: i64 = 5_000;

/// An endpoint whose secret has no value is looked at again after this.
const UNKNOWN_KEYS_MS: i64 = 1_000;

/// The clock is looked at so often, also while nothing happens: it may have been set back, and what is waited for with it.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

pub(super) async fn run(engine: Arc<Engine>) {
    let mut before = engine.clock.now();
    while !engine.draining.is_cancelled() {
        let now = engine.clock.now();
        if before.0.saturating_sub(now.0) > SET_BACK_MS {
            follow_back(&engine, now, before.0 - now.0).await;
        }
        before = now;
        let (rooms, next) = wishes(&engine, now);
        if rooms.is_empty() {
            wait(&engine, next).await;
        } else if let Err(error) = claim(&engine, rooms, now).await {
            tracing::error!("deliveries cannot be claimed and will be again: {error}");
            tokio::select! {
                () = engine.draining.cancelled() => {}
                () = tokio::time::sleep(AFTER_FAILURE) => {}
            }
        }
    }
}

/// What the lanes have room for now, and when to look again if none has.
fn wishes(engine: &Engine, now: Millis) -> (Vec<(Arc<Destination>, Room)>, Option<Millis>) {
    let mut rooms = Vec::new();
    let mut next: Option<Millis> = None;
    for to in &engine.destinations {
        match to.lane.wish(now) {
            Wish::Claim(_) if !to.keys.are_known(to.config.signing, now) => {
                next = earlier(next, Millis(now.0.saturating_add(UNKNOWN_KEYS_MS)));
            }
            // A component that crashed too often rests; to try its deliveries meanwhile would only fill their lists of attempts.
            Wish::Claim(room) => match to.body.slot().and_then(|slot| slot.rests_until()) {
                Some(until) => next = earlier(next, until),
                None => rooms.push((to.clone(), room)),
            },
            Wish::At(at) => next = earlier(next, at),
            Wish::Nothing => {}
        }
    }
    (rooms, next)
}

fn earlier(known: Option<Millis>, at: Millis) -> Option<Millis> {
    Some(known.map_or(at, |known| known.min(at)))
}

async fn wait(engine: &Engine, next: Option<Millis>) {
    let time = async {
        match next {
            None => std::future::pending().await,
            Some(at) => tokio::select! {
                () = engine.clock.reach(at) => {}
                () = tokio::time::sleep(LOOK_AGAIN) => {}
            },
        }
    };
    tokio::select! {
        () = engine.room.notified() => {}
        () = time => {}
        () = engine.draining.cancelled() => {}
    }
}

async fn claim(engine: &Arc<Engine>, rooms: Vec<(Arc<Destination>, Room)>, now: Millis) -> Result<(), StoreError> {
    rooms.iter().for_each(|(to, room)| to.lane.claims(room));
    let claimed = match engine.store.claim(rooms.iter().map(|(_, room)| room.clone()).collect(), now).await {
        Ok(claimed) => claimed,
        Err(error) => {
            // Whatever was due still is.
            rooms.iter().for_each(|(to, room)| to.lane.claimed(0, 0, left(room, now), now));
            return Err(error);
        }
    };
    let mut brought: HashMap<&str, (u32, u32)> = HashMap::new();
    for delivery in &claimed {
        let (first, retries) = brought.entry(delivery.endpoint.as_str()).or_default();
        *(if delivery.attempt > 1 { retries } else { first }) += 1;
    }
    let mut unread = None;
    for (to, room) in &rooms {
        let (first, retries) = brought.get(to.name().as_str()).copied().unwrap_or_default();
        let all_there_was = first < room.first || retries < room.retries;
        let next = all_there_was.then(|| engine.store.next_due(to.name()));
        // Whatever cannot be read, the claim itself is made, and each delivery in it is to be tried.
        let left = match next {
            Some(Ok(next)) => next,
            Some(Err(error)) => {
                unread = Some(error);
                left(room, now)
            }
            None => left(room, now),
        };
        to.lane.claimed(first, retries, left, now);
    }
    let by_name: HashMap<&str, &Arc<Destination>> = rooms.iter().map(|(to, _)| (to.name().as_str(), to)).collect();
    for delivery in claimed {
        if let Some(to) = by_name.get(delivery.endpoint.as_str()) {
            let tried = try_one::run(engine.clone(), Arc::clone(to), delivery);
            engine.tries.spawn(engine.cut.clone().run_until_cancelled_owned(tried));
        }
    }
    unread.map_or(Ok(()), Err)
}

/// A claim that was filled may have left some: due now, for all that is known.
fn left(room: &Room, now: Millis) -> (Option<Millis>, Option<Millis>) {
    ((room.first > 0).then_some(now), (room.retries > 0).then_some(now))
}

/// The clock was set back: what was to happen in a minute is still to happen in a minute.
async fn follow_back(engine: &Engine, now: Millis, back_ms: i64) {
    tracing::warn!("the clock went back by {} s; deliveries that wait go back with it", back_ms / 1000);
    if let Err(error) = engine.store.shift_due(now, back_ms).await {
        tracing::error!("times of deliveries could not be moved back: {error}");
    }
    engine.destinations.iter().for_each(|to| to.lane.shift(now, back_ms));
    // The upkeep waits for a minute that is now further away.
    engine.chores.notify_one();
}
